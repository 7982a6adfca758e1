"""Days and instants of the facility: bounds of days, and dates as the ICAT+ wire writes them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

_FIRST = date(1900, 1, 1)
_LAST = date(2999, 12, 31)
"""Days outside are moved to these bounds: nothing is stored there, and dates in year 1 or 9999 cannot change zone."""


def day_begins(day: date, zone: tzinfo) -> datetime:
    """Midnight at the start of the day, aware."""
    return datetime.combine(min(max(day, _FIRST), _LAST + timedelta(days=1)), time.min, zone)


def day_ends(day: date, zone: tzinfo) -> datetime:
    """Midnight at the end of the day (exclusive bound), aware."""
    return day_begins(min(day, _LAST) + timedelta(days=1), zone)


def wire_date(instant: datetime | None, zone: tzinfo) -> str | None:
    """ISO 8601 with milliseconds and a numeric offset, which clients on old Pythons need; None stays None."""
    return None if instant is None else instant.astimezone(zone).isoformat(timespec="milliseconds")
