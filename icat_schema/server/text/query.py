"""What `lucene/data` is asked: a JSON object with target, text, dates, parameters, samples and a user's name."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from icat_schema.server.entities.validate import UNWRITABLE
from icat_schema.server.errors import IcatError
from icat_schema.server.text.words import Node, parse

Target = Literal["Investigation", "Dataset", "Datafile"]

TARGETS: tuple[Target, ...] = ("Investigation", "Dataset", "Datafile")
KEYS = ("target", "user", "text", "lower", "upper", "parameters", "samples", "userFullName")
DATE_FORM = "%Y%m%d%H%M"
MAX_CONDITIONS = 32


@dataclass(frozen=True, slots=True)
class ParameterCondition:
    """A parameter of this type with a value: one text, or anything between two bounds of one kind."""

    name: str
    units: str
    text: str | None = None
    dates: tuple[datetime, datetime] | None = None
    numbers: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class TextQuery:
    """`user`: user name of somebody who takes part in the investigation. `lower` and `upper` bound the dates of the
    object. Every one of `samples`, and `full_name`, must be found among what hangs from an investigation."""

    target: Target
    user: str | None = None
    text: Node | None = None
    lower: datetime | None = None
    upper: datetime | None = None
    parameters: tuple[ParameterCondition, ...] = ()
    samples: tuple[Node, ...] = ()
    full_name: Node | None = None


def read_query(text: str) -> TextQuery:
    """Raises IcatError of type BAD_PARAMETER."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise bad(f"{error} in json") from None
    if not isinstance(document, dict):
        raise bad("query must be a JSON object")
    for key in document:
        if key not in KEYS:
            raise bad(f"{key} is not an expected key in the json")
    wanted = _text(document, "target")
    target = next((t for t in TARGETS if t == wanted), None)
    if target is None:
        raise bad("target is not set" if wanted is None else f"target must be one of {', '.join(TARGETS)}")
    full_name = _text(document, "userFullName")
    words = _text(document, "text")
    return TextQuery(
        target,
        _text(document, "user"),
        parse(words) if words else None,
        _date(document, "lower"),
        _date(document, "upper"),
        tuple(_parameter(found) for found in _list(document, "parameters")),
        tuple(parse(_plain(found, "samples")) for found in _list(document, "samples")),
        parse(full_name) if full_name else None,
    )


def bad(text: str) -> IcatError:
    return IcatError("BAD_PARAMETER", text)


def _text(document: Mapping[str, Any], key: str) -> str | None:
    found = document.get(key)
    return found if found is None else _plain(found, key)


def _plain(found: Any, key: str) -> str:
    if not isinstance(found, str):
        raise bad(f"{key} must be a string")
    if UNWRITABLE.search(found):
        raise bad(f"{key} contains a control character")
    return found


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    found = document.get(key, [])
    if not isinstance(found, list) or len(found) > MAX_CONDITIONS:
        raise bad(f"{key} must be a list with at most {MAX_CONDITIONS} elements")
    return found


def _date(document: Mapping[str, Any], key: str) -> datetime | None:
    found = _text(document, key)
    if found is None:
        return None
    try:
        if len(found) != len("yyyyMMddHHmm"):
            raise ValueError
        return datetime.strptime(found, DATE_FORM).replace(tzinfo=UTC)
    except ValueError:
        raise bad(f"{key} must be a date of the form yyyyMMddHHmm") from None


def _parameter(found: Any) -> ParameterCondition:
    if not isinstance(found, dict):
        raise bad("parameters must be objects")
    name, units = _text(found, "name"), _text(found, "units")
    if name is None or units is None:
        raise bad(f"{'name' if name is None else 'units'} is not set in one of the parameters")
    value = _text(found, "stringValue")
    if value is not None:
        return ParameterCondition(name, units, text=value)
    first, last = _date(found, "lowerDateValue"), _date(found, "upperDateValue")
    if first is not None and last is not None:
        return ParameterCondition(name, units, dates=(first, last))
    lowest, highest = _number(found, "lowerNumericValue"), _number(found, "upperNumericValue")
    if lowest is not None and highest is not None:
        return ParameterCondition(name, units, numbers=(lowest, highest))
    raise bad("A value is not set in one of the parameters: a string, or both bounds of a date or number")


def _number(document: Mapping[str, Any], key: str) -> float | None:
    found = document.get(key)
    if found is None:
        return None
    try:
        number = float(found) if isinstance(found, int | float) and not isinstance(found, bool) else math.inf
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise bad(f"{key} must be a finite number")
    return number
