"""Short exclusive claims on names, among threads and processes that share the store.

A holder that lives renews its leases; those of one that was killed lapse by themselves, and an owner that can only run
once (the ingester of an installation) takes back its own at once when it starts again.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, Connection, String, Table, delete, select, update
from sqlalchemy.exc import IntegrityError

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.storage import Instant, Store, metadata

log = logging.getLogger(__name__)

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
    """Thread-safe. `seconds`: when the leases of a holder that gives no sign of life any more lapse (they are renewed
    three times as often). `owner`: name of a holder of which there is one at a time, see `clear`; default: a new name.
    """

    def __init__(
        self,
        store: Store,
        *,
        owner: str | None = None,
        seconds: float = 30.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._owner = hashlib.sha256((owner or secrets.token_hex(16)).encode()).hexdigest()[:16]
        self._seconds = seconds
        self._now = now
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self._renewing = False

    def clear(self) -> int:
        """Take back what earlier processes of this owner left behind when they were killed. Only for an owner that
        runs once, before it holds anything. Returns how many names."""
        with self._store.begin() as connection:
            return connection.execute(delete(lease).where(lease.c.holder.startswith(self._owner))).rowcount

    @contextmanager
    def hold(self, keys: Collection[str], *, wait_seconds: float = 60.0) -> Iterator[None]:
        """Hold all the names at once (all or none, so two holders never wait for each other). Raises LeaseBusy."""
        wanted = sorted(set(keys))
        holder = self._owner + secrets.token_hex(8)
        self._wait(wanted, holder, time.monotonic() + wait_seconds)
        self._keep(holder)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(holder)
            with self._store.begin() as connection:
                connection.execute(delete(lease).where(lease.c.holder == holder))

    def _keep(self, holder: str) -> None:
        with self._lock:
            self._held.add(holder)
            if not self._renewing:
                self._renewing = True
                threading.Thread(target=self._renew, name="leases", daemon=True).start()

    def _renew(self) -> None:
        """Give a sign of life as long as anything is held."""
        while True:
            time.sleep(self._seconds / 3)
            with self._lock:
                held = list(self._held)
                if not held:
                    self._renewing = False
                    return
            try:
                with self._store.begin() as connection:
                    until = self._now() + timedelta(seconds=self._seconds)
                    connection.execute(update(lease).where(lease.c.holder.in_(held)).values(until=until))
            except Unavailable as error:
                log.warning("Leases could not be renewed, trying again: %s", error.message)

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
