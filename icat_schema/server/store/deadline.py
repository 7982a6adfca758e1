"""An end to statements that take too long, such as products of large tables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

STEPS_BETWEEN_LOOKS = 50_000
"""Instructions of SQLite's machine between two looks at the clock: some milliseconds."""
INTERRUPTED = ("interrupted", "statement timeout")
"""How SQLite and PostgreSQL say that a statement was stopped."""


@contextmanager
def deadline(connection: Connection, seconds: float) -> Iterator[None]:
    """Stop the statements inside when the time is over: OperationalError, for which `was_stopped` holds."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    end = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > end, STEPS_BETWEEN_LOOKS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def was_stopped(error: OperationalError) -> bool:
    return any(sign in str(error.orig) for sign in INTERRUPTED)
