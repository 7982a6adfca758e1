"""Repeat calls that PostgreSQL gave up for the sake of another transaction; SQLite lets writers wait instead."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

ATTEMPTS = 8
PAUSE_SECONDS = 0.02
GIVEN_UP = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialization failure and of a deadlock: nothing of the transaction is stored."""

T = TypeVar("T")


def again(call: Callable[[], T]) -> T:
    """The answer of the call, which is one transaction and may be made several times."""
    for attempt in range(1, ATTEMPTS):
        try:
            return call()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in GIVEN_UP:
                raise
            time.sleep(random.uniform(0, PAUSE_SECONDS * attempt))  # noqa: S311 - so that two do not meet again
    return call()
