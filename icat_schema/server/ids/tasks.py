"""What is to be done between the two levels of storage. Kept in the database, so that a restart continues it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from sqlalchemy import Column, Connection, Engine, Index, String, Table, delete, select, update

from icat_schema.server.ids.portions import portions
from icat_schema.server.store.columns import Identifier, Instant
from icat_schema.server.store.engine import reading, writing
from icat_schema.server.store.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

Request = Literal["ARCHIVE", "RESTORE", "WRITE"]

MAX_FAILURE = 1023

tasks = Table(
    "server_data_task",
    metadata,
    Column("dataset", Identifier, primary_key=True, autoincrement=False),
    Column("request", String(8)),
    Column("requested", Instant, nullable=False),
    Column("token", String(36), nullable=False),
    Column("failure", String(MAX_FAILURE)),
    Index("ix_server_data_task_request", "request", "requested"),
)
"""One row for each dataset with work to do (`request`) or with work that failed (`failure`). A new request has a new
token: what has been done for an older one does not end it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for a dataset, or what went wrong with it last."""

    dataset: int
    request: Request | None
    token: str
    failure: str | None


class Tasks:
    """The list of tasks. Thread-safe, and safe between processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, datasets: Collection[int], request: Request, now: datetime) -> None:
        """Ask for work on datasets. The last word counts, but WRITE does not disturb what else is asked: archiving
        writes anyhow, and what is restored needs no copy. Failures are forgotten."""
        if not datasets:
            return
        with writing(self._engine) as connection:
            for portion in portions(datasets):
                self._upsert(connection, portion, request, now)

    @staticmethod
    def _upsert(connection: Connection, datasets: Iterable[int], request: Request, now: datetime) -> None:
        statement = _insert_into_tasks(connection)
        values = {name: statement.excluded[name] for name in ("request", "requested", "token", "failure")}
        free = tasks.c.request.is_(None) if request == "WRITE" else tasks.c.request.is_distinct_from(request)
        rows = [
            {"dataset": id_, "request": request, "requested": now, "token": str(uuid4()), "failure": None}
            for id_ in datasets
        ]
        connection.execute(
            statement.on_conflict_do_update(index_elements=[tasks.c.dataset], set_=values, where=free), rows
        )

    def next(self) -> Task | None:
        """The work that waits longest."""
        statement = select(tasks).where(tasks.c.request.is_not(None)).order_by(tasks.c.requested, tasks.c.dataset)
        with reading(self._engine) as connection:
            row = connection.execute(statement.limit(1)).first()
        return None if row is None else Task(row.dataset, row.request, row.token, row.failure)

    def is_current(self, task: Task) -> bool:
        """Whether nothing else has been asked meanwhile."""
        with reading(self._engine) as connection:
            found = connection.execute(select(tasks.c.token).where(tasks.c.dataset == task.dataset)).scalar()
        return bool(found == task.token)

    def finish(self, task: Task, failure: str | None = None) -> None:
        """The work is done, or cannot be done."""
        mine = (tasks.c.dataset == task.dataset) & (tasks.c.token == task.token)
        with writing(self._engine) as connection:
            if failure is None:
                connection.execute(delete(tasks).where(mine))
            else:
                connection.execute(update(tasks).where(mine).values(request=None, failure=failure[:MAX_FAILURE]))

    def postpone(self, task: Task, now: datetime) -> None:
        """Let the others go first."""
        mine = (tasks.c.dataset == task.dataset) & (tasks.c.token == task.token)
        with writing(self._engine) as connection:
            connection.execute(update(tasks).where(mine).values(requested=now))

    def reset(self, datasets: Collection[int]) -> None:
        """Forget failures."""
        with writing(self._engine) as connection:
            for portion in portions(datasets):
                failed = tasks.c.dataset.in_(portion) & tasks.c.request.is_(None)
                connection.execute(delete(tasks).where(failed))

    def of(self, datasets: Collection[int]) -> dict[int, Task]:
        """The tasks of these datasets, as far as there are any."""
        with reading(self._engine) as connection:
            rows = [
                row
                for portion in portions(datasets)
                for row in connection.execute(select(tasks).where(tasks.c.dataset.in_(portion)))
            ]
        return {row.dataset: Task(row.dataset, row.request, row.token, row.failure) for row in rows}

    def all(self) -> list[Task]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(tasks).order_by(tasks.c.requested, tasks.c.dataset)).all()
        return [Task(row.dataset, row.request, row.token, row.failure) for row in rows]


def _insert_into_tasks(connection: Connection) -> postgresql.Insert | sqlite.Insert:
    """The INSERT with `on_conflict_do_update` of the database at hand: the parts of the other one stay unloaded."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(tasks)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(tasks)
