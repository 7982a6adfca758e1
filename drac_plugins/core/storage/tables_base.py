"""What every table of the store is built from: one MetaData, one column type for moments, one kind of id."""

from __future__ import annotations

import os
import secrets
import threading
import time
from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, MetaData
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Constraints get names from the table and its columns, so that migrations can address them on both engines."""


class Instant(TypeDecorator[datetime]):
    """A moment: aware in, aware UTC out, on SQLite (which forgets zones) and PostgreSQL alike, to the microsecond."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()}: a moment needs its offset from UTC")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Documents:
    """Source of document ids: seconds (8 digits, as in the ids that clients know), milliseconds within the second and
    the process (10 digits), a counter (6 digits). Ids of one process always grow, also when the clock is set back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moment = 0
        self._draw()

    def _draw(self) -> None:
        self._lock = threading.Lock()
        self._process = secrets.randbits(30)
        self._counter = secrets.randbits(20)

    def after_fork(self) -> None:
        self._draw()

    def next(self) -> str:
        with self._lock:
            now = max(self._moment, time.time_ns() // 1_000_000)
            self._counter += 1
            if self._counter >= 1 << 24:
                self._counter, now = 0, now + 1
            self._moment = now
            seconds, milliseconds = divmod(now, 1000)
            return f"{seconds:08x}{(milliseconds << 30) | self._process:010x}{self._counter:06x}"


_documents = _Documents()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_documents.after_fork)


def new_document_id() -> str:
    """Id of a document that we issue: 24 hexadecimal digits, unique among processes and growing with time (to the
    millisecond among processes, strictly within one). Published clients read it as a hexadecimal number."""
    return _documents.next()
