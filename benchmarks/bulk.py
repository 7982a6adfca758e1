"""Rows in bulk into the database of an embedded catalogue: COPY on PostgreSQL, executemany on SQLite."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

PORTION = 20_000
"""Rows between two reports of progress."""

Row = tuple[Any, ...]


class Bulk(ABC):
    """One transaction. Tables and columns have the catalogue's own names; moments are aware datetimes."""

    @abstractmethod
    def rows(self, query: str, *values: Any) -> list[Row]:
        """A query with `?` for values and quoted names."""

    @abstractmethod
    def moment(self, moment: datetime) -> Any:
        """A moment as the database stores it."""

    @abstractmethod
    def write(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[int]:
        """Store the rows; yields how many more are stored, portion by portion."""

    def last_id(self, table: str) -> int:
        """The highest id ever given in a table that nobody else writes to."""
        return int(self.rows(f'SELECT coalesce(max(id), 0) FROM "{table}"')[0][0])


@contextmanager
def bulk(database: str, tables: Sequence[str]) -> Iterator[Bulk]:
    """Fill these tables of `sqlite:///file` or `postgresql://…`. Nothing is stored when the block raises."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        with _sqlite(str(url.database)) as made:
            yield made
        return
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        filling = _Postgres(connection)
        taken = _take_indexes(connection, tables)
        yield filling
        for statement in taken:
            connection.execute(statement)
        _advance_sequences(connection, tables)
        connection.commit()
        connection.autocommit = True
        for table in tables:
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))


class _Postgres(Bulk):
    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def rows(self, query: str, *values: Any) -> list[Row]:
        return self._connection.execute(query.replace("?", "%s"), values).fetchall()

    def moment(self, moment: datetime) -> Any:
        return moment

    def write(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[int]:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for part in _portions(rows):
                for row in part:
                    copy.write_row(row)
                yield len(part)


class _Sqlite(Bulk):
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, *values: Any) -> list[Row]:
        return self._connection.execute(query, values).fetchall()

    def moment(self, moment: datetime) -> Any:
        return round(moment.timestamp() * 1000)

    def write(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> Iterator[int]:
        names = ", ".join(f'"{column}"' for column in columns)
        statement = f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(columns))})'
        for part in _portions(rows):
            self._connection.executemany(statement, part)
            yield len(part)


@contextmanager
def _sqlite(path: str) -> Iterator[Bulk]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA cache_size = -262144")
        connection.execute("BEGIN IMMEDIATE")
        yield _Sqlite(connection)
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
    finally:
        connection.close()


def _take_indexes(connection: psycopg.Connection[Row], tables: Sequence[str]) -> list[str]:
    """Drop everything that every row would have to be entered into, except primary keys; returns how to make it again,
    indexes first, because foreign keys are checked by them."""
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    wanted = [f'"{table}"' for table in tables]
    constraints = connection.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('u', 'f') ORDER BY contype DESC",
        [wanted],
    ).fetchall()
    for table, name, _ in constraints:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indexes = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary",
        [wanted],
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    again = [definition for _, definition in indexes]
    again += [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in constraints]
    return again


def _advance_sequences(connection: psycopg.Connection[Row], tables: Sequence[str]) -> None:
    for table in tables:
        connection.execute(
            sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))").format(
                sql.Literal(f'"{table}"'), sql.Identifier(table)
            )
        )


def _portions(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while part := list(islice(rest, PORTION)):
        yield part
