"""What the outbox passes around."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PUBLICATION = "publication"
"""Channel of indexers of public data; taken by the ingester's publisher."""
LOGBOOK = "logbook"
"""Channel of notifications for the logbook."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that is true once the transaction is committed. `kind`: `dataset`, `investigation` (a message about it
    was applied), `files`, `gallery`, `statistics` (that stage has run), `links` (its lists have changed), `processing`
    (a result was registered), `restoration` (the archive says that its files are back), `release` (the end of an
    embargo was set), `publication` (the body is what indexers are told).

    `key`: where the same event could be noted twice, what makes it the same; default: a new one.
    `channels`: who has to be told besides the change feed, not before `after_seconds` have passed."""

    kind: str
    dataset_id: int | None = None
    investigation_id: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    channels: tuple[str, ...] = ()
    after_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Event:
    """As noted. `id`: place in the order of events; `key`: the same however often it is told."""

    id: int
    key: str
    kind: str
    dataset_id: int | None
    investigation_id: int | None
    body: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that a channel has not taken yet. `attempts` counts the failed ones."""

    event: Event
    attempts: int
