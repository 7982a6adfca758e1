"""What goes into the inbox and what comes out of it, as frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

State = Literal["received", "ready", "working", "waiting", "done", "quarantined"]
"""received: not looked at yet · ready: may be taken · working: taken · waiting: to be tried again at `due` ·
done: applied · quarantined: needs a person (or a replay)."""

UNFINISHED: tuple[State, ...] = ("received", "ready", "working", "waiting")
RETRIED_WHEN_SENT_AGAIN = ("session", "instrument", "internal")
"""Causes that may have gone away since: a repetition of the message is then a new try, not only a count."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a message is in quarantine, or why it is tried again."""

    reason: str
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as a transport hands it over. `source` tells where it came from (for people); with a `verdict` it goes
    to quarantine at once. `command`: it asks for something to be done, so the same body again is a new request, not a
    repetition."""

    queue: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    verdict: Verdict | None = None
    command: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """Answer of `put`: the row, and whether the same body had been sent to the same queue before."""

    id: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Fields:
    """What is readable of a message, for people and filters. `rank`: 0 when somebody waits for it at the beamline, 1
    for what is handed out after those."""

    proposal: str | None = None
    beamline: str | None = None
    name: str | None = None
    location: str | None = None
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the inbox. `body` is None when it was too large and lies in the file `body_file`."""

    id: int
    queue: str
    sha256: str
    body: bytes | None
    body_file: str | None
    size: int
    headers: Mapping[str, str]
    source: str
    received: datetime
    last_received: datetime
    repetitions: int
    state: State
    since: datetime
    lock_key: str | None
    proposal: str | None
    beamline: str | None
    name: str | None
    location: str | None
    edits: Mapping[str, str]
    attempts: int
    due: datetime | None
    holds_until: datetime | None
    fault: str | None
    fault_count: int
    reason: str | None
    step: str | None
    text: str | None
    warnings: tuple[str, ...]
    dataset_id: int | None
    investigation_id: int | None
    finished: datetime | None
    holder: str | None = None
    held_until: datetime | None = None
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages: every given part must hold. `contains` looks into location, proposal, beamline, name and text."""

    state: State | None = None
    reason: str | None = None
    queue: str | None = None
    proposal: str | None = None
    beamline: str | None = None
    contains: str | None = None
    since: datetime | None = None
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StageRun:
    """A stage that was taken; hand it back to `stage_done` or `stage_retry`. `since`: when it was asked for first."""

    id: int
    dataset_id: int
    stage: str
    revision: int
    attempts: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Counters:
    """Figures for health pages and alarms. `oldest_unfinished` is the arrival (or latest replay) of the oldest
    message not applied yet."""

    states: Mapping[str, int]
    quarantined: Mapping[str, int]
    stages: Mapping[str, int]
    repetitions: int
    oldest_unfinished: datetime | None


def entry(row: Mapping[str, Any]) -> Entry:
    """A row of `ingest_message` as a record."""
    return Entry(**{**row, "warnings": tuple(row["warnings"])})
