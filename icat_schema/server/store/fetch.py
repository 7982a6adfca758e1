"""Rows as the driver gives them, without an object of SQLAlchemy's around each: columns of Python values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Float, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

Column = Sequence[Any]
"""The values of one column, in the order of the rows."""


def fetch(
    connection: Connection, statement: Select[Any], parameters: Mapping[str, Any], size: int
) -> Iterator[list[Column]]:
    """Execute and give the result in portions of `size` rows, each as a list of columns. No rows: no portion.

    Raises SQLAlchemy's DBAPIError, at the start and as it goes on.
    """
    result = connection.execute(statement, parameters)
    cursor = result.cursor
    assert cursor is not None, "a SELECT has rows"
    try:
        convert = _converters(connection.dialect, statement, cursor.description)
        while rows := _fetchmany(connection.dialect, cursor, size):
            columns: list[Column] = list(zip(*rows, strict=True))
            for position, converted in convert:
                columns[position] = converted(columns[position])
            yield columns
    finally:
        result.close()


def _fetchmany(dialect: Dialect, cursor: Any, size: int) -> Sequence[Sequence[Any]]:
    """SQLite works while rows are fetched, so that its errors come here."""
    base = dialect.loaded_dbapi.Error
    try:
        rows: Sequence[Sequence[Any]] = cursor.fetchmany(size)
    except base as error:
        raise DBAPIError.instance(None, None, error, base, dialect=dialect) from error
    return rows


def joined(portions: Iterator[list[Column]]) -> list[Column]:
    """All portions as one; empty when there is none."""
    first = next(portions, None)
    if first is None:
        return []
    second = next(portions, None)
    if second is None:
        return first
    columns = [list(column) for column in first]
    while second is not None:
        for column, more in zip(columns, second, strict=True):
            column.extend(more)
        second = next(portions, None)
    return list(columns)


def _converters(
    dialect: Dialect, statement: Select[Any], description: Sequence[Any]
) -> list[tuple[int, Callable[[Column], Column]]]:
    """What has to be done to which columns."""
    converters = []
    for position, column in enumerate(statement.selected_columns):
        converter = _converter(column.type, dialect, description[position][1])
        if converter is not None:
            converters.append((position, converter))
    return converters


def _converter(type_: TypeEngine[Any], dialect: Dialect, driver_type: Any) -> Callable[[Column], Column] | None:
    process = type_.dialect_impl(dialect).result_processor(dialect, driver_type)
    if process is None:
        return None
    if isinstance(type_, Float):  # 0.0 and -0.0 are equal, but not the same
        return lambda column: [None if value is None else process(value) for value in column]

    def convert(column: Column) -> Column:
        """Instants, truths and enumerations come again and again: each is converted once."""
        known = {value: process(value) for value in set(column)}
        return [known[value] for value in column]

    return convert
