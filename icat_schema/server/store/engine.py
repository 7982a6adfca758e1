"""Open the database of the catalogue, and its two kinds of transaction."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from icat_schema.server.store.statistics import Statistics
from icat_schema.server.store.tables import RETIRED_INDEXES, metadata

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for another one on SQLite."""
CACHED_STATEMENTS = 200
"""Statements that are kept compiled: one with the conditions of many rules takes a megabyte."""

POSTGRESQL_OPTIONS = "-c timezone=UTC -c work_mem=32MB -c jit=off"
"""Of every connection whose address has no `options`: answers are sorted in memory, and compiling statements with the
conditions of many rules would take longer than carrying them out."""

CREATION_LOCK = 4_142_435_065
"""PostgreSQL's name of the lock that whoever creates tables holds: any number that nobody else uses."""

_WRITE = "icat_write"
_turns: WeakKeyDictionary[Engine, threading.Lock] = WeakKeyDictionary()
_STATISTICS = "icat_statistics"


def open_engine(url: str) -> Engine:
    """Connect lazily to `sqlite:///file` or `postgresql+psycopg://…`.

    Raises ValueError for other databases, and for SQLite in memory: connections would not see each other's data.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise ValueError("The catalogue needs a file: use a URL such as sqlite:///catalogue.db")
        return _open_sqlite(url)
    if backend == "postgresql":
        usual = {} if "options" in parsed.query else {"options": POSTGRESQL_OPTIONS}
        address = parsed.set(drivername="postgresql+psycopg")
        return create_engine(
            address,
            pool_pre_ping=True,
            max_overflow=-1,
            hide_parameters=True,
            connect_args=usual,
            query_cache_size=CACHED_STATEMENTS,
        )
    raise ValueError(f"Database '{backend}' is not supported: use sqlite:///file or postgresql+psycopg://…")


def create_tables(engine: Engine) -> None:
    """Create every table and index that is not there yet, also in a database of an older version."""
    with writing(engine) as connection:
        postgresql = connection.dialect.name == "postgresql"
        if postgresql:  # several processes may start at the same time
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({CREATION_LOCK})")
        metadata.create_all(connection)
        names = "pg_indexes WHERE schemaname = current_schema()" if postgresql else "sqlite_master WHERE type = 'index'"
        column = "indexname" if postgresql else "name"
        known = set(connection.exec_driver_sql(f"SELECT {column} FROM {names}").scalars())  # noqa: S608 - our own words
        for name in sorted(known.intersection(RETIRED_INDEXES)):
            connection.exec_driver_sql(f'DROP INDEX "{name}"')
        for made in metadata.tables.values():
            for index in sorted(made.indexes, key=lambda i: str(i.name)):
                if index.name not in known:
                    index.create(connection)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One transaction that sees one state of the data. Writing in it is an error on PostgreSQL."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back on any exception.

    On SQLite the write lock is taken at once, so that a transaction never fails half-way because another one wrote.
    """
    with _turn(engine), engine.connect() as connection:
        connection = connection.execution_options(**{_WRITE: True})
        with connection.begin():
            yield connection
        statistics = connection.info.get(_STATISTICS)
        if statistics is not None:
            statistics.note(connection, BUSY_TIMEOUT_MS)


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Writers of one process wait for each other here. In SQLite they would sleep ever longer between two looks, and
    whoever looks at the right moment would be next."""
    lock = _turns.get(engine)
    taken = lock is not None and lock.acquire(timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        yield
    finally:
        if lock is not None and taken:
            lock.release()


def _open_sqlite(url: str) -> Engine:
    usual = {"timeout": BUSY_TIMEOUT_MS / 1000}
    engine = create_engine(url, connect_args=usual, hide_parameters=True, query_cache_size=CACHED_STATEMENTS)
    _turns[engine] = threading.Lock()
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    statistics = Statistics()
    event.listen(engine, "connect", lambda _, record: record.info.update({_STATISTICS: statistics}))
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "case_sensitive_like = ON",
        "cache_size = -65536",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own functions know ASCII only, or fail where PostgreSQL and MariaDB agree on an answer.
    connection.create_function("upper", 1, _upper, deterministic=True)
    connection.create_function("lower", 1, _lower, deterministic=True)
    connection.create_function("sqrt", 1, _sqrt, deterministic=True)


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _upper(value: object) -> str | None:
    return None if value is None else str(value).upper()


def _lower(value: object) -> str | None:
    return None if value is None else str(value).lower()


def _sqrt(value: float | None) -> float | None:
    return None if value is None or value < 0 else math.sqrt(value)
