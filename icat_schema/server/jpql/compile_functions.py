"""Functions of the query language that SQLite and PostgreSQL call or write differently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, Integer, bindparam, case, cast, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from icat_schema.server.jpql.tree import TrimSide
from icat_schema.server.store.columns import BINARY_COLLATION, text

PATTERN_ESCAPE = "\\"


class Position(GenericFunction[int]):
    """Place of the second text in the first, from 1 on; 0: not in it."""

    name = "position_of_text"
    type = Integer()
    inherit_cache = True


class Stripped(GenericFunction[str]):
    """The first text without the characters of the second at both ends."""

    name = "stripped_text"
    type = text(None)
    inherit_cache = True


class Octets(GenericFunction[int]):
    """Length of a text in bytes of UTF-8."""

    name = "octets_of_text"
    type = BigInteger()
    inherit_cache = True


class CaseFolded(GenericFunction[str]):
    """Upper (`fold` = upper) or lower case of any script, not only of ASCII."""

    type = text(None)
    inherit_cache = True


class Uppered(CaseFolded):
    name = "uppered_text"
    inherit_cache = True


class Lowered(CaseFolded):
    name = "lowered_text"
    inherit_cache = True


@compiles(Position, "sqlite")
def _position_sqlite(element: Position, compiler: SQLCompiler, **kw: Any) -> str:
    return f"instr{compiler.process(element.clause_expr, **kw)}"


@compiles(Position, "postgresql")
def _position_postgresql(element: Position, compiler: SQLCompiler, **kw: Any) -> str:
    return f"strpos{compiler.process(element.clause_expr, **kw)}"


@compiles(Stripped, "sqlite")
def _stripped_sqlite(element: Stripped, compiler: SQLCompiler, **kw: Any) -> str:
    return f"trim{compiler.process(element.clause_expr, **kw)}"


@compiles(Stripped, "postgresql")
def _stripped_postgresql(element: Stripped, compiler: SQLCompiler, **kw: Any) -> str:
    return f"btrim{compiler.process(element.clause_expr, **kw)}"


@compiles(Octets, "sqlite")
def _octets_sqlite(element: Octets, compiler: SQLCompiler, **kw: Any) -> str:
    (argument,) = element.clauses
    return f"length(CAST({compiler.process(argument, **kw)} AS BLOB))"


@compiles(Octets, "postgresql")
def _octets_postgresql(element: Octets, compiler: SQLCompiler, **kw: Any) -> str:
    return f"octet_length{compiler.process(element.clause_expr, **kw)}"


def _folded(element: CaseFolded, compiler: SQLCompiler, function: str, **kw: Any) -> str:
    (argument,) = element.clauses
    inner = compiler.process(argument, **kw)
    if compiler.dialect.name == "sqlite":
        return f"{function}({inner})"
    # Text columns are compared by code point, a collation that knows the case of ASCII letters only.
    return f'({function}(({inner}) COLLATE "und-x-icu") COLLATE "{BINARY_COLLATION}")'


@compiles(Uppered)
def _uppered(element: Uppered, compiler: SQLCompiler, **kw: Any) -> str:
    return _folded(element, compiler, "upper", **kw)


@compiles(Lowered)
def _lowered(element: Lowered, compiler: SQLCompiler, **kw: Any) -> str:
    return _folded(element, compiler, "lower", **kw)


def substring(operand: ColumnElement[Any], *numbers: ColumnElement[Any]) -> ColumnElement[str]:
    """From a place (from 1 on), and of a length. PostgreSQL takes numbers of 32 bits only."""
    return func.substr(operand, *(cast(n, Integer) for n in numbers), type_=text(None))


def locate(needle: ColumnElement[Any], hay: ColumnElement[Any], start: ColumnElement[Any] | None) -> ColumnElement[int]:
    """Place of the needle at or behind `start`, from 1 on; 0: not there."""
    if start is None:
        return Position(hay, needle)
    found = Position(substring(hay, start), needle)
    return case((found == 0, 0), else_=found + cast(start, BigInteger) - 1)


def trimmed(operand: ColumnElement[Any], side: TrimSide, character: str) -> ColumnElement[str]:
    what = literal(character, text(None))
    if side == "BOTH":
        return Stripped(operand, what)
    return (func.ltrim if side == "LEADING" else func.rtrim)(operand, what, type_=text(None))


def square_root(operand: ColumnElement[Any]) -> ColumnElement[float]:
    """Null for negative numbers."""
    number = cast(operand, Double)
    return case((number >= 0.0, func.sqrt(number, type_=Double())))


def quotient(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    """Never cut to whole numbers; null for a division by zero."""
    return cast(left, Double) / func.nullif(cast(right, Double), literal(0.0, Double()), type_=Double())


def remainder(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[int]:
    """Null for a division by zero."""
    return cast(left, BigInteger) % func.nullif(cast(right, BigInteger), literal(0, BigInteger()), type_=BigInteger())


def among(column: ColumnElement[Any], numbers: Sequence[int]) -> ColumnElement[bool]:
    """`column IN (numbers)`, written into the statement: there may be more of them than a database takes parameters."""
    listed = bindparam(None, list(numbers), BigInteger(), unique=True, expanding=True, literal_execute=True)
    return column.in_(listed)


def like(value: ColumnElement[Any], pattern: ColumnElement[Any], escape: str | None) -> ColumnElement[bool]:
    """LIKE in which nothing but `escape` takes a wild card its meaning (PostgreSQL has a default of its own)."""
    if escape is not None:
        return value.like(pattern, escape=escape)
    doubled = func.replace(pattern, PATTERN_ESCAPE, PATTERN_ESCAPE * 2, type_=text(None))
    return value.like(doubled, escape=PATTERN_ESCAPE)


__all__ = [
    "Lowered",
    "Octets",
    "Uppered",
    "among",
    "like",
    "locate",
    "quotient",
    "remainder",
    "square_root",
    "substring",
    "trimmed",
]
