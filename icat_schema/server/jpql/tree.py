"""What a query says, as frozen records. `at` is the place in the text (0-based), -1 for parts that were made, not read;
it does not count when trees are compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ArithmeticOperator = Literal["+", "-", "*", "/"]
ComparisonOperator = Literal["=", "<>", "<", "<=", ">", ">="]
AggregateName = Literal["COUNT", "MIN", "MAX", "AVG", "SUM"]
TrimSide = Literal["LEADING", "TRAILING", "BOTH"]


def _at() -> int:
    """A place in the text, left out of comparisons."""
    place: int = field(default=-1, compare=False, repr=False)
    return place


# Values ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Path:
    """A variable or a dotted path from one, as it was written. Variables are not case sensitive, fields are."""

    name: str
    at: int = _at()

    @property
    def parts(self) -> list[str]:
        return self.name.split(".")


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Number:
    value: int | float
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Null:
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Timestamp:
    """`{ts yyyy-mm-dd hh:mm:ss}`: wall-clock time at the facility, so without a zone."""

    value: datetime
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of an enumeration: `org.icatproject.<enumeration>.<name>`."""

    enumeration: str
    name: str
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Parameter:
    """`:name`; only `:user` has a value."""

    name: str
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Current:
    """The moment of the call, or the midnight before it."""

    name: Literal["CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Slot:
    """A literal whose value may be given later, see `forms`. `bound`: it is the end of a range."""

    name: str
    literal: Number | Text
    bound: bool = False
    at: int = _at()


@dataclass(frozen=True, slots=True)
class SlotList:
    """Whole numbers in an IN list that may be given later."""

    name: str
    literals: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    operator: ArithmeticOperator
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Negated:
    """Minus in front of something that is not a number literal."""

    operand: Value


@dataclass(frozen=True, slots=True)
class Call:
    """A function other than TRIM and SIZE; `name` is in upper case."""

    name: str
    arguments: tuple[Value, ...]
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Trim:
    operand: Value
    side: TrimSide = "BOTH"
    character: str = " "


@dataclass(frozen=True, slots=True)
class Size:
    """Number of objects in a to-many relation."""

    path: Path


@dataclass(frozen=True, slots=True)
class Aggregate:
    name: AggregateName
    operand: Value
    distinct: bool = False
    at: int = _at()


@dataclass(frozen=True, slots=True)
class ScalarSelect:
    select: Select
    at: int = _at()


Value = (
    Path
    | Text
    | Number
    | Truth
    | Null
    | Timestamp
    | Constant
    | Parameter
    | Current
    | Slot
    | SlotList
    | Arithmetic
    | Negated
    | Call
    | Trim
    | Size
    | Aggregate
    | ScalarSelect
)

# Conditions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: ComparisonOperator
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Quantified:
    """Comparison with ALL or ANY row of a sub-select."""

    operator: ComparisonOperator
    left: Value
    quantifier: Literal["ALL", "ANY"]
    select: Select


@dataclass(frozen=True, slots=True)
class Between:
    value: Value
    low: Value
    high: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """`%` and `_` in the pattern are wild; `escape` is the one character that makes them plain, None: there is none."""

    value: Value
    pattern: Value
    escape: str | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InValues:
    value: Value
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InSelect:
    value: Value
    select: Select
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsNull:
    value: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsEmpty:
    path: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class MemberOf:
    value: Value
    path: Path
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Exists:
    select: Select


Condition = (
    Or
    | And
    | Not
    | Comparison
    | Quantified
    | Between
    | Like
    | InValues
    | InSelect
    | IsNull
    | IsEmpty
    | MemberOf
    | Exists
)

# Queries -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Range:
    """A variable over a whole entity or, first in a sub-select, over a path from an outer variable."""

    source: str
    variable: str
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Join:
    """A variable over a relation. `a, b.c d`, `IN (b.c) d` and `JOIN b.c d` are the same. `outer`: LEFT JOIN."""

    path: Path
    variable: str
    outer: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    items: tuple[Value, ...]
    ranges: tuple[Range | Join, ...]
    distinct: bool = False
    where: Condition | None = None
    group_by: tuple[Path, ...] = ()
    having: Condition | None = None


@dataclass(frozen=True, slots=True)
class Order:
    value: Value
    descending: bool = False


@dataclass(frozen=True, slots=True)
class IncludeStep:
    path: Path
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class IncludeOne:
    """`INCLUDE 1`: all to-one relations, one level."""


Include = IncludeOne | tuple[IncludeStep, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` None: no limit."""

    offset: int
    count: int | None


@dataclass(frozen=True, slots=True)
class Query:
    """A search. `include` None: nothing is included."""

    select: Select
    order_by: tuple[Order, ...] = ()
    include: Include | None = None
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """The text of a get call. `variable` is what the paths of the INCLUDE start with; None: there is none."""

    entity: str
    variable: str | None = None
    include: Include | None = None
    at: int = _at()


# Concise form, before it is translated ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """`<-> Entity [condition]`; the paths of the condition start at the entity."""

    entity: str
    condition: Condition | None = None
    at: int = _at()


@dataclass(frozen=True, slots=True)
class Concise:
    """`includes` None: no INCLUDE; empty: `INCLUDE 1`; otherwise names of entities."""

    target: Path
    aggregate: AggregateName | None = None
    distinct: bool = False
    includes: tuple[str, ...] | None = None
    order_by: tuple[Order, ...] = ()
    condition: Condition | None = None
    steps: tuple[Step, ...] = ()
    limit: Limit | None = None
