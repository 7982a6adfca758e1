"""The time zone of the server, which its query language depends on (see `literals.py`).

ICAT nowhere says in which zone it runs, but every date that it returns carries the offset of its local clock at that
instant. So the zone is either a setting or is learned: a few hundred stored dates, spread over the year, single out
rules that reproduce all of their offsets. Candidates are, in this order, the local clock of this machine (a catalogue
mostly runs at the same site), UTC, the zones of the larger facilities, and every zone that there is. Later answers are
compared with what was learned; a date that contradicts it makes the next query learn again with that date in view.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from zoneinfo import ZoneInfo, available_timezones

log = logging.getLogger(__name__)

Offsets = Callable[[datetime], timedelta]
"""Offset from UTC of a clock at an instant."""

_LIKELY = (
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Athens",
    "Europe/Moscow",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Asia/Tokyo",
    "Asia/Shanghai",
    "Asia/Amman",
    "Australia/Melbourne",
)


class ServerZone:
    """Converts instants to the server's wall-clock time. Thread-safe."""

    def __init__(self, name: str = "") -> None:
        self._fixed = bool(name)
        self._offsets: Offsets | None = partial(_offset_in, ZoneInfo(name)) if name else None
        self._seen: dict[tuple[int, int], datetime] = {}
        self._lock = threading.Lock()
        self._warned = False

    @property
    def known(self) -> bool:
        return self._offsets is not None

    def wall_clock(self, instant: datetime) -> datetime:
        """What the server's clock showed, as a naive datetime. The zone must be known."""
        if self._offsets is None:
            raise AssertionError("the server's zone has not been learned")
        return (instant.astimezone(UTC) + self._offsets(instant)).replace(tzinfo=None)

    def learn(self, dates: Iterable[datetime]) -> None:
        """Find the zone from dates as the server wrote them. Without any date the local clock of this machine is taken
        for this time, with a warning."""
        with self._lock:
            for date in dates:
                self._remember(date)
            if self._fixed:
                return
            if not self._seen:
                log.warning("the catalogue's time zone is unknown: no dates can be read in it; set icat.zone")
            seen = list(self._seen.values())
            self._offsets = next((c for c in _candidates() if _agrees(c, seen)), None) or _last_of(seen)

    def observe(self, date: datetime) -> None:
        """Compare a returned date, with the server's offset, with what is known."""
        offsets = self._offsets
        if offsets is None or offsets(date) == date.utcoffset():
            return
        with self._lock:
            self._remember(date)
            if not self._fixed:
                self._offsets = None
            elif not self._warned:
                self._warned = True
                log.warning("the catalogue returns dates that contradict the setting icat.zone: %s", date)

    def _remember(self, date: datetime) -> None:
        """One date per month is enough evidence and keeps the memory small."""
        self._seen[(date.year, date.month)] = date


def _offset_in(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _offset_here(instant: datetime) -> timedelta:
    return instant.astimezone().utcoffset() or timedelta()


def _candidates() -> Iterator[Offsets]:
    yield _offset_here
    for name in (*_LIKELY, *sorted(available_timezones() - set(_LIKELY))):
        yield partial(_offset_in, ZoneInfo(name))


def _agrees(offsets: Offsets, seen: list[datetime]) -> bool:
    return all(offsets(date) == date.utcoffset() for date in seen)


def _last_of(seen: list[datetime]) -> Offsets:
    """When no zone of this world explains the dates: the offset of the latest of them."""
    return partial(_offset_in_fixed, timezone(max(seen).utcoffset() or timedelta()))


def _offset_in_fixed(zone: timezone, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
