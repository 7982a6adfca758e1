"""Parameter values as text, which is how the ICAT+ wire carries all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from drac_plugins.core.reads.days import wire_date
from drac_plugins.core.reads.records import ParameterRecord

VALUE_COLUMNS = ("stringValue", "numericValue", "dateTimeValue")


def text_of(string: str | None, number: float | None, instant: datetime | None, zone: tzinfo) -> str:
    """The one of the three that is there; ICAT fills it by the type of the parameter."""
    if string is not None:
        return string
    if number is not None:
        return number_text(number)
    return wire_date(instant, zone) or ""


def number_text(number: float) -> str:
    """The shortest text that reads back as this number; whole numbers without `.0`."""
    return str(int(number)) if abs(number) < 1e16 and number == int(number) else repr(number)


def parameter_columns(owner: str) -> tuple[str, ...]:
    """Columns of a parameter entity whose object is reached by `owner`, for `parameter_records`."""
    return ("id", f"{owner}.id", "type.name", *VALUE_COLUMNS, "type.units")


def parameter_records(rows: Iterable[tuple[Any, ...]], zone: tzinfo) -> dict[int, list[ParameterRecord]]:
    """Rows of `parameter_columns` by id of the object, in their order."""
    found: defaultdict[int, list[ParameterRecord]] = defaultdict(list)
    make = tuple.__new__  # the constructor of a named tuple takes three times as long, and here are most rows of all
    for key, owner, name, string, number, instant, units in rows:
        value = string if string is not None else text_of(None, number, instant, zone)
        found[owner].append(make(ParameterRecord, (key, owner, name, value, units)))
    return dict(found)
