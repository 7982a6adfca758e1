"""What the reads return. Dates are aware; texts are as the catalogue holds them.

The two records of which a reply holds hundreds of thousands are named tuples, which are built several times faster
than frozen dataclasses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class ParameterRecord(NamedTuple):
    """A parameter of a dataset, sample, investigation or data collection (`owner_id`).

    `value` is always text: numbers without needless digits, dates in ISO 8601.
    """

    id: int
    owner_id: int
    name: str
    value: str
    units: str


class TechniqueRecord(NamedTuple):
    id: int
    pid: str | None
    name: str


@dataclass(frozen=True, slots=True)
class InstrumentRecord:
    """`link_id` is the id of the row that ties the instrument to its investigation, 0 for the bare instrument.
    `scientists` are ICAT user names; filled only where the read says so."""

    id: int
    name: str
    full_name: str | None = None
    description: str | None = None
    link_id: int = 0
    scientists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeRecord:
    """InvestigationType with ICAT's own bookkeeping."""

    id: int
    name: str
    description: str | None = None
    create_id: str | None = None
    create_time: datetime | None = None
    mod_id: str | None = None
    mod_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class TechniqueEntry:
    """A row of the list of techniques."""

    id: int
    name: str
    pid: str | None
    description: str | None


@dataclass(frozen=True, slots=True)
class ParameterTypeRecord:
    """A row of the list of parameter types; `applicable_to` holds entity names such as `Dataset`."""

    id: int
    name: str
    units: str
    value_type: str
    description: str | None = None
    applicable_to: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A user in one role; a person with two roles is there twice."""

    id: int
    role: str
    name: str
    full_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    orcid: str | None = None
    affiliation: str | None = None


@dataclass(frozen=True, slots=True)
class InvestigationRecord:
    """A session. `instruments` by id of their link, so the first is the one that was scheduled first.
    `can_access_datasets` is None unless it was asked for."""

    id: int
    name: str
    title: str
    visit_id: str
    start: datetime | None
    end: datetime | None
    release: datetime | None
    doi: str | None
    summary: str | None
    type: TypeRecord
    instruments: tuple[InstrumentRecord, ...] = ()
    team: tuple[TeamMember, ...] = ()
    parameters: Sequence[ParameterRecord] = ()
    can_access_datasets: bool | None = None


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A dataset with everything that the caller may read of it.

    `investigation` is None when the caller may read the dataset but not its investigation (published datasets).
    `instrument` is that of the dataset, else the first of its investigation. `input_ids` and `output_ids` are the ids
    of both kinds of links, in their order, whether readable or not; `outputs` are the readable datasets computed from
    this one, filled when nested outputs were asked for, in the order of `output_ids`.
    """

    id: int
    name: str
    type: str
    location: str | None
    start: datetime | None
    end: datetime | None
    complete: bool
    sample_id: int | None = None
    sample_name: str | None = None
    instrument: str | None = None
    investigation: InvestigationRecord | None = None
    parameters: Sequence[ParameterRecord] = ()
    techniques: tuple[TechniqueRecord, ...] = ()
    input_ids: tuple[int, ...] = ()
    output_ids: tuple[int, ...] = ()
    outputs: tuple[DatasetRecord, ...] = ()

    def parameter(self, name: str) -> str | None:
        """Value of the parameter of exactly this name; None when there is none."""
        return next((p.value for p in self.parameters if p.name == name), None)


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """A sample; `datasets` is None unless they were asked for."""

    id: int
    name: str
    modified: datetime
    investigation: InvestigationRecord | None = None
    parameters: Sequence[ParameterRecord] = ()
    datasets: tuple[DatasetRecord, ...] | None = None


@dataclass(frozen=True, slots=True)
class DatafileRecord:
    """A datafile; `released` says that the release date of its investigation has passed."""

    id: int
    dataset_id: int
    name: str
    location: str | None
    size: int | None
    create_id: str
    create_time: datetime
    mod_id: str
    mod_time: datetime
    released: bool


@dataclass(frozen=True, slots=True)
class CollectedDataset:
    id: int
    name: str
    location: str | None
    start: datetime | None
    end: datetime | None
    sample_name: str | None


@dataclass(frozen=True, slots=True)
class DataCollectionRecord:
    """A publication: what was collected under a DOI."""

    id: int
    doi: str | None
    create_id: str
    create_time: datetime
    mod_id: str
    mod_time: datetime
    parameters: Sequence[ParameterRecord] = ()
    datasets: tuple[CollectedDataset, ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One window of a list: `total` counts all elements that match, `limit` None means that nothing was cut off."""

    items: tuple[T, ...]
    total: int
    skip: int = 0
    limit: int | None = None

    @property
    def total_pages(self) -> int:
        return 1 if self.limit is None else -(-self.total // self.limit)

    @property
    def current_page(self) -> int:
        return 1 if self.limit is None else self.skip // self.limit + 1
