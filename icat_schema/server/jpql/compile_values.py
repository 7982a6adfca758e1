"""Typed SQL values: literals take the type of what they are compared with, other types must fit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Boolean, ColumnElement, Double, bindparam, literal
from sqlalchemy.types import TypeEngine

from icat_schema.definitions import schema
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.build_expressions import whole_number
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.dates import local_instant, read_date
from icat_schema.server.store.columns import Instant, Ordinal, text

NUMBERS = ("Long", "Integer", "Double")
LITERALS = (
    tree.Text,
    tree.Number,
    tree.Truth,
    tree.Null,
    tree.Timestamp,
    tree.Constant,
    tree.Parameter,
    tree.Current,
    tree.Slot,
)
NATURAL_TYPES: dict[type[Any], str] = {tree.Text: "String", tree.Truth: "Boolean", tree.Timestamp: "Date"}

USER = "user_name"
NOW = "now"
TODAY = "today"
"""Parameters of every statement: who asks, when, and the midnight before."""


@dataclass(frozen=True, slots=True, eq=False)
class Typed:
    """A value in SQL. `type` is a Java type, an enumeration or, for objects (told apart by their ids), an entity."""

    sql: ColumnElement[Any]
    type: str
    nullable: bool = True

    @property
    def family(self) -> str:
        """Values of one family can be compared."""
        return "number" if self.type in NUMBERS else self.type

    @property
    def is_entity(self) -> bool:
        return self.type in schema().entities


def sql_type(type_: str) -> TypeEngine[Any]:
    """The column type for values of a Java type or an enumeration."""
    if type_ in schema().enums:
        return Ordinal(schema().enums[type_])
    types: dict[str, TypeEngine[Any]] = {
        "String": text(None),
        "Long": BigInteger(),
        "Integer": BigInteger(),
        "Double": Double(),
        "Boolean": Boolean(),
        "Date": Instant(),
    }
    return types[type_]


def constant(value: Any, type_: str) -> Typed:
    return Typed(literal(value, sql_type(type_)), type_, nullable=False)


class Literals:
    """Reads literals, with the clocks of one facility."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self.slots: set[str] = set()
        """Of those that were met, the ones whose values are parameters of the statement."""

    def value(self, node: tree.Value, wanted: str | None = None) -> Typed:
        """The literal as a value of the wanted type; None: of its own. Raises IcatError when it cannot be one."""
        match node:
            case tree.Text(value):
                return self._text(value, wanted or "String")
            case tree.Slot():
                return self._slot(node, wanted)
            case tree.Number(value):
                return self._number(value, wanted or ("Double" if isinstance(value, float) else "Long"))
            case tree.Truth(value):
                return self._must_be("Boolean", wanted, constant(value, "Boolean"))
            case tree.Timestamp(moment):
                return self._must_be("Date", wanted, self._instant(local_instant(moment, self._zone), node))
            case tree.Constant(enumeration, name):
                return self._must_be(enumeration, wanted, _enumerated(enumeration, name))
            case tree.Parameter(name):
                return self._must_be("String", wanted, _parameter(name))
            case tree.Current(name):
                key = TODAY if name == "CURRENT_DATE" else NOW
                return self._must_be("Date", wanted, Typed(bindparam(key, type_=Instant()), "Date", False))
        raise bad("NULL can only be compared with = and <>: use IS NULL.")

    def numbers(self, node: tree.SlotList) -> ColumnElement[Any]:
        """The list as a parameter of the statement, into which its values are written: there may be more of them than a
        database takes parameters."""
        self.slots.add(node.name)
        return bindparam(node.name, type_=BigInteger(), expanding=True, literal_execute=True)

    def _slot(self, node: tree.Slot, wanted: str | None) -> Typed:
        """A parameter where the value is taken as it stands; else what it was when the form was compiled. The ends of a
        range are written into the statement: a plan for ranges of any length is a bad one for all."""
        whole = isinstance(node.literal, tree.Number)
        if whole and (wanted is None or wanted in NUMBERS):
            self.slots.add(node.name)
            number = bindparam(node.name, type_=BigInteger(), literal_execute=node.bound)
            return Typed(number, "Long", nullable=False)
        if not whole and wanted in (None, "String"):
            self.slots.add(node.name)
            return Typed(bindparam(node.name, type_=text(None)), "String", nullable=False)
        return self.value(node.literal, wanted)

    def _text(self, value: str, wanted: str) -> Typed:
        if wanted == "String":
            return constant(value, "String")
        if wanted == "Date":
            return self._instant(read_date(value, self._zone), tree.Text(value))
        if wanted == "Boolean" and value.lower() in ("true", "false"):
            return constant(value.lower() == "true", "Boolean")
        if wanted in NUMBERS:
            return _number_in_text(value)
        raise _misfit(f"the text '{value}'", wanted)

    def _number(self, value: float, wanted: str) -> Typed:
        if wanted in NUMBERS:
            return constant(value, "Double" if isinstance(value, float) else "Long")
        if wanted == "String":
            return constant(repr(value), "String")
        if wanted == "Boolean" and value in (0, 1):
            return constant(bool(value), "Boolean")
        raise _misfit(f"the number {value}", wanted)

    @staticmethod
    def _instant(moment: datetime | None, node: tree.Value) -> Typed:
        if moment is None:
            shown = f"'{node.value}'" if isinstance(node, tree.Text) else "the timestamp"
            raise bad(f"{shown} is not a date: write 'yyyy-mm-dd hh:mm:ss' or {{ts yyyy-mm-dd hh:mm:ss}}.")
        return constant(moment, "Date")

    @staticmethod
    def _must_be(own: str, wanted: str | None, value: Typed) -> Typed:
        if wanted is not None and wanted != own:
            raise _misfit(f"a value of type {own}", wanted)
        return value


def _enumerated(enumeration: str, name: str) -> Typed:
    if enumeration not in ("ParameterValueType", "StudyStatus"):
        raise bad(f"There is no enumeration org.icatproject.{enumeration}.")
    constants = schema().enums[enumeration]
    if name not in constants:
        raise bad(f"{enumeration} has no constant {name}: it has {', '.join(constants)}.")
    return constant(name, enumeration)


def _parameter(name: str) -> Typed:
    if name != "user":
        raise bad(f"The parameter :{name} has no value: only :user has one.")
    return Typed(bindparam(USER, type_=text(None)), "String", nullable=False)


def _number_in_text(value: str) -> Typed:
    digits = value.strip()
    try:
        if digits.lstrip("+-").isdecimal():
            return constant(whole_number(digits), "Long")
        return constant(float(digits), "Double")
    except ValueError:
        raise _misfit(f"the text '{value}'", "Double") from None


def _misfit(what: str, wanted: str) -> IcatError:
    if wanted in schema().enums:
        example = f"org.icatproject.{wanted}.{schema().enums[wanted][0]}"
        return bad(f"{what} cannot be compared with a {wanted}: write a constant such as {example}.")
    if wanted in schema().entities:
        return bad(f"{what} cannot be compared with a {wanted}: compare its id or another attribute.")
    return bad(f"{what} cannot be compared with a value of type {wanted}.")
