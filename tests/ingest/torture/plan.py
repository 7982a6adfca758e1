"""What is sent, and what the catalogue must say about it in the end: made from a seed, without the code under test."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

PROPOSALS = ("ma1001", "ma1002", "mx2001", "ls3001")
NAMES = ("MA-1001", "MA-1002", "MX-2001", "LS-3001")
"""As the catalogue spells them."""
BEAMLINE, INSTRUMENT = "id11", "ID11"
DAYS = tuple(datetime(2026, 3, day, 8, tzinfo=UTC) for day in (2, 9, 16))
"""First mornings of the sessions of each proposal; each lasts three days."""
SESSION = timedelta(days=3)
_RESULTS = ("integrate", "fit", "merge")


@dataclass(frozen=True)
class Dataset:
    """`inputs`: locations of the datasets that it was computed from; `declared`: the same as the producer says it."""

    location: str
    proposal: str
    name: str
    start: datetime
    inputs: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        end = self.start + timedelta(seconds=5)
        sent = dict(self.parameters)
        if self.declared:
            sent["input_datasets"] = ",".join(self.declared)
        elements = "".join(
            f"<tns:parameter><tns:name>{name}</tns:name><tns:value>{escape(value)}</tns:value></tns:parameter>"
            for name, value in sent.items()
        )
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><tns:dataset xmlns:tns="http://www.esrf.fr/icat" complete="true">'
            f"<tns:investigation>{self.proposal}</tns:investigation><tns:instrument>{BEAMLINE}</tns:instrument>"
            f"<tns:name>{self.name}</tns:name><tns:location>{self.location}</tns:location>"
            f"<tns:startDate>{self.start.isoformat()}</tns:startDate><tns:endDate>{end.isoformat()}</tns:endDate>"
            f"<tns:sample><tns:name>{self.parameters['Sample_name']}</tns:name></tns:sample>{elements}</tns:dataset>"
        )
        return text.encode()


@dataclass(frozen=True)
class Plan:
    """`sending`: what goes over the wire in this order, repetitions included."""

    datasets: Mapping[str, Dataset]
    sending: Sequence[Dataset]


def make(messages: int, seed: int, parameters: Sequence[str]) -> Plan:
    """`messages`: how many different ones. `parameters`: names of the vocabulary that take any text."""
    chance = random.Random(seed)
    datasets: dict[str, Dataset] = {}
    raws: list[Dataset] = []
    while len(datasets) < messages:
        raw = _raw(len(raws), parameters)
        raws.append(raw)
        shape = _SHAPES[len(raws) % len(_SHAPES)]
        for one in (raw, *_results(raw, shape(raw, raws, chance), parameters)):
            datasets[one.location] = one
    kept = dict(list(datasets.items())[:messages])
    sending = list(kept.values())
    sending += chance.sample(sending, k=max(1, messages // 20))
    chance.shuffle(sending)
    return Plan(kept, sending)


def _raw(number: int, parameters: Sequence[str]) -> Dataset:
    proposal = PROPOSALS[number % len(PROPOSALS)]
    day = DAYS[number // len(PROPOSALS) % len(DAYS)]
    start = day + timedelta(seconds=number)
    location = f"/data/visitor/{proposal}/{BEAMLINE}/{day:%Y%m%d}/RAW_DATA/s{number % 9}/s{number % 9}_{number:05d}"
    return Dataset(location, proposal, f"{number:04d}", start, parameters=_values(number, parameters))


def _values(number: int, parameters: Sequence[str]) -> dict[str, str]:
    return {"Sample_name": f"s{number % 9}", **{name: f"{name} <{number}>" for name in parameters}}


_Inputs = tuple[tuple[str, ...], tuple[str, ...]]
"""What the producer declares, and which datasets that means."""
_Shape = Callable[[Dataset, Sequence[Dataset], random.Random], list[_Inputs]]


def result_places(raw: Dataset) -> list[str]:
    return [f"{raw.location.replace('RAW_DATA', 'PROCESSED_DATA')}/{name}" for name in _RESULTS]


def _results(raw: Dataset, inputs: Sequence[_Inputs], parameters: Sequence[str]) -> list[Dataset]:
    return [
        Dataset(place, raw.proposal, place.rsplit("/", 1)[-1], raw.start, meant, declared, raw.parameters)
        for place, (declared, meant) in zip(result_places(raw), inputs, strict=True)
    ]


def _same(*places: str) -> _Inputs:
    return places, places


def _fan(raw: Dataset, _raws: Sequence[Dataset], _chance: random.Random) -> list[_Inputs]:
    return [_same(raw.location)] * 3


def _chain(raw: Dataset, _raws: Sequence[Dataset], _chance: random.Random) -> list[_Inputs]:
    first, second, _ = result_places(raw)
    return [_same(raw.location), _same(first), _same(second)]


def _diamond(raw: Dataset, _raws: Sequence[Dataset], _chance: random.Random) -> list[_Inputs]:
    first, second, _ = result_places(raw)
    return [_same(raw.location), _same(raw.location), _same(first, second)]


def _circle(raw: Dataset, _raws: Sequence[Dataset], _chance: random.Random) -> list[_Inputs]:
    first, second, third = result_places(raw)
    return [_same(raw.location, third), _same(first), _same(second)]


def _files(raw: Dataset, _raws: Sequence[Dataset], _chance: random.Random) -> list[_Inputs]:
    first = result_places(raw)[0]
    return [
        ((f"{raw.location}/scan0001/f0.h5",), (raw.location,)),
        ((f"{first}/f0.h5", raw.location), (first, raw.location)),
        _same(raw.location),
    ]


def _many_to_one(raw: Dataset, raws: Sequence[Dataset], chance: random.Random) -> list[_Inputs]:
    """Raw data of other proposals and other sessions among them."""
    others = chance.sample(list(raws[-40:]), k=min(5, len(raws)))
    places = tuple(dict.fromkeys([raw.location, *(other.location for other in others)]))
    return [_same(*places), _same(raw.location), _same(*reversed(places))]


_SHAPES: tuple[_Shape, ...] = (_fan, _chain, _diamond, _circle, _files, _many_to_one)


def closure(start: str, steps: Mapping[str, Sequence[str]]) -> set[str]:
    """Everything that can be reached, without the start."""
    found: set[str] = set()
    waiting = list(steps.get(start, ()))
    while waiting:
        place = waiting.pop()
        if place != start and place not in found:
            found.add(place)
            waiting += steps.get(place, ())
    return found
