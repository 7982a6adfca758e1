"""What the link module passes around."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Located:
    """A dataset of the catalogue and the folder that identifies it. `proposal` is `Investigation.name`."""

    dataset_id: int
    location: str
    location_key: str
    investigation_id: int
    proposal: str
    name: str
    start: datetime | None
    processed: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One declared input of a dataset; `key` is the path in the form that is compared."""

    path: str
    key: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an item means: the dataset, and whether that was inferred (the item lies inside the dataset's folder)."""

    dataset_id: int
    inferred: bool = False
