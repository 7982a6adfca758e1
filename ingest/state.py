"""What the catalogue says about one dataset, as frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime

from ingest.values import Column


@dataclass(frozen=True, slots=True)
class Stored:
    """A parameter of a dataset: its row and what the columns hold."""

    id: int
    columns: Mapping[Column, str | float | datetime | None]

    @property
    def text(self) -> str | None:
        value = self.columns.get("stringValue")
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class DatasetState:
    """`techniques`: name -> id of the row that links it; `instruments`: id -> id of the row."""

    id: int
    name: str
    location: str | None
    investigation_id: int
    investigation_name: str
    type_name: str
    complete: bool
    start: datetime | None
    end: datetime | None
    description: str | None
    sample_id: int | None
    _: KW_ONLY
    parameters: Mapping[str, Stored] = field(default_factory=dict)
    techniques: Mapping[str, int] = field(default_factory=dict)
    instruments: Mapping[int, int] = field(default_factory=dict)
