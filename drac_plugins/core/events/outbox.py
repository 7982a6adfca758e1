"""Noting events and telling them, each inside a transaction of the caller.

Ids are given in the order of commits: on PostgreSQL who notes events holds a lock until the end of the transaction, so
nobody who has read up to an id will ever find a smaller one. Taking the lock is the first thing that such a transaction
does (`alone`), before it locks rows, so that two never wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, text, update

from drac_plugins.core.events.records import Delivery, Event, NewEvent
from drac_plugins.core.events.tables import event, event_delivery
from drac_plugins.core.storage import insert_into, new_document_id

_EVENTS = 0x65767473  # advisory lock of PostgreSQL
_PORTION = 400


def alone(connection: Connection) -> None:
    """From here to the end of the transaction nobody else notes events (SQLite has one writer anyway)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EVENTS})


def put(connection: Connection, events: Sequence[NewEvent], now: datetime) -> None:
    """Note events in this order; one whose key is known is noted already."""
    if not events:
        return
    alone(connection)
    for one in events:
        statement = (
            insert_into(connection, event)
            .values(
                key=one.key or new_document_id(),
                kind=one.kind,
                dataset_id=one.dataset_id,
                investigation_id=one.investigation_id,
                body=dict(one.body),
                at=now,
            )
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(event.c.id)
        )
        made = connection.execute(statement).scalar()
        if made is not None and one.channels:
            due = now + timedelta(seconds=one.after_seconds)
            rows = [{"event_id": made, "channel": channel, "due": due} for channel in one.channels]
            connection.execute(event_delivery.insert(), rows)


# ---------------------------------------------------------------------------------------------------------- feed


def since(connection: Connection, after: int, limit: int) -> list[Event]:
    """Events behind this id, in order."""
    rows = connection.execute(select(event).where(event.c.id > after).order_by(event.c.id).limit(limit))
    return [_event(row) for row in rows]


def bounds(connection: Connection) -> tuple[int, int]:
    """The least and the greatest id that there are; 0, 0 when nothing is kept."""
    first, last = connection.execute(select(func.min(event.c.id), func.max(event.c.id))).one()
    return first or 0, last or 0


# ---------------------------------------------------------------------------------------------------- deliveries


def due(connection: Connection, channel: str, now: datetime, limit: int) -> list[Delivery]:
    """What this channel has to be told, in the order of events."""
    query = (
        select(event, event_delivery.c.attempts)
        .join(event_delivery, event_delivery.c.event_id == event.c.id)
        .where(event_delivery.c.channel == channel, event_delivery.c.due <= now)
        .order_by(event.c.id)
        .limit(limit)
    )
    return [Delivery(_event(row), row.attempts) for row in connection.execute(query)]


def waiting(connection: Connection, channel: str, investigation_ids: Collection[int]) -> list[Event]:
    """What this channel has to be told about these sessions, due or not, in the order of events; without the events
    that are messages themselves."""
    found: list[Event] = []
    for portion in _portions(investigation_ids):
        query = (
            select(event)
            .join(event_delivery, event_delivery.c.event_id == event.c.id)
            .where(
                event_delivery.c.channel == channel,
                event.c.investigation_id.in_(portion),
                event.c.kind != "publication",
            )
        )
        found += [_event(row) for row in connection.execute(query)]
    return sorted(found, key=lambda one: one.id)


def delivered(connection: Connection, channel: str, event_ids: Collection[int]) -> None:
    """The channel has taken them."""
    for portion in _portions(event_ids):
        connection.execute(
            delete(event_delivery).where(event_delivery.c.channel == channel, event_delivery.c.event_id.in_(portion))
        )


def failed(connection: Connection, channel: str, event_ids: Collection[int], again: datetime, reason: str) -> None:
    """The channel could not be told; try again then."""
    for portion in _portions(event_ids):
        connection.execute(
            update(event_delivery)
            .where(event_delivery.c.channel == channel, event_delivery.c.event_id.in_(portion))
            .values(due=again, attempts=event_delivery.c.attempts + 1, reason=reason)
        )


def older(connection: Connection, before: datetime) -> bool:
    """Whether there are events before this moment."""
    return connection.execute(select(event.c.id).where(event.c.at < before).limit(1)).first() is not None


def prune(connection: Connection, before: datetime, limit: int = 1000) -> int:
    """Forget the oldest events before this moment, told or not; returns how many. Call again while it is the limit."""
    old = select(event.c.id).where(event.c.at < before).order_by(event.c.id).limit(limit)
    ids = connection.execute(old).scalars().all()
    for portion in _portions(ids):
        connection.execute(delete(event_delivery).where(event_delivery.c.event_id.in_(portion)))
        connection.execute(delete(event).where(event.c.id.in_(portion)))
    return len(ids)


def _portions(ids: Collection[int]) -> list[list[int]]:
    whole = sorted(ids)
    return [whole[first : first + _PORTION] for first in range(0, len(whole), _PORTION)]


def _event(row: Row[Any]) -> Event:
    return Event(row.id, row.key, row.kind, row.dataset_id, row.investigation_id, row.body, row.at)
