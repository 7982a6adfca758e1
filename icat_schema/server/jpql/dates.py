"""Dates that queries write as text: wall-clock time at the facility unless they carry an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

DATE = re.compile(
    r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"
    r"(?: +(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?P<fraction>\.\d*)?)?)?)?"
    r"(?: *(?P<sign>[+-])(?P<offset_hours>\d{2}):?(?P<offset_minutes>\d{2}))?"
)

PARTS = ("year", "month", "day", "hour", "minute", "second")


def read_date(text: str, zone: ZoneInfo) -> datetime | None:
    """`yyyy-mm-dd[ hh[:mm[:ss[.fraction]]]][+hh:mm]`, also with `/` in the date, as an aware UTC datetime.

    None when the text is nothing of this kind. An hour that the facility's clocks showed twice is the first one.
    """
    match = DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[n] or 0) for n in PARTS)
    fraction = _microseconds(match["fraction"])
    try:
        return datetime(year, month, day, hour, minute, second, fraction, _offset(match) or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def local_instant(moment: datetime, zone: ZoneInfo) -> datetime | None:
    """The UTC instant of a wall-clock time at the facility; None when it lies outside the years 1 to 9999."""
    try:
        return moment.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None


def midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """The last midnight at the facility."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _microseconds(fraction: str | None) -> int:
    return int((fraction or ".")[1:7].ljust(6, "0"))


def _offset(match: re.Match[str]) -> timezone | None:
    if match["sign"] is None:
        return None
    offset = timedelta(hours=int(match["offset_hours"]), minutes=int(match["offset_minutes"]))
    return timezone(offset if match["sign"] == "+" else -offset)
