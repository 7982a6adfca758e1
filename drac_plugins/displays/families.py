"""A dataset with the datasets around it, read from the catalogue and handed to the display engine.

Calls to the catalogue: those of one nested read downwards, and those of one read per level upwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from displays import records as shown
from drac_plugins.core.links.paths import location_key, split_declared
from drac_plugins.core.reads import datasets as reads
from drac_plugins.core.reads.criteria import EVERYTHING, DatasetCriteria, Window
from drac_plugins.core.reads.records import DatasetRecord, InvestigationRecord
from drac_plugins.core.reads.view import View

MAX_LEVELS_UP = 60


@dataclass(frozen=True, slots=True)
class Family:
    """Datasets as they were asked for, everything readable above and below them, and how they depend on each other."""

    datasets: tuple[shown.Dataset, ...]
    lineage: shown.Lineage
    total: int
    records: Mapping[int, DatasetRecord]

    def investigation(self, dataset_id: int) -> InvestigationRecord | None:
        return self.records[dataset_id].investigation


@dataclass(frozen=True, slots=True)
class Related:
    """A line of the lineage list. `level` counts steps away from the dataset of the page."""

    dataset: shown.Dataset
    level: int


def family(view: View, criteria: DatasetCriteria, window: Window = EVERYTHING, *, outputs: bool = True) -> Family:
    """The datasets that fulfil the criteria with their outputs to any depth, unless these are not needed, and their
    inputs up to the raw data."""
    page = reads.find(view, criteria, window, nested=outputs, links=True)
    known = {record.id: record for record in flat(page.items)}
    _read_upwards(view, known)
    lineage = _lineage(known.values())
    tops = tuple(lineage.with_acquisition(as_shown(record), view.zone) for record in page.items)
    return Family(tops, lineage, page.total, known)


def walk(lineage: shown.Lineage, links: Mapping[int, tuple[int, ...]], start: int) -> Iterator[Related]:
    """Depth first, each dataset once; what the reader may not see is left out with all that is behind it."""
    seen = {start}
    stack = [(key, 1) for key in reversed(links.get(start, ()))]
    while stack:
        key, level = stack.pop()
        if key in seen or key not in lineage.datasets:
            continue
        seen.add(key)
        yield Related(lineage.datasets[key], level)
        stack.extend((below, level + 1) for below in reversed(links.get(key, ())))


def as_shown(record: DatasetRecord) -> shown.Dataset:
    """The record in the display engine's own form."""
    investigation = record.investigation
    instruments = investigation.instruments if investigation else ()
    return shown.Dataset(
        id=record.id,
        name=record.parameter("datasetName") or record.name,
        type=record.type,
        start=record.start,
        end=record.end,
        location=record.location,
        instrument=record.instrument,
        investigation_instrument=instruments[0].name if instruments else None,
        investigation_id=investigation.id if investigation else None,
        sample_id=record.sample_id,
        sample_name=record.sample_name,
        complete=record.complete,
        techniques=tuple(technique.pid for technique in record.techniques if technique.pid),
        parameters={p.name: shown.Parameter(p.name, p.value, p.units) for p in record.parameters},
        fields=_fields(investigation),
    )


def _fields(investigation: InvestigationRecord | None) -> dict[str, str | None]:
    if investigation is None:
        return {}
    return {
        "doi": investigation.doi,
        "visitId": investigation.visit_id,
        "proposal": investigation.name,
        "title": investigation.title,
    }


def flat(records: Iterable[DatasetRecord]) -> Iterator[DatasetRecord]:
    """Every record once, those below others included; without recursion."""
    stack, seen = list(records), set()
    while stack:
        record = stack.pop()
        if record.id not in seen:
            seen.add(record.id)
            yield record
            stack.extend(record.outputs)


def _read_upwards(view: View, known: dict[int, DatasetRecord]) -> None:
    """Add every readable ancestor. Ids that are not readable are asked for once."""
    asked = set(known)
    for _ in range(MAX_LEVELS_UP):
        wanted = {key for record in known.values() for key in record.input_ids} - asked
        if not wanted:
            return
        asked |= wanted
        found = reads.find(view, DatasetCriteria(ids=tuple(sorted(wanted))), links=True)
        known.update((record.id, record) for record in found.items)


def _lineage(records: Iterable[DatasetRecord]) -> shown.Lineage:
    known = {record.id: record for record in records}
    links = [(source, record.id) for record in known.values() for source in record.input_ids if source in known]
    links += [(record.id, result) for record in known.values() for result in record.output_ids if result in known]
    hidden = {key: count for key, record in known.items() if (count := _hidden(record, known))}
    awaited = {key: paths for key, record in known.items() if (paths := _awaited(record, known))}
    return shown.Lineage.of((as_shown(record) for record in known.values()), links, hidden, awaited)


def _hidden(record: DatasetRecord, known: Mapping[int, DatasetRecord]) -> int:
    return sum(key not in known for key in record.input_ids)


def _awaited(record: DatasetRecord, known: Mapping[int, DatasetRecord]) -> tuple[str, ...]:
    """Declared input folders that belong to no catalogued input. Where inputs are hidden nothing can be said."""
    declared = split_declared(record.parameter("input_datasets") or "")
    if len(declared) <= len(record.input_ids) or _hidden(record, known):
        return ()
    catalogued = [location_key(known[key].location or "") for key in record.input_ids]
    return tuple(path for path in declared if not _below_any(location_key(path), catalogued))


def _below_any(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders if folder)
