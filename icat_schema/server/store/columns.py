"""Column types that behave the same on SQLite and on PostgreSQL: instants, enumerations, text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, SmallInteger, String
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

BINARY_COLLATION = "C"
"""PostgreSQL's name for comparison by code point, which is what SQLite does by default."""

Identifier = BigInteger().with_variant(Integer(), "sqlite")
"""Ids. SQLite numbers rows by itself only when the key is called INTEGER; it holds 64 bits all the same."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def text(length: int | None) -> TypeEngine[str]:
    """Text compared by code point; `length` in characters, None: unlimited."""
    return String(length).with_variant(String(length, collation=BINARY_COLLATION), "postgresql")


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC, cut to milliseconds.

    PostgreSQL keeps it as `timestamptz`. SQLite has no date type, there it is the number of milliseconds since 1970,
    so that comparison, order, MIN and MAX are exact and cheap.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import TIMESTAMP

            return dialect.type_descriptor(TIMESTAMP(timezone=True, precision=3))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        milliseconds = (value - EPOCH) // MILLISECOND
        return EPOCH + milliseconds * MILLISECOND if dialect.name == "postgresql" else milliseconds

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            instant: datetime = value.astimezone(UTC)
            return instant
        return EPOCH + timedelta(milliseconds=value)


class Ordinal(TypeDecorator[str]):
    """The name of an enumeration constant, stored as its position so that order is declaration order."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, constants: Sequence[str]) -> None:
        super().__init__()
        self.constants = tuple(constants)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else self.constants.index(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else self.constants[value]
