"""The facade's own SQL store: what ICAT cannot hold. SQLite by default, PostgreSQL in production."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.settings import SettingsError

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

BUSY_TIMEOUT_SECONDS = 30
_MORE_CONNECTIONS = 60  # beyond the five that are kept: every thread of the server may hold one
_WRITES = "drac_writes"
_KEYS = "drac_foreign_keys"


class Store:
    """One per process, thread-safe; nothing is opened before first use.

    Transactions are short: on SQLite there is one writer at a time, and `begin` waits up to 30 s for its turn.
    Raises SettingsError when the address cannot be used; a store that does not answer raises Unavailable.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(_address(url))
        sqlite = self.engine.url.get_backend_name() == "sqlite"
        self._turn: AbstractContextManager[object] = threading.RLock() if sqlite else nullcontext()
        self._reading = self.engine.execution_options(**{_WRITES: False, "postgresql_readonly": True})

    def __repr__(self) -> str:
        return f"Store({self.engine.url.render_as_string(hide_password=True)})"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that may write (BEGIN IMMEDIATE on SQLite); committed at the end, undone by an exception.
        Threads of one process queue for their turn, since waiting inside SQLite means to sleep and ask again."""
        with _neighbour(self), self._turn, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; writing in it fails, and it never waits for a writer."""
        with _neighbour(self), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """A writing transaction for migrations: foreign keys are not enforced, since SQLite rebuilds whole tables."""
        with _neighbour(self), self.engine.execution_options(**{_KEYS: False}).begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that may say what to do on a conflict (`on_conflict_do_update`, `on_conflict_do_nothing`), which both
    databases understand and SQLAlchemy has for each apart."""
    if connection.dialect.name == "postgresql":  # whose parts take long to load
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)


@contextmanager
def _neighbour(store: Store) -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        cause = str(getattr(error, "orig", None) or error).strip()
        hint = "" if "no such table" not in cause else "; run: drac db upgrade"
        raise Unavailable(f"{store!r} does not answer: {cause}{hint}") from error


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise SettingsError(
            f"store.url: {url!r} is no database address; use sqlite:///path/to/file or postgresql://user@host/database"
        ) from error
    backend = address.get_backend_name()
    if backend == "sqlite":
        if address.database in (None, "", ":memory:"):
            raise SettingsError("store.url: an SQLite store needs a file, for example sqlite:///var/drac.sqlite")
        return address
    if backend == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    raise SettingsError(f"store.url: {backend} is not supported; use sqlite or postgresql")


def _engine(address: URL) -> Engine:
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True, max_overflow=_MORE_CONNECTIONS)
    Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, max_overflow=_MORE_CONNECTIONS, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    handle: Any = connection
    handle.isolation_level = None  # the driver leaves BEGIN to us
    cursor = handle.cursor()
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Of a new file several processes may want this at once, and here SQLite does not wait for its turn."""
    end = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    writes = options.get(_WRITES, True)
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql(f"PRAGMA foreign_keys = {'ON' if options.get(_KEYS, True) else 'OFF'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
