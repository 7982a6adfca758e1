"""Conditions of a query as frozen values; `query.py` renders them.

A *path* is a dotted name from the entity that is asked for: `name`, `investigation.facility.name`,
`parameters.type.name`. Over to-one relations it means the related object; over a to-many relation it means *some*
related object. What is meant together must stand together: inside one `And` (also inside an `Or` in it that speaks of
that relation only) all conditions over the same to-many relation are about one and the same object, so
`And(Eq("parameters.type.name", "scanType"), Eq("parameters.stringValue", "x"))` asks for a parameter that has both.
`Not` holds where its content does not hold: `Not(Eq("parameters.type.name", "x"))` means *no* parameter is an x. As in
SQL, a comparison with a null value holds neither plain nor inside `Not`. Rows are never repeated by a condition.

Values: str, int, float, bool and aware datetime, as the attribute at the end of the path has it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from icat_schema.gateway.query import Select

Value = str | int | float | bool | datetime


@dataclass(frozen=True, slots=True)
class _Comparison:
    path: str
    value: Value


class Eq(_Comparison):
    """Equal."""


class Ne(_Comparison):
    """Not equal (a null is not)."""


class Lt(_Comparison):
    """Less than, earlier than."""


class Le(_Comparison):
    """At most."""


class Gt(_Comparison):
    """Greater than, later than."""


class Ge(_Comparison):
    """At least."""


@dataclass(frozen=True, slots=True)
class Between:
    """At least `low` and at most `high`."""

    path: str
    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class Like:
    """A text that matches a pattern in which `%` stands for any text and `_` for one character; nothing escapes."""

    path: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Contains:
    """A text in which `text` occurs literally; case is ignored unless told otherwise."""

    path: str
    text: str
    ignore_case: bool = True


@dataclass(frozen=True, slots=True, init=False)
class In:
    """One of these values; no values: never."""

    path: str
    values: tuple[Value, ...]

    def __init__(self, path: str, values: Collection[Value]) -> None:
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "values", tuple(values))


@dataclass(frozen=True, slots=True)
class InSelect:
    """Among the values that a query with one column finds."""

    path: str
    select: Select


@dataclass(frozen=True, slots=True)
class IsNull:
    """No value; the path may also end at a to-one relation. The object that would hold the value exists."""

    path: str


@dataclass(frozen=True, slots=True)
class NotNull:
    """Some value; the path may also end at a to-one relation."""

    path: str


@dataclass(frozen=True, slots=True)
class IsUser:
    """The text is the user name of the session, as ICAT writes it (`simple/ada`)."""

    path: str


@dataclass(frozen=True, slots=True, init=False)
class And:
    """All of them; no conditions: always."""

    conditions: tuple[Condition, ...]

    def __init__(self, *conditions: Condition) -> None:
        object.__setattr__(self, "conditions", conditions)


@dataclass(frozen=True, slots=True, init=False)
class Or:
    """At least one of them; no conditions: never."""

    conditions: tuple[Condition, ...]

    def __init__(self, *conditions: Condition) -> None:
        object.__setattr__(self, "conditions", conditions)


@dataclass(frozen=True, slots=True)
class Not:
    """Where the condition does not hold."""

    condition: Condition


Leaf = Eq | Ne | Lt | Le | Gt | Ge | Between | Like | Contains | In | InSelect | IsNull | NotNull | IsUser
Condition = Leaf | And | Or | Not
