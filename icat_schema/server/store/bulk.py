"""Many rows at once into one table, in the way that the database takes them fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Float, Table, insert
from sqlalchemy.exc import DBAPIError

from icat_schema.server.store.fetch import Column

FEW = 10
"""Rows for which an ordinary INSERT is as fast."""


def insert_many(connection: Connection, made: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns. Raises SQLAlchemy's DBAPIError (IntegrityError and its kin)."""
    if len(rows) <= FEW:
        connection.execute(insert(made), list(rows))
        return
    names = list(rows[0])
    values = list(zip(*(_stored(connection, made, name, rows) for name in names), strict=True))
    if connection.dialect.name == "postgresql":
        _copy(connection, made, names, values)
        return
    places = ", ".join("?" * len(names))
    connection.exec_driver_sql(f"INSERT INTO {_columns(made, names)} VALUES ({places})", values)  # noqa: S608 - our names


def _stored(connection: Connection, made: Table, name: str, rows: Sequence[Mapping[str, Any]]) -> Column:
    """The values of a column as the database has them."""
    type_, dialect = made.c[name].type, connection.dialect
    column = [row[name] for row in rows]
    process = type_.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return column
    if isinstance(type_, Float):  # 0.0 and -0.0 are equal, but not the same
        return [process(value) for value in column]
    known = {value: process(value) for value in set(column)}
    return [known[value] for value in column]


def _copy(connection: Connection, made: Table, names: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    base = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {_columns(made, names)} FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
    except base as error:
        raise DBAPIError.instance(None, None, error, base, dialect=connection.dialect) from error


def _columns(made: Table, names: Sequence[str]) -> str:
    """The table with its columns; the names are those of tables.py."""
    listed = ", ".join(f'"{name}"' for name in names)
    return f'"{made.name}" ({listed})'
