"""What the ingester wants somebody to look at: raised by whoever finds it, cleared when its cause has gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from drac_plugins.core.quarantine.tables import ingest_alarm
from drac_plugins.core.storage import insert_into

WORDS: Mapping[str, str] = {
    "archiving": "datasets that could not be archived",
    "restoration": "datasets that could not be restored",
    "incomplete": "datasets that were announced as incomplete and have not been completed for a week",
    "night": "checks of the night that failed",
}
"""The kinds, and what so many of them are."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """`dataset_id`: 0 for what is about no dataset."""

    kind: str
    dataset_id: int
    text: str
    since: datetime


def put(connection: Connection, alarms: Sequence[Alarm]) -> None:
    """Raise alarms; one that is raised already keeps its beginning."""
    if not alarms:
        return
    statement = insert_into(connection, ingest_alarm)
    same = ["kind", "dataset_id"]
    connection.execute(
        statement.on_conflict_do_update(index_elements=same, set_={"text": statement.excluded.text}),
        [{"kind": a.kind, "dataset_id": a.dataset_id, "text": a.text, "since": a.since} for a in alarms],
    )


def clear(connection: Connection, kind: str, dataset_id: int = 0) -> None:
    connection.execute(delete(ingest_alarm).where(ingest_alarm.c.kind == kind, ingest_alarm.c.dataset_id == dataset_id))


def replace(connection: Connection, kind: str, alarms: Sequence[Alarm]) -> None:
    """These are all of this kind: others have gone."""
    before = set(connection.execute(select(ingest_alarm.c.dataset_id).where(ingest_alarm.c.kind == kind)).scalars())
    for gone in sorted(before - {alarm.dataset_id for alarm in alarms}):
        clear(connection, kind, gone)
    put(connection, alarms)


def counts(connection: Connection) -> dict[str, int]:
    """How many there are of each kind that has any."""
    rows = connection.execute(select(ingest_alarm.c.kind, func.count().label("number")).group_by(ingest_alarm.c.kind))
    return {row.kind: row.number for row in rows}


def listing(connection: Connection, limit: int = 100) -> list[Alarm]:
    """The longest lasting first."""
    query = select(ingest_alarm).order_by(ingest_alarm.c.since, ingest_alarm.c.dataset_id).limit(limit)
    return [Alarm(row.kind, row.dataset_id, row.text, row.since) for row in connection.execute(query)]
