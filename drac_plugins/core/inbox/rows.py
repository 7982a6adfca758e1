"""How rows of `ingest_message` come to be and change: the statements behind `Inbox`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, insert, or_, select, update

from drac_plugins.core.inbox.records import RETRIED_WHEN_SENT_AGAIN, Stored, Verdict
from drac_plugins.core.inbox.tables import ingest_message as messages

SPLIT_FROM = "split-from"
_MAX_HEADERS = 50
_MAX_HEADER = 1024


def put(connection: Connection, prepared: Mapping[str, Any], now: datetime) -> Stored:
    values = dict(prepared)
    command = values.pop("command")
    known = connection.execute(
        select(messages.c.id, messages.c.state, messages.c.reason).where(
            messages.c.sha256 == values["sha256"], messages.c.queue == values["queue"]
        )
    ).first()
    if known is not None and command:
        _retire(connection, known.id, values["sha256"])
    if known is None or command:
        times = {"received": now, "last_received": now, "since": now}
        empty: dict[str, Any] = {"repetitions": 0, "edits": {}, "warnings": [], "attempts": 0, "fault_count": 0}
        result = connection.execute(insert(messages).values(**values, **times, **empty))
        key = result.inserted_primary_key
        assert key is not None
        return Stored(int(key[0]), duplicate=False)
    again = known.state == "quarantined" and known.reason in RETRIED_WHEN_SENT_AGAIN
    connection.execute(
        update(messages)
        .where(messages.c.id == known.id)
        .values(last_received=now, repetitions=messages.c.repetitions + 1, **(fresh(now) if again else {}))
    )
    return Stored(known.id, duplicate=True)


def _retire(connection: Connection, message_id: int, sha256: str) -> None:
    """Let a former request give up its fingerprint, so that the same request can be asked again."""
    former = hashlib.sha256(f"{sha256} {message_id}".encode()).hexdigest()
    connection.execute(update(messages).where(messages.c.id == message_id).values(sha256=former))


def split(connection: Connection, message_id: int, bodies: Sequence[bytes], text: str, now: datetime) -> None:
    """Put messages about one thing each in the place of one about several, which is then done. They keep its moment of
    arrival, and its number in the header `split-from`."""
    whole = connection.execute(
        select(messages).where(messages.c.id == message_id, messages.c.state == "received")
    ).first()
    if whole is None:
        return
    for body in bodies:
        values = {
            "queue": whole.queue,
            "sha256": hashlib.sha256(body).hexdigest(),
            "body": body,
            "body_file": None,
            "size": len(body),
            "headers": {**whole.headers, SPLIT_FROM: str(message_id)},
            "source": whole.source,
            "state": "received",
            "command": True,
        }
        part = put(connection, values, now)
        moments = {"received": whole.received, "since": whole.since}
        connection.execute(update(messages).where(messages.c.id == part.id).values(edits=whole.edits, **moments))
    finished = {"state": "done", "finished": now, "warnings": [text]}
    connection.execute(update(messages).where(messages.c.id == message_id).values(**finished))


def fresh(now: datetime) -> dict[str, Any]:
    return {
        "state": "received",
        "since": now,
        "lock_key": None,
        "rank": 0,
        "attempts": 0,
        "due": None,
        "holds_until": None,
        "fault": None,
        "fault_count": 0,
        "reason": None,
        "step": None,
        "text": None,
        "finished": None,
    }


def quarantined(verdict: Verdict, now: datetime) -> dict[str, Any]:
    return {
        "state": "quarantined",
        "reason": verdict.reason,
        "step": verdict.step,
        "text": verdict.text,
        "due": None,
        "holds_until": None,
        "finished": now,
    }


def blocked(now: datetime) -> ColumnElement[bool]:
    other = messages.alias("other")
    holding = and_(
        other.c.id < messages.c.id,
        other.c.state.in_(("ready", "waiting")),
        or_(other.c.holds_until.is_(None), other.c.holds_until > now),
    )
    return exists().where(
        other.c.lock_key == messages.c.lock_key,
        other.c.id != messages.c.id,
        or_(other.c.state == "working", holding),
    )


def abandoned(table: Table, holder: str, now: datetime) -> ColumnElement[bool]:
    """Held by nobody, by a process that gave no sign of life in time, or by an earlier process of the same owner (the
    first half of a holder's name)."""
    predecessor = and_(table.c.holder.startswith(holder[: len(holder) // 2]), table.c.holder != holder)
    return or_(table.c.holder.is_(None), table.c.held_until < now, predecessor)


def printable(text: str, longest: int) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:longest])


def tidy(headers: Mapping[str, str]) -> dict[str, str]:
    kept = list(headers.items())[:_MAX_HEADERS]
    return {printable(name, _MAX_HEADER): printable(value, _MAX_HEADER) for name, value in kept}
