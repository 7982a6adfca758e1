"""Short exclusive claims on names, among threads and processes that share the store.

A lease that its holder never gave back (because it was killed) lapses by itself.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, Connection, String, Table, delete, select
from sqlalchemy.exc import IntegrityError

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.storage import Instant, Store, metadata

PORTION = 400  # names in one statement

lease = Table(
    "lease",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("holder", String(32), nullable=False),
    Column("until", Instant, nullable=False),
)


class LeaseBusy(Unavailable):
    """Somebody else holds the name for longer than we wait; trying again later helps."""


class Leases:
    """`seconds`: when an abandoned lease lapses; longer than any piece of work done under one."""

    def __init__(
        self, store: Store, *, seconds: float = 120.0, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._seconds = seconds
        self._now = now

    @contextmanager
    def hold(self, keys: Collection[str], *, wait_seconds: float = 60.0) -> Iterator[None]:
        """Hold all the names at once (all or none, so two holders never wait for each other). Raises LeaseBusy."""
        wanted = sorted(set(keys))
        holder = secrets.token_hex(16)
        self._wait(wanted, holder, time.monotonic() + wait_seconds)
        try:
            yield
        finally:
            with self._store.begin() as connection:
                connection.execute(delete(lease).where(lease.c.holder == holder))

    def _wait(self, keys: list[str], holder: str, deadline: float) -> None:
        pause = 0.01
        while not self._acquire(keys, holder):
            if time.monotonic() >= deadline:
                raise LeaseBusy(f"{keys[0]} is being worked on by another writer; try again later")
            time.sleep(pause)
            pause = min(2 * pause, 0.25)

    def _acquire(self, keys: list[str], holder: str) -> bool:
        now = self._now()
        try:
            with self._store.begin() as connection:
                if _held(connection, keys, now):
                    return False
                until = now + timedelta(seconds=self._seconds)
                if keys:
                    connection.execute(lease.insert(), [{"key": k, "holder": holder, "until": until} for k in keys])
                return True
        except IntegrityError:  # PostgreSQL: another transaction inserted the name between our look and our insert
            return False


def _held(connection: Connection, keys: list[str], now: datetime) -> bool:
    for first in range(0, len(keys), PORTION):
        portion = keys[first : first + PORTION]
        connection.execute(delete(lease).where(lease.c.key.in_(portion), lease.c.until < now))
        if connection.execute(select(lease.c.key).where(lease.c.key.in_(portion)).limit(1)).first() is not None:
            return True
    return False
