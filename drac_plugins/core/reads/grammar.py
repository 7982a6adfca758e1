"""The `parameters` filter of the ICAT+ API, from text to typed filters and back.

    parameters   = filter *( "," filter )            all filters must hold
    filter       = names [ "~" operator "~" value ]
    names        = name *( ";" name )                 one of the names suffices
    operator     = "eq" / "like" / "gt" / "gteq" / "lt" / "lteq" / "in"
    value        = text            for "in": text *( ";" text )

There is no escape: a value cannot hold a comma, and one of `in` no semicolon. A tilde in a value is part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from drac_plugins.core.errors import Invalid

Operator = Literal["eq", "like", "gt", "gteq", "lt", "lteq", "in", "exists"]
"""`exists` is the filter without operator."""

OPERATORS = ("eq", "like", "gt", "gteq", "lt", "lteq", "in")
COMPARISONS = frozenset({"gt", "gteq", "lt", "lteq"})

MAX_FILTERS = 30
"""Each filter costs a subquery; a request with more is a mistake or an attack."""

MAX_NAMES = 50

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class ParameterFilter:
    """One of `names` (any case) must satisfy `operator` with `values`: none for `exists`, several only for `in`."""

    names: tuple[str, ...]
    operator: Operator = "exists"
    values: tuple[str, ...] = ()

    @property
    def is_comparison(self) -> bool:
        return self.operator in COMPARISONS

    def holds(self, stored: str) -> bool:
        """Does this stored value satisfy the filter? `like` ignores case, `eq` and `in` do not; what is no number
        satisfies no comparison."""
        match self.operator:
            case "exists":
                return True
            case "eq" | "in":
                return stored in self.values
            case "like":
                return self.values[0].casefold() in stored.casefold()
            case _:
                return self._compares(stored)

    def _compares(self, stored: str) -> bool:
        number = number_of(stored)
        bound = number_of(self.values[0])
        if number is None or bound is None:
            return False
        match self.operator:
            case "gt":
                return number > bound
            case "gteq":
                return number >= bound
            case "lt":
                return number < bound
            case _:
                return number <= bound


def number_of(text: str) -> float | None:
    """The text as a decimal number, None when it is something else (units behind it, NaN, hexadecimal ...)."""
    stripped = text.strip()
    return float(stripped) if _NUMBER.fullmatch(stripped) else None


def parse(text: str) -> tuple[ParameterFilter, ...]:
    """Read the filter; empty text is no filter. Raises Invalid that names the part and what is accepted."""
    parts = [part for part in text.split(",") if part.strip()]
    if len(parts) > MAX_FILTERS:
        raise Invalid(f"parameters: at most {MAX_FILTERS} filters, separated by commas, are accepted; got {len(parts)}")
    return tuple(_filter(part) for part in parts)


def render(filters: Iterable[ParameterFilter]) -> str:
    """The text of the filters: `parse(render(f)) == f` for what `parse` can return."""
    return ",".join(_render(one) for one in filters)


def _render(one: ParameterFilter) -> str:
    names = ";".join(one.names)
    return names if one.operator == "exists" else f"{names}~{one.operator}~{';'.join(one.values)}"


def _filter(part: str) -> ParameterFilter:
    names_text, *rest = part.split("~", 2)
    names = tuple(name.strip() for name in names_text.split(";") if name.strip())
    if not names or len(names) > MAX_NAMES:
        raise Invalid(f"parameters: '{part}': needs 1 to {MAX_NAMES} parameter names, separated by semicolons")
    if not rest:
        return ParameterFilter(names)
    operator = rest[0].strip().lower()
    if operator not in OPERATORS or len(rest) == 1:
        raise Invalid(f"parameters: '{part}': expected name~operator~value with operator one of {', '.join(OPERATORS)}")
    return _with_value(names, cast(Operator, operator), rest[1])


def _with_value(names: tuple[str, ...], operator: Operator, value: str) -> ParameterFilter:
    if operator in COMPARISONS and number_of(value) is None:
        raise Invalid(f"parameters: '{value}' after {operator} is not a decimal number such as 12.4 or 1e-3")
    if operator == "in":
        return ParameterFilter(names, operator, tuple(value.split(";")))
    return ParameterFilter(names, operator, (value,))
