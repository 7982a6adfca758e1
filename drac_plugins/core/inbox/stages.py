"""Later steps of a dataset (files, gallery, statistics): each due on its own, each tried again on its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, select, update

from drac_plugins.core.inbox.records import StageRun
from drac_plugins.core.inbox.rows import abandoned
from drac_plugins.core.inbox.tables import ingest_stage as stages
from drac_plugins.core.storage import insert_into

_FREE: Mapping[str, Any] = {"working": 0, "holder": None, "held_until": None}


def make_due(connection: Connection, wanted: Sequence[tuple[int, str]], due: datetime, now: datetime) -> None:
    """Ask for stages: (dataset id, stage). One row per dataset and stage: asking again collapses (the earlier moment
    counts), and asking while it runs makes it run once more."""
    if not wanted:
        return
    earlier = case((stages.c.working == 1, due), (stages.c.due > due, due), else_=stages.c.due)
    again = {"revision": stages.c.revision + 1, "attempts": 0, "reason": None, "due": earlier}
    statement = insert_into(connection, stages).values(
        dataset_id=bindparam("dataset_id"),
        stage=bindparam("stage"),
        due=due,
        since=now,
        revision=1,
        attempts=0,
        working=0,
    )
    connection.execute(
        statement.on_conflict_do_update(index_elements=["dataset_id", "stage"], set_=again),
        [{"dataset_id": dataset_id, "stage": stage} for dataset_id, stage in sorted(wanted)],
    )


def any_due(connection: Connection, now: datetime, wanted: Collection[str]) -> bool:
    due = (stages.c.working == 0, stages.c.due <= now, stages.c.stage.in_(wanted))
    return connection.execute(select(stages.c.id).where(*due).limit(1)).first() is not None


def take(
    connection: Connection, now: datetime, wanted: Collection[str], limit: int, mine: Mapping[str, Any]
) -> list[StageRun]:
    found = connection.execute(
        select(stages)
        .where(stages.c.working == 0, stages.c.due <= now, stages.c.stage.in_(wanted))
        .order_by(stages.c.due, stages.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    taken = update(stages).where(stages.c.id.in_([row.id for row in found]))
    connection.execute(taken.values(working=1, attempts=stages.c.attempts + 1, **mine))
    return [StageRun(row.id, row.dataset_id, row.stage, row.revision, row.attempts + 1, row.since) for row in found]


def finish(connection: Connection, run: StageRun, holder: str) -> None:
    """Forget the stage, unless it was asked for again meanwhile. What another process has taken since is left to it."""
    held = (stages.c.id == run.id, stages.c.holder == holder)
    gone = connection.execute(delete(stages).where(*held, stages.c.revision == run.revision))
    if not gone.rowcount:
        connection.execute(update(stages).where(*held).values(attempts=0, **_FREE))


def postpone(connection: Connection, run: StageRun, due: datetime, reason: str, holder: str) -> None:
    """Try again at `due`; at once when it was asked for again meanwhile."""
    later = case((stages.c.revision == run.revision, due), else_=stages.c.due)
    held = (stages.c.id == run.id, stages.c.holder == holder)
    connection.execute(update(stages).where(*held).values(reason=reason, due=later, **_FREE))


def renew(connection: Connection, holder: str, until: datetime) -> int:
    held = (stages.c.working == 1, stages.c.holder == holder)
    return connection.execute(update(stages).where(*held).values(held_until=until)).rowcount


def release(connection: Connection, holder: str, now: datetime) -> int:
    lost = (stages.c.working == 1, abandoned(stages, holder, now))
    return connection.execute(update(stages).where(*lost).values(**_FREE)).rowcount
