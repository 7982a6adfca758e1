"""How the text of a producer becomes a value in ICAT's columns. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from drac_plugins.core.links.lists import fit
from icat_schema.definitions.model import ParameterValueType

_LONGEST_NUMBER = 18
"""Digits of a whole number that ICAT can hold for sure."""
Column = Literal["stringValue", "numericValue", "dateTimeValue"]
_OFFSET_WITHOUT_COLON = re.compile(r"([+-]\d{2})(\d{2})$")


@dataclass(frozen=True, slots=True)
class ParameterType:
    """A type of the catalogue. `permitted`: allowed texts of an enforced type, empty for any; `low`, `high`: its
    bounds."""

    id: int
    name: str
    units: str
    value_type: ParameterValueType
    applicable: frozenset[str] = frozenset({"Dataset"})
    enforced: bool = False
    low: float | None = None
    high: float | None = None
    permitted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Value:
    """What goes into which column. `whole`: the full text, when the column holds only its beginning."""

    column: Column
    value: str | float | datetime
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class Unfit:
    """The text cannot be stored under this type; it is kept aside for the operator."""

    reason: str


def as_value(type_: ParameterType, text: str, zone: ZoneInfo) -> Value | Unfit:
    """Dates without an offset are local times in `zone`."""
    if type_.value_type == "NUMERIC":
        return _number(type_, text)
    if type_.value_type == "DATE_AND_TIME":
        return _moment(text, zone)
    if type_.enforced and type_.permitted and text not in type_.permitted:
        return Unfit(f"{type_.name}: {text[:40]!r} is not one of the permitted values")
    fitted = fit(text)
    return Value("stringValue", fitted.text, None if fitted.whole else text)


def same(old: Mapping[Column, str | float | datetime | None], new: Value) -> bool:
    """Whether the catalogue shows this value already."""
    have = old.get(new.column)
    if isinstance(have, datetime) and isinstance(new.value, datetime):
        return abs((have - new.value).total_seconds()) < 1  # databases may cut fractions
    return have == new.value


def _number(type_: ParameterType, text: str) -> Value | Unfit:
    try:
        number = float(text)
    except ValueError:
        return Unfit(f"{type_.name}: {text[:40]!r} is not one number, as its type wants")
    if not math.isfinite(number):
        return Unfit(f"{type_.name}: {text[:40]!r} is no value")
    if type_.enforced and not _within(number, type_.low, type_.high):
        return Unfit(f"{type_.name}: {text[:40]!r} is out of bounds")
    return Value("numericValue", number)


def _within(number: float, low: float | None, high: float | None) -> bool:
    return (low is None or low <= number) and (high is None or number <= high)


def _moment(text: str, zone: ZoneInfo) -> Value | Unfit:
    try:
        moment = datetime.fromisoformat(_OFFSET_WITHOUT_COLON.sub(r"\1:\2", text.strip()))
    except ValueError:
        return Unfit(f"{text[:40]!r} is not a date")
    return Value("dateTimeValue", moment if moment.tzinfo else moment.replace(tzinfo=zone))


def whole_number(text: str | None) -> int | None:
    """A number that fits into 64 bits from its decimal text; None for everything else."""
    digits = (text or "").strip()
    if not digits.removeprefix("-").isdecimal() or len(digits) > _LONGEST_NUMBER:
        return None
    return int(digits)
