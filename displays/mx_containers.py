"""Sample containers as they are drawn: pucks and plates with a disc per position."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from displays.conditions import as_number
from displays.gallery import natural
from displays.view_model import Cell

Status = Literal["not_analysed", "analysed", "collected"]
CAPACITIES = (10, 16, 96)
"""Spine puck, unipuck, plate."""
_BY_TYPE = (("spine", 10), ("uni", 16), ("plate", 96))
_INNER = 5
"""Positions on the inner ring of a unipuck."""
_PLATE_COLUMNS = 12
_LARGEST = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sample sits, as the catalogue has it. `capacity` as stated; None where nobody said."""

    shipment: str | None
    parcel: str | None
    container: str | None
    type: str | None
    capacity: int | None
    position: int | None
    position_text: str | None


@dataclass(frozen=True, slots=True)
class SampleMark:
    """What a sample adds to its position. `value` is the chosen statistic of its best result, coloured."""

    sample: str
    protein: str | None
    place: Place
    analysed: bool
    collected: bool
    autoprocessed: bool
    phased: bool
    collections: int
    program: str | None
    value: Cell | None
    action_id: int | None


@dataclass(frozen=True, slots=True)
class Position:
    """One place of a container; `x` and `y` of its centre and the radius `r` are parts of the container's width.
    `number` is None for samples whose position nobody said."""

    number: int | None
    x: float
    y: float
    r: float
    status: Status
    autoprocessed: bool
    phased: bool
    samples: tuple[SampleMark, ...]


@dataclass(frozen=True, slots=True)
class Container:
    """`guessed`: the capacity is the smallest usual one that holds the largest position. `height` is a part of the
    width."""

    label: str
    type: str | None
    parcel: str | None
    shipment: str | None
    capacity: int
    guessed: bool
    height: float
    positions: tuple[Position, ...]
    unplaced: tuple[SampleMark, ...]


def containers(marks: Iterable[SampleMark]) -> tuple[Container, ...]:
    """Containers by shipment, parcel and name; samples without a container come last, in one of no name."""
    groups: dict[tuple[str, str, str], list[SampleMark]] = {}
    for mark in marks:
        place = mark.place
        groups.setdefault((place.shipment or "", place.parcel or "", place.container or ""), []).append(mark)
    ordered = sorted(groups.items(), key=lambda item: (not item[0][2], [natural(part.casefold()) for part in item[0]]))
    return tuple(_container(members) for _, members in ordered)


def _container(marks: Sequence[SampleMark]) -> Container:
    place = marks[0].place
    numbers = [m.place.position for m in marks if m.place.position is not None] if place.container else []
    stated = next((m.place.capacity for m in marks if m.place.capacity), None) or _of_type(place.type)
    capacity = stated if stated and stated >= max(numbers, default=0) else _smallest(max(numbers, default=0))
    capacity = capacity if numbers else 0
    by_number: dict[int, list[SampleMark]] = {}
    for mark in marks:
        if numbers and mark.place.position is not None:
            by_number.setdefault(mark.place.position, []).append(mark)
    return Container(
        label=place.container or "No container",
        type=place.type,
        parcel=place.parcel,
        shipment=place.shipment,
        capacity=capacity,
        guessed=stated != capacity,
        height=1.0 if capacity <= 16 else _rows(capacity) / _PLATE_COLUMNS,
        positions=tuple(_position(n, capacity, by_number.get(n, ())) for n in range(1, capacity + 1)),
        unplaced=tuple(mark for mark in marks if not numbers or mark.place.position is None),
    )


def _of_type(text: str | None) -> int | None:
    lowered = (text or "").casefold()
    return next((capacity for word, capacity in _BY_TYPE if word in lowered), None)


def _smallest(largest: int) -> int:
    return next((capacity for capacity in CAPACITIES if capacity >= largest), largest)


def _position(number: int, capacity: int, marks: Sequence[SampleMark]) -> Position:
    x, y, r = disc(number, capacity)
    return Position(
        number=number,
        x=x,
        y=y,
        r=r,
        status=status(marks),
        autoprocessed=any(mark.autoprocessed for mark in marks),
        phased=any(mark.phased for mark in marks),
        samples=tuple(marks),
    )


def status(marks: Iterable[SampleMark]) -> Status:
    """The highest of the three that any of these reached."""
    members = tuple(marks)
    if any(mark.collected for mark in members):
        return "collected"
    return "analysed" if any(mark.analysed for mark in members) else "not_analysed"


def disc(number: int, capacity: int) -> tuple[float, float, float]:
    """Centre and radius of a position: a spine puck has one ring, a unipuck five positions inside eleven, anything
    larger is a plate of twelve columns. Counted clockwise from the top."""
    if capacity > 16:
        width = 1.0 / _PLATE_COLUMNS
        row, column = divmod(number - 1, _PLATE_COLUMNS)
        return (column + 0.5) * width, (row + 0.5) * width, width * 0.42
    if capacity <= 10:
        return *_on_ring(number - 1, capacity, 0.36), 0.1
    inner = number <= _INNER
    if inner:
        return *_on_ring(number - 1, _INNER, 0.17), 0.085
    return *_on_ring(number - 1 - _INNER, capacity - _INNER, 0.4), 0.085


def _on_ring(index: int, count: int, radius: float) -> tuple[float, float]:
    angle = 2 * math.pi * index / count
    return round(0.5 + radius * math.sin(angle), 4), round(0.5 - radius * math.cos(angle), 4)


def _rows(capacity: int) -> int:
    return -(-capacity // _PLATE_COLUMNS)


def whole(text: str | None) -> int | None:
    """A position or capacity: a whole number from 1 to a thousand, also with decimals that are zero, or A1 to H12 of a
    plate; None for anything else."""
    plain = (text or "").strip()
    well = re.fullmatch(r"([A-Ha-h])(1[0-2]|[1-9])", plain)
    if well:
        return (ord(well[1].upper()) - ord("A")) * _PLATE_COLUMNS + int(well[2])
    number = as_number(plain)
    return int(number) if number is not None and 1 <= number <= _LARGEST and number == int(number) else None
