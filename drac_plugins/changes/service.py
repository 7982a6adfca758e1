"""The change feed as one caller may see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drac_plugins.core.events import outbox
from drac_plugins.core.events.records import Event
from drac_plugins.core.storage import Store
from icat_schema.gateway import Select, Session

SHOWN = ("dataset", "investigation", "files", "gallery", "statistics", "links")
"""Kinds of events that are changes of something in the catalogue."""
PORTION = 1000
_PORTIONS = 5
"""So many portions of events are looked through for one page; what others did may be between what the caller sees."""


@dataclass(frozen=True, slots=True)
class Changes:
    """`next`: where to go on. `more`: there is more behind it already. `reset`: events behind `since` are not kept any
    more, so whoever mirrors the catalogue has to read it again."""

    events: tuple[Event, ...]
    next: int
    more: bool
    reset: bool


def newest(store: Store) -> int:
    """Where somebody begins who wants to know only what comes."""
    with store.read() as connection:
        return outbox.bounds(connection)[1]


def changes(store: Store, session: Session, since: int, limit: int) -> Changes:
    """At most `limit` changes behind `since` of what the session may read, in the order in which they were committed.
    Two calls to the catalogue per portion."""
    with store.read() as connection:
        first, last = outbox.bounds(connection)
    reset = since > last or (0 < since < first - 1)
    found: list[Event] = []
    at = min(since, last)
    for events in _portions(store, at):
        visible = _visible(session, [event for event in events if event.kind in SHOWN])
        room = limit - len(found)
        if len(visible) > room:
            found += visible[:room]
            return Changes(tuple(found), found[-1].id if found else at, more=True, reset=reset)
        found += visible
        at = events[-1].id
    return Changes(tuple(found), at, more=at < last, reset=reset)


def _portions(store: Store, at: int) -> Iterator[list[Event]]:
    for _ in range(_PORTIONS):
        with store.read() as connection:
            events = outbox.since(connection, at, PORTION)
        if not events:
            return
        yield events
        if len(events) < PORTION:
            return
        at = events[-1].id


def _visible(session: Session, events: Sequence[Event]) -> list[Event]:
    """Events about datasets and sessions that the caller may read. A dataset can be readable while its session is not:
    then the session is left out of the event."""
    datasets = _readable(session, "Dataset", {e.dataset_id for e in events if e.dataset_id is not None})
    sessions = _readable(
        session, "Investigation", {e.investigation_id for e in events if e.investigation_id is not None}
    )
    return [
        Event(
            e.id,
            e.key,
            e.kind,
            e.dataset_id,
            e.investigation_id if e.investigation_id in sessions else None,
            {},
            e.at,
        )
        for e in events
        if (e.dataset_id in datasets if e.dataset_id is not None else e.investigation_id in sessions)
    ]


def _readable(session: Session, entity: str, ids: set[int]) -> set[int]:
    return {id_ for (id_,) in session.rows_for(Select(entity, ["id"]), "id", sorted(ids))} if ids else set()
