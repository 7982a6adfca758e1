"""Reading the inbox: lists for operators and figures for health."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, text

from drac_plugins.core.inbox.records import UNFINISHED, Counters, Entry, Filter, entry
from drac_plugins.core.inbox.tables import ingest_message as messages
from drac_plugins.core.inbox.tables import ingest_stage as stages


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found = [
        messages.c[name] == value
        for name in ("state", "reason", "queue")
        if (value := getattr(wanted, name)) is not None
    ]
    found += [
        func.lower(messages.c[name]) == value.lower()
        for name in ("proposal", "beamline")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.contains:
        columns = (messages.c.location, messages.c.proposal, messages.c.beamline, messages.c.name, messages.c.text)
        found.append(or_(*(column.icontains(wanted.contains, autoescape=True) for column in columns)))
    if wanted.since is not None:
        found.append(messages.c.last_received >= wanted.since)
    if wanted.ids:
        found.append(messages.c.id.in_(wanted.ids))
    return found


def listing(connection: Connection, wanted: Filter, limit: int, offset: int) -> list[Entry]:
    """Oldest first; bodies are left out (`show` has them)."""
    columns = [column for column in messages.c if column.name != "body"]
    query = select(*columns).where(*conditions(wanted)).order_by(messages.c.id).limit(limit).offset(offset)
    return [entry({**row._mapping, "body": None}) for row in connection.execute(query)]


def count(connection: Connection, wanted: Filter) -> int:
    return connection.execute(select(func.count()).select_from(messages).where(*conditions(wanted))).scalar_one()


def one(connection: Connection, message_id: int) -> Entry | None:
    row = connection.execute(select(messages).where(messages.c.id == message_id)).first()
    return None if row is None else entry(dict(row._mapping))


def figures(connection: Connection) -> Counters:
    def pairs(query: Select[Any]) -> Mapping[str, int]:
        return {row[0]: row[1] for row in connection.execute(query)}

    by_state = pairs(select(messages.c.state, func.count()).group_by(messages.c.state))
    by_reason = pairs(
        select(messages.c.reason, func.count()).where(messages.c.state == "quarantined").group_by(messages.c.reason)
    )
    by_stage = pairs(select(stages.c.stage, func.count()).group_by(stages.c.stage))
    again = messages.c.repetitions
    repetitions = connection.execute(select(func.coalesce(func.sum(again), 0)).where(again > text("0"))).scalar_one()
    oldest: datetime | None = connection.execute(
        select(func.min(messages.c.since, type_=messages.c.since.type)).where(messages.c.state.in_(UNFINISHED))
    ).scalar_one()
    return Counters(by_state, by_reason, by_stage, int(repetitions), oldest)
