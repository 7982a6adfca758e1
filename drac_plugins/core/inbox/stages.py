"""Later steps of a dataset (files, gallery, statistics): each due on its own, each tried again on its own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, case, delete, select, update

from drac_plugins.core.inbox.records import StageRun
from drac_plugins.core.inbox.tables import ingest_stage as stages


def make_due(connection: Connection, dataset_id: int, stage: str, due: datetime, now: datetime) -> None:
    """Ask for a stage. One row per dataset and stage: asking again collapses (the earlier moment counts), and asking
    while it runs makes it run once more."""
    changed = connection.execute(
        update(stages)
        .where(stages.c.dataset_id == dataset_id, stages.c.stage == stage)
        .values(
            revision=stages.c.revision + 1,
            attempts=0,
            reason=None,
            due=case((stages.c.working == 1, due), (stages.c.due > due, due), else_=stages.c.due),
        )
    )
    if not changed.rowcount:
        connection.execute(
            stages.insert().values(dataset_id=dataset_id, stage=stage, due=due, since=now, revision=1, attempts=0)
        )


def any_due(connection: Connection, now: datetime) -> bool:
    query = select(stages.c.id).where(stages.c.working == 0, stages.c.due <= now).limit(1)
    return connection.execute(query).first() is not None


def take(connection: Connection, now: datetime, wanted: Collection[str]) -> StageRun | None:
    row = connection.execute(
        select(stages)
        .where(stages.c.working == 0, stages.c.due <= now, stages.c.stage.in_(wanted))
        .order_by(stages.c.due, stages.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    connection.execute(update(stages).where(stages.c.id == row.id).values(working=1, attempts=row.attempts + 1))
    return StageRun(row.id, row.dataset_id, row.stage, row.revision, row.attempts + 1, row.since)


def finish(connection: Connection, run: StageRun) -> None:
    """Forget the stage, unless it was asked for again meanwhile."""
    gone = connection.execute(delete(stages).where(stages.c.id == run.id, stages.c.revision == run.revision))
    if not gone.rowcount:
        connection.execute(update(stages).where(stages.c.id == run.id).values(working=0, attempts=0))


def postpone(connection: Connection, run: StageRun, due: datetime, reason: str) -> None:
    """Try again at `due`; at once when it was asked for again meanwhile."""
    connection.execute(
        update(stages)
        .where(stages.c.id == run.id)
        .values(
            working=0,
            reason=reason,
            due=case((stages.c.revision == run.revision, due), else_=stages.c.due),
        )
    )


def release(connection: Connection) -> int:
    return connection.execute(update(stages).where(stages.c.working == 1).values(working=0)).rowcount
