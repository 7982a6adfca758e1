"""The baseline of the catalogue's benchmarks: SQL on the same database, all rows fetched by the driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy.engine import make_url


class PlainSql:
    """Statements with quoted names that SQLite and PostgreSQL both understand; `?` for values."""

    def __init__(self, connection: psycopg.Connection[Any] | sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str) -> list[Any]:
        return self._connection.execute(statement).fetchall()

    def execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def moment(self, text: str) -> str | int:
        """A moment (ISO 8601) as the catalogue stores it."""
        if isinstance(self._connection, sqlite3.Connection):
            return round(datetime.fromisoformat(text).timestamp() * 1000)
        return text

    def insert(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """In one transaction."""
        if isinstance(self._connection, sqlite3.Connection):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(statement, rows)
            self._connection.execute("COMMIT")
            return
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(statement.replace("?", "%s"), rows)


@contextmanager
def plain_sql(database: str) -> Iterator[PlainSql]:
    """A connection of its own to `sqlite:///file` or `postgresql://…`."""
    url = make_url(database)
    if url.get_backend_name() == "sqlite":
        connection = sqlite3.connect(str(url.database), isolation_level=None)
        try:
            yield PlainSql(connection)
        finally:
            connection.close()
        return
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as made:
        yield PlainSql(made)
