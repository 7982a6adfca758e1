"""What a caller wants to see. All criteria of one record must hold; an empty one is no restriction.

Days are those of the facility's time zone and are closed intervals; the years before 1900 and after 2999 count as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from drac_plugins.core.reads.grammar import ParameterFilter

InvestigationScope = Literal["participant", "instrumentscientist", "released", "embargoed"]


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list, in which order. `limit` None: everything from `skip` on. `sort_by` is upper case and may be
    unknown; then, and without it, the order is that of registration."""

    limit: int | None = None
    skip: int = 0
    sort_by: str | None = None
    descending: bool = False


EVERYTHING = Window()


@dataclass(frozen=True, slots=True)
class DatasetCriteria:
    """`techniques` are IRIs in any of their spellings, one of which must be among the dataset's; `types` are
    names of dataset types; `instruments` match the dataset's own instrument or one of its investigation."""

    ids: tuple[int, ...] = ()
    investigation_ids: tuple[int, ...] = ()
    sample_ids: tuple[int, ...] = ()
    instruments: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None
    types: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    parameters: tuple[ParameterFilter, ...] = ()
    search: str | None = None

    @property
    def is_empty(self) -> bool:
        return self == DatasetCriteria()


@dataclass(frozen=True, slots=True)
class InvestigationCriteria:
    """`start`: starting or ending on that day or later, or not ended yet; `end`: starting on that day or earlier.
    `users` are ICAT user names of the caller, for the scopes that ask for his part (none: the session's own one);
    `participants` are beginnings of user names, one of which takes part. `releases` are days, and mean published
    investigations only. `running_at` is aware."""

    ids: tuple[int, ...] = ()
    scope: InvestigationScope | None = None
    instruments: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None
    participants: tuple[str, ...] = ()
    releases: tuple[date, ...] = ()
    running_at: datetime | None = None
    parameters: tuple[ParameterFilter, ...] = ()
    search: str | None = None
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SampleCriteria:
    """`instruments`, `start` and `end` restrict the investigation; `with_acquisitions`: only samples with raw data."""

    ids: tuple[int, ...] = ()
    investigation_ids: tuple[int, ...] = ()
    instruments: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None
    with_acquisitions: bool = False
    parameters: tuple[ParameterFilter, ...] = ()
    search: str | None = None


@dataclass(frozen=True, slots=True)
class DatafileCriteria:
    """`location` is the whole path of a file."""

    ids: tuple[int, ...] = ()
    dataset_ids: tuple[int, ...] = ()
    location: str | None = None
    search: str | None = None

    @property
    def is_empty(self) -> bool:
        return self == DatafileCriteria()


@dataclass(frozen=True, slots=True)
class DataCollectionCriteria:
    """`kind`: `datacollection` holds datasets, `document` holds investigations."""

    dataset_ids: tuple[int, ...] = ()
    kind: str | None = None
    search: str | None = None
