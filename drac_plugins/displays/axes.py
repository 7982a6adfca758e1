"""Axes of drawings: where a number lies, and round numbers to write beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

_STEPS = (1, 2, 2.5, 5, 10)
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TIME_STEPS = tuple(
    float(step)
    for step in (
        *(1, 5, 15, 30),
        *(m * _MINUTE for m in (1, 2, 5, 10, 15, 30)),
        *(h * _HOUR for h in (1, 2, 3, 6, 12)),
        *(d * _DAY for d in (1, 2, 7, 14, 30, 90, 365)),
    )
)
_MOST_TIMES = 6
_MOST_WORDS = 12
_MARGIN = 0.05
_EQUAL = 1e-12
"""What differs by less of its size is one place."""
_LARGEST, _SMALLEST = 1e300, 1e-300
"""What is larger is drawn at the end of its axis, what is smaller as nothing; their differences stay finite."""


@dataclass(frozen=True, slots=True)
class Tick:
    value: float
    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` at `begin` to `high` at `end` (pixels; `end` may be the smaller one)."""

    kind: Literal["number", "log", "time", "words"]
    low: float
    high: float
    begin: float
    end: float
    ticks: tuple[Tick, ...] = ()

    def place(self, value: float) -> float:
        """Pixels of a value; outside of the axis it stays at the nearer end."""
        low, high = self.low, self.high
        value = min(max(value, -_LARGEST), _LARGEST)
        if self.kind == "log":
            value, low, high = math.log10(max(value, _SMALLEST)), math.log10(low), math.log10(high)
        share = (value - low) / (high - low)
        return round(self.begin + min(max(share, 0.0), 1.0) * (self.end - self.begin), 1)


def number_axis(values: Sequence[float], begin: float, end: float, most: int, *, log: bool = False) -> Axis:
    """An axis around all values; equal ones get some room on both sides."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    low, high = (min(max(one, -_LARGEST), _LARGEST) for one in (low, high))
    if log:
        return _log_axis(max(low, _SMALLEST), max(high, _SMALLEST), begin, end)
    size = max(abs(low), abs(high))
    if high - low <= size * _EQUAL or size < _SMALLEST:
        room = size * _MARGIN if size >= _SMALLEST else 0.5
        low, high = low - room, high + room
    step = _round_step((high - low) / most)
    first, last = math.floor(low / step), math.ceil(high / step)
    axis = Axis("number", first * step, last * step, begin, end)
    digits = max(0, -math.floor(math.log10(step) + 1e-9)) + (1 if _has_half(step) else 0)
    places = [n * step for n in range(first, min(last, first + 4 * most) + 1)]
    return _with_ticks(axis, [(one, _label(one, step, digits)) for one in places])


def time_axis(seconds: Sequence[float], zone: tzinfo | None, begin: float, end: float) -> Axis:
    """Seconds since 1970, written in the zone."""
    low, high = min(seconds), max(seconds)
    room = (high - low) * _MARGIN or 30.0
    low, high = low - room, high + room
    step = next((one for one in _TIME_STEPS if (high - low) / one <= _MOST_TIMES), _TIME_STEPS[-1])
    pattern = "%Y-%m-%d" if step >= _DAY else "%d %b %H:%M" if high - low > _DAY else "%H:%M"
    if step < _MINUTE:
        pattern = "%H:%M:%S"
    offset = _offset(low, zone)
    first = math.ceil((low + offset) / step) * step - offset
    moments = [first + n * step for n in range(_MOST_TIMES * 2) if first + n * step <= high]
    ticks = [(one, f"{datetime.fromtimestamp(one, zone):{pattern}}") for one in moments]
    return _with_ticks(Axis("time", low, high, begin, end), ticks)


def category_axis(words: Sequence[str], begin: float, end: float) -> Axis:
    """Words one after the other; of many only some are written."""
    axis = Axis("words", -0.5, max(len(words) - 0.5, 0.5), begin, end)
    every = -(-len(words) // _MOST_WORDS) or 1
    return _with_ticks(axis, [(float(i), word[:18]) for i, word in enumerate(words) if i % every == 0])


def figure(value: float) -> str:
    """A number for people: five significant digits, powers of ten where it is very large or small."""
    return f"{value:.5g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def _log_axis(low: float, high: float, begin: float, end: float) -> Axis:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    last = max(last, first + 1)
    axis = Axis("log", 10.0**first, 10.0**last, begin, end)
    every = -(-(last - first) // 8)
    return _with_ticks(axis, [(10.0**n, figure(10.0**n)) for n in range(first, last + 1, every)])


def _with_ticks(axis: Axis, ticks: Sequence[tuple[float, str]]) -> Axis:
    placed = tuple(Tick(value, axis.place(value), label) for value, label in ticks)
    return Axis(axis.kind, axis.low, axis.high, axis.begin, axis.end, placed)


def _round_step(rough: float) -> float:
    """The next larger of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next((step * power for step in _STEPS if step * power >= rough * (1 - 1e-9)), 10 * power)


def _has_half(step: float) -> bool:
    mantissa = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    return abs(mantissa - 2.5) < 1e-6


def _label(value: float, step: float, digits: int) -> str:
    if abs(value) < step / 2:
        return "0"
    return figure(value) if abs(value) >= 1e6 or step < 1e-4 else f"{value:.{digits}f}"


def _offset(moment: float, zone: tzinfo | None) -> float:
    offset = datetime.fromtimestamp(moment, zone).utcoffset() if zone else None
    return offset.total_seconds() if offset else 0.0
