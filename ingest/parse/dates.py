"""Dates as producers write them: with offset, without (facility time), with a blank for the T, with any fraction."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r" ?(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_MICROSECONDS = 6


class NotADate(ValueError):
    """The text cannot be read as a moment; the message says why."""


def read_instant(text: str, zone: ZoneInfo) -> tuple[datetime, str | None]:
    """An aware datetime and, where something had to be decided, a sentence about it.

    Without offset the text is in `zone`; an hour that the clock shows twice means the first one. Digits beyond
    microseconds are cut. Raises NotADate.
    """
    found = _INSTANT.fullmatch(text.strip())
    if found is None:
        raise NotADate(f"{text!r} is not a date; write for example 2025-03-10T09:30:00+01:00")
    parts = found.groupdict()
    try:
        moment = datetime.fromisoformat(f"{parts['day']}T{parts['hour']}:{parts['minute']}:{parts['second'] or '00'}")
    except ValueError as error:
        raise NotADate(f"{text!r} is not a date: {error}") from error
    fraction = (parts["fraction"] or "0")[:_MICROSECONDS].ljust(_MICROSECONDS, "0")
    moment = moment.replace(microsecond=int(fraction))
    try:
        return _placed(moment, parts["offset"], text, zone)
    except OverflowError as error:
        raise NotADate(f"{text!r} lies outside the years 1 to 9999") from error


def _placed(moment: datetime, offset: str | None, text: str, zone: ZoneInfo) -> tuple[datetime, str | None]:
    if offset is not None:
        aware = moment.replace(tzinfo=_zone_of(offset, text))
        aware.astimezone(UTC)  # raises OverflowError at the ends of the calendar
        return aware, None
    local = moment.replace(tzinfo=zone)
    local.astimezone(UTC)
    first, second = local.utcoffset(), local.replace(fold=1).utcoffset()
    if first is None or second is None or first == second:
        return local, None
    if first > second:
        return local, f"{text} happens twice in {zone.key}; the first (summer time) was taken"
    return local, f"{text} does not exist in {zone.key}; it was read as {local.astimezone(UTC).isoformat()}"


def _zone_of(offset: str, text: str) -> timezone:
    if offset == "Z":
        return UTC
    digits = offset[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    try:
        return timezone(size if offset[0] == "+" else -size)
    except ValueError as error:
        raise NotADate(f"{text!r}: the offset {offset} is 24 hours or more") from error
