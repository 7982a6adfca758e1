"""Values as constants of ICAT's query language. Nothing that a caller gives gets into a query in another way.

Dates: ICAT knows `{ts yyyy-mm-dd hh:mm:ss}`, in whole seconds and in the wall-clock time of the *server's* zone, and
compares dates also with texts, again as its own wall-clock time; a UTC offset in such a text is ignored. So the instant
is converted to the server's zone here (`wall_clock`, see `zone.py`); whole seconds become the timestamp literal,
fractions, which it cannot hold, a text with milliseconds. In the one hour per year that the server's clock shows twice
the server alone decides which of the two is meant.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from icat_schema.definitions import Attribute, schema
from icat_schema.gateway.conditions import Value
from icat_schema.gateway.errors import InvalidRequest

WallClock = Callable[[datetime], datetime]
"""Aware datetime -> naive datetime as the server's clock showed it."""

_LONGEST = 2**63
_ESCAPE = "!"


def text_constant(value: str) -> str:
    """A quoted text; quotes in it are doubled. InvalidRequest for what no catalogue can store."""
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise InvalidRequest("a text in a query holds characters that are not allowed (NUL or a lone surrogate)")
    return "'" + value.replace("'", "''") + "'"


def like_constant(pattern: str) -> str:
    """A LIKE pattern in which only % and _ are special, with its ESCAPE where a database might see more in it."""
    if "\\" not in pattern:
        return text_constant(pattern)
    escaped = pattern.replace(_ESCAPE, _ESCAPE * 2)
    return f"{text_constant(escaped)} ESCAPE '{_ESCAPE}'"


def contains_constants(text: str) -> tuple[str, str]:
    """(pattern, ESCAPE part) that match every text that holds this one literally."""
    escaped = text
    for special in (_ESCAPE, "%", "_"):
        escaped = escaped.replace(special, _ESCAPE + special)
    plain = escaped == text and "\\" not in text
    return text_constant(f"%{escaped}%"), "" if plain else f" ESCAPE '{_ESCAPE}'"


def constant(attribute: Attribute, value: Value, wall_clock: WallClock) -> str:
    """The constant for a value that is compared with this attribute; InvalidRequest when the types do not fit."""
    make = _MAKERS.get(attribute.type)
    text = make(value) if make else None
    if attribute.type == "Date" and isinstance(value, datetime):
        text = _date(value, wall_clock)
    elif attribute.is_enum and isinstance(value, str):
        text = _enumeration(attribute, value)
    if text is None:
        raise InvalidRequest(f"{attribute.name} is a {attribute.type}, it cannot be compared with {_kind(value)}")
    return text


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"


def _string(value: Value) -> str | None:
    return text_constant(value) if isinstance(value, str) else None


def _integer(value: Value) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    if not -_LONGEST <= value < _LONGEST:
        raise InvalidRequest("a whole number in a query is too large")
    return str(value)


def _double(value: Value) -> str | None:
    """Without exponent: the shortest decimal that reads back as this number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = _as_float(value)
    text = format(Decimal(repr(number)), "f")
    return text if "." in text else f"{text}.0"


def _as_float(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidRequest("a number in a query is not finite")
    return number


def _boolean(value: Value) -> str | None:
    return str(value).upper() if isinstance(value, bool) else None


def _date(value: datetime, wall_clock: WallClock) -> str:
    if value.tzinfo is None:
        raise InvalidRequest("a date in a query has no time zone; give an aware datetime")
    try:
        local = wall_clock(value)
    except (OverflowError, ValueError):
        raise InvalidRequest("a date in a query is out of range") from None
    if local.microsecond < 1000:
        return f"{{ts {local.isoformat(' ', 'seconds')}}}"
    return f"'{local.isoformat(' ', 'milliseconds')}'"


def _enumeration(attribute: Attribute, value: str) -> str:
    names = schema().enums[attribute.type]
    if value not in names:
        raise InvalidRequest(f"{attribute.name} is one of {', '.join(names)}, not {value[:50]!r}")
    return f"org.icatproject.{attribute.type}.{value}"


_MAKERS: dict[str, Callable[[Value], str | None]] = {
    "String": _string,
    "Long": _integer,
    "Integer": _integer,
    "Double": _double,
    "Boolean": _boolean,
}
