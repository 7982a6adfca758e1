"""Colour scales: where a value lies between a worst and a best end, and the colour of that place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from displays.parts import Scale

Level = Literal["bad", "middling", "good"]
_STOPS = ((215, 48, 39), (254, 224, 139), (26, 152, 80))
"""Red, yellow, green: even steps in lightness from either end, and never the only sign (see `Coloured.level`)."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends in use; `worst` may be the larger one."""

    worst: float
    best: float


@dataclass(frozen=True, slots=True)
class Coloured:
    """`position` from 0 (worst) to 1 (best), the colour there as #rrggbb, and a word for those who do not see it."""

    position: float
    colour: str
    level: Level


def initial_ends(scale: Scale, observed: Iterable[float]) -> Ends:
    """Ends before anybody moves them. A scale that shrinks to the data takes the worse of its best end and the best
    value observed, and the better of its worst end and the worst observed; if these cross (everything is beyond one
    end) the scale's own ends stay, so that all good values are green."""
    values = list(observed)
    if not scale.shrink_to_data or not values:
        return Ends(scale.worst, scale.best)
    if scale.best >= scale.worst:
        ends = Ends(max(scale.worst, min(values)), min(scale.best, max(values)))
        crossed = ends.worst > ends.best
    else:
        ends = Ends(min(scale.worst, max(values)), max(scale.best, min(values)))
        crossed = ends.worst < ends.best
    return Ends(scale.worst, scale.best) if crossed else ends


def coloured(value: float, ends: Ends) -> Coloured:
    """Colour of a value, clamped to the ends; the middle colour if both ends are equal. Zero is a value like others."""
    width = ends.best - ends.worst
    position = 0.5 if width == 0 else min(max((value - ends.worst) / width, 0.0), 1.0)
    level: Level = "bad" if position < 1 / 3 else "good" if position > 2 / 3 else "middling"
    return Coloured(position, _mix(position), level)


def _mix(position: float) -> str:
    low, high = (_STOPS[0], _STOPS[1]) if position <= 0.5 else (_STOPS[1], _STOPS[2])
    share = position * 2 if position <= 0.5 else position * 2 - 1
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))
