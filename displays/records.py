"""A dataset as a display meets it: plain frozen records, filled by whoever reads the catalogue.

Nothing here knows where the facts come from. Every parameter value is the text that the catalogue holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from types import MappingProxyType
from typing import Literal

DatasetType = Literal["acquisition", "processed"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One metadata value. `units` as the catalogue's parameter type says; None and `NA` both mean no unit."""

    name: str
    value: str
    units: str | None = None


@dataclass(frozen=True)
class Dataset:
    """One dataset with everything that selection and presentation look at.

    `type` is "acquisition" or "processed" in current catalogues; any text is accepted. `instrument` is the one the
    catalogue links to the dataset, `investigation_instrument` the one of its session (used when the former is None).
    `techniques` are the IRIs of the linked techniques; those in the parameter `technique_pid` are added by the reader
    of this record, not by its writer. `acquired` is the start of the earliest raw dataset that this one comes from;
    leave it None for raw data and where it is not known (`Lineage.with_acquisition` fills it). `start` and `end`
    may be naive: then they are facility time. `fields` holds further catalogue facts that a document may name with
    `field:` (for instance `doi`, `visitId`, `proposal`).
    """

    id: int
    name: str
    type: str = "acquisition"
    start: datetime | None = None
    end: datetime | None = None
    location: str | None = None
    instrument: str | None = None
    investigation_instrument: str | None = None
    investigation_id: int | None = None
    sample_id: int | None = None
    sample_name: str | None = None
    complete: bool | None = None
    techniques: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    acquired: datetime | None = None
    fields: Mapping[str, str | int | float | datetime | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "fields", MappingProxyType(dict(self.fields)))

    def text(self, *names: str) -> str | None:
        """Value of the first of these parameters that is present and not blank."""
        for name in names:
            parameter = self.parameters.get(name)
            if parameter is not None and parameter.value.strip():
                return parameter.value
        return None

    @cached_property
    def scan_type(self) -> str | None:
        """What kind of action it was; two names are in use."""
        return self.text("scanType", "MX_scanType")

    @property
    def is_raw(self) -> bool:
        return self.type == "acquisition"

    def __hash__(self) -> int:
        return hash(self.id)


def parameters(values: Mapping[str, str], units: Mapping[str, str] | None = None) -> dict[str, Parameter]:
    """Parameters from plain texts, with units by name where given."""
    return {name: Parameter(name, value, (units or {}).get(name)) for name, value in values.items()}


def as_instant(moment: datetime, zone: tzinfo) -> datetime:
    """The same moment in UTC; a naive one is facility time. Sort and compare these, never printed hours."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


@dataclass(frozen=True)
class Lineage:
    """What the reader may see of the datasets around one, and how they depend on each other.

    `outputs` and `inputs` hold direct links by id, in catalogue order; ids that are not in `datasets` are ignored.
    `hidden_inputs` counts, per dataset, the inputs that exist but which the reader may not see (only the number is
    ever shown). `awaited_inputs` holds, per dataset, declared input folders that are not catalogued yet.
    """

    datasets: Mapping[int, Dataset] = field(default_factory=dict)
    outputs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    inputs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    hidden_inputs: Mapping[int, int] = field(default_factory=dict)
    awaited_inputs: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        datasets: Iterable[Dataset],
        links: Iterable[tuple[int, int]],
        hidden_inputs: Mapping[int, int] | None = None,
        awaited_inputs: Mapping[int, tuple[str, ...]] | None = None,
    ) -> Lineage:
        """From (input id, output id) pairs; a pair given twice counts once."""
        known = {dataset.id: dataset for dataset in datasets}
        outputs: dict[int, tuple[int, ...]] = {}
        inputs: dict[int, tuple[int, ...]] = {}
        for source, result in dict.fromkeys(links):
            outputs[source] = (*outputs.get(source, ()), result)
            inputs[result] = (*inputs.get(result, ()), source)
        return cls(known, outputs, inputs, hidden_inputs or {}, awaited_inputs or {})

    def outputs_of(self, dataset_id: int, depth: int | Literal["all"] = 1) -> list[Dataset]:
        """Datasets computed from this one, nearest first, each once however many paths lead to it."""
        return list(self._walk(self.outputs, dataset_id, depth))

    def inputs_of(self, dataset_id: int, depth: int | Literal["all"] = 1) -> list[Dataset]:
        """Datasets that this one was computed from, nearest first, each once."""
        return list(self._walk(self.inputs, dataset_id, depth))

    def _walk(self, links: Mapping[int, tuple[int, ...]], start: int, depth: int | Literal["all"]) -> Iterator[Dataset]:
        seen, layer, level = {start}, [start], 0
        while layer and (depth == "all" or level < depth):
            found = dict.fromkeys(new for old in layer for new in links.get(old, ()) if new not in seen)
            seen.update(found)
            layer = list(found)
            yield from (self.datasets[new] for new in layer if new in self.datasets)
            level += 1

    def with_acquisition(self, dataset: Dataset, zone: tzinfo) -> Dataset:
        """The dataset with `acquired` filled from its earliest raw ancestor, if one is known here."""
        if dataset.is_raw:
            return dataset
        starts = [a.start for a in self.inputs_of(dataset.id, "all") if a.is_raw and a.start is not None]
        if not starts:
            return dataset
        return replace(dataset, acquired=min(starts, key=lambda start: as_instant(start, zone)))
