"""Instants on the wire. A date without an offset is wall-clock time in the server's zone.

Dates are cut to whole seconds when they come in, as the database of an original does.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

XML_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:T(?P<time>\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?)?(?P<offset>Z|[+-]\d\d:\d\d)?"
)
JSON_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:?\d\d)")


def from_xml(text: str, zone: ZoneInfo) -> datetime:
    """An xs:dateTime or xs:date as a UTC instant. Raises ValueError when it is neither, or not in the years 1-9999."""
    return whole_seconds(exact_from_xml(text, zone))


def exact_from_xml(text: str, zone: ZoneInfo) -> datetime:
    """The same with its fraction of a second, for what is only restored."""
    found = XML_DATE_TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is not of the form yyyy-mm-ddThh:mm:ss with an optional fraction and offset")
    moment = datetime.fromisoformat(
        f"{found['date']}T{found['time'] or '00:00:00'}{found['fraction'] or ''}{found['offset'] or ''}"
    )
    return _as_utc(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def from_json(text: str) -> datetime:
    """REST's one form, with milliseconds and offset. Raises ValueError for anything else."""
    if JSON_DATE_TIME.fullmatch(text) is None:
        raise ValueError(f"'{text}' is not of the form yyyy-mm-ddThh:mm:ss.sss with an offset or Z")
    return whole_seconds(_as_utc(datetime.fromisoformat(text)))


def from_port(text: str, zone: ZoneInfo) -> datetime:
    """The form of the import: an xs:dateTime that must have a time. Raises ValueError for anything else."""
    if "T" not in text:
        raise ValueError(f"'{text}' has no time")
    return from_xml(text, zone)


def whole_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def to_xml(moment: datetime, zone: ZoneInfo) -> str:
    """With the offset of the zone, and milliseconds only where there are any."""
    return _local_text(moment, zone, "milliseconds" if moment.microsecond >= 1000 else "seconds")


def to_json(moment: datetime, zone: ZoneInfo) -> str:
    """With the offset of the zone, always with milliseconds."""
    return _local_text(moment, zone, "milliseconds")


def _local_text(moment: datetime, zone: ZoneInfo, precision: str) -> str:
    try:
        local = moment.astimezone(zone)
    except OverflowError:  # the last hours of the year 9999
        local = moment.astimezone(UTC)
    offset = local.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):  # local mean time of the 19th century
        local = local.astimezone(UTC)
    text = local.isoformat(timespec=precision)
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def _as_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"'{moment.isoformat()}' is outside the years 1 to 9999") from error
