"""Several messages about one dataset: which of their values count. Pure.

The end state depends on the messages, not on the order in which they are applied. `Process_sequence_index` decides
first (the highest replaces everything), else `complete` goes before incomplete, then the later end, and only then the
later arrival; in that case values add up, each taken from the best message that has it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

DECLARED_INPUTS = "input_datasets"
RECOVERED = "__recovered"
"""Marks what was found out from a folder; it goes when the producer's own message comes."""
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rank:
    """What is compared. `serial` (number in the inbox) settles equal arrivals."""

    index: int | None
    complete: bool
    end: datetime
    arrival: datetime = _LONG_AGO
    serial: int = 0

    def beats(self, other: Rank) -> bool:
        """Whether values of this message go before those of the other; a message beats itself, so that applying it
        again is the same as applying it."""
        if self.index is None and other.index is None:
            return self._lateness() >= other._lateness()
        mine, yours = self._index(), other._index()
        return mine > yours or (mine == yours and (self.arrival, self.serial) <= (other.arrival, other.serial))

    def _index(self) -> tuple[bool, int]:
        return self.index is not None, self.index or 0

    def _lateness(self) -> tuple[bool, datetime, datetime, int]:
        return self.complete, self.end, self.arrival, self.serial


@dataclass(frozen=True, slots=True)
class Correction:
    """A value that somebody set beside the messages of the producer. It stands against all of them but those with a
    higher `Process_sequence_index` than the dataset had (`index`). `moment`: of a corrected start or end."""

    index: int | None
    arrival: datetime
    serial: int
    moment: datetime | None = None

    def stands_against(self, rank: Rank) -> bool:
        return rank.index is None or (self.index is not None and rank.index <= self.index)


@dataclass(frozen=True, slots=True)
class Origin:
    """What is remembered about the messages applied to a dataset.

    `top` and `start`: the message that counts most. `earliest`, `latest`: over all messages. `older`: for values that
    did not come from `top`, the message they came from. `inputs`, `files`: the best message that declared inputs, that
    listed files. `gallery`: gallery paths as they were sent. `corrected`: parameters that were set by hand.
    """

    top: Rank
    start: datetime
    earliest: datetime
    latest: datetime
    older: Mapping[str, Rank] = field(default_factory=dict)
    inputs: Rank | None = None
    files: Rank | None = None
    listed: tuple[Mapping[str, Any], ...] = ()
    gallery: str | None = None
    corrected: Mapping[str, Correction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """One message, as far as it competes. `names`: parameters with a value that can be stored."""

    rank: Rank
    start: datetime
    names: frozenset[str]
    lists_files: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """`values`: parameters taken from the message. `remove`: parameters that no message supports any more. `leads`: the
    message counts most, so sample, description and instrument come from it."""

    values: frozenset[str]
    remove: frozenset[str]
    leads: bool
    complete: bool
    start: datetime
    end: datetime
    origin: Origin


def decide(offer: Offer, present: Collection[str], origin: Origin | None) -> Decision:
    """Hold a message against what has been applied. `present`: names of the parameters that the dataset has now,
    without the computed ones. `origin` None: nothing has been applied."""
    rank = offer.rank
    if origin is None:
        return _first(offer)
    leads = rank.beats(origin.top)
    corrected = {n: c for n, c in origin.corrected.items() if not leads or c.stands_against(rank)}
    offer = replace(offer, names=offer.names - corrected.keys())
    present = frozenset(present) - corrected.keys()
    merged = replace(
        origin,
        top=rank if leads else origin.top,
        start=offer.start if leads else origin.start,
        earliest=min(origin.earliest, offer.start),
        latest=max(origin.latest, rank.end),
    )
    indexed = merged.top.index is not None
    values, remove, older = _replaced(offer, present, leads) if indexed else _added(offer, present, origin, leads)
    declares = DECLARED_INPUTS in offer.names and (origin.inputs is None or rank.beats(origin.inputs))
    lists = offer.lists_files and (origin.files is None or rank.beats(origin.files))
    merged = replace(
        merged,
        older=older,
        corrected=corrected,
        inputs=rank if declares else origin.inputs,
        files=rank if lists else origin.files,
    )
    values = values - {DECLARED_INPUTS} | ({DECLARED_INPUTS} if declares else set())
    return Decision(
        frozenset(values),
        frozenset(remove - {DECLARED_INPUTS}),
        leads,
        merged.top.complete,
        _moment(corrected.get("startDate"), merged.earliest if indexed else merged.start),
        _moment(corrected.get("endDate"), merged.latest if indexed else merged.top.end),
        merged,
    )


def _moment(correction: Correction | None, otherwise: datetime) -> datetime:
    return correction.moment if correction and correction.moment else otherwise


def _first(offer: Offer) -> Decision:
    rank = offer.rank
    origin = Origin(
        top=rank,
        start=offer.start,
        earliest=offer.start,
        latest=rank.end,
        inputs=rank if DECLARED_INPUTS in offer.names else None,
        files=rank if offer.lists_files else None,
    )
    return Decision(offer.names, frozenset(), True, rank.complete, offer.start, rank.end, origin)


_Outcome = tuple[frozenset[str], frozenset[str], Mapping[str, Rank]]


def _replaced(offer: Offer, present: Collection[str], leads: bool) -> _Outcome:
    """The message with the highest index is everything."""
    if not leads:
        return frozenset(), frozenset(), {}
    return offer.names, frozenset(present) - offer.names, {}


def _added(offer: Offer, present: Collection[str], origin: Origin, leads: bool) -> _Outcome:
    """Values of all messages add up."""
    older = dict(origin.older)
    if leads:
        kept = [name for name in present if name not in offer.names]
        older = {name: older.get(name, origin.top) for name in kept}
        if origin.top == offer.rank:
            older = {name: rank for name, rank in older.items() if rank != offer.rank}
        return offer.names, frozenset({RECOVERED}) & frozenset(present) - offer.names, older
    values = frozenset(
        name for name in offer.names if name not in present or (name in older and offer.rank.beats(older[name]))
    )
    older.update(dict.fromkeys(values, offer.rank))
    return values, frozenset(), older


def assumed(index: int | None, complete: bool, start: datetime, end: datetime) -> Origin:
    """For a dataset that is in the catalogue although no message about it is remembered."""
    return Origin(Rank(index, complete, end), start, earliest=start, latest=end)


# ------------------------------------------------------------------------------------------------------ keeping


def to_document(origin: Origin) -> dict[str, Any]:
    """As JSON."""
    return {
        "top": _rank(origin.top),
        "start": origin.start.isoformat(),
        "earliest": origin.earliest.isoformat(),
        "latest": origin.latest.isoformat(),
        "older": {name: _rank(rank) for name, rank in sorted(origin.older.items())},
        "inputs": _rank(origin.inputs) if origin.inputs else None,
        "files": _rank(origin.files) if origin.files else None,
        "listed": [dict(item) for item in origin.listed],
        "gallery": origin.gallery,
        "corrected": {
            name: [c.index, c.arrival.isoformat(), c.serial, c.moment.isoformat() if c.moment else None]
            for name, c in sorted(origin.corrected.items())
        },
    }


def from_document(document: Mapping[str, Any]) -> Origin:
    return Origin(
        top=_read_rank(document["top"]),
        start=datetime.fromisoformat(document["start"]),
        earliest=datetime.fromisoformat(document["earliest"]),
        latest=datetime.fromisoformat(document["latest"]),
        older={name: _read_rank(rank) for name, rank in document["older"].items()},
        inputs=_read_rank(document["inputs"]) if document["inputs"] else None,
        files=_read_rank(document["files"]) if document["files"] else None,
        listed=tuple(document["listed"]),
        gallery=document["gallery"],
        corrected={name: _read_correction(values) for name, values in document.get("corrected", {}).items()},
    )


def _rank(rank: Rank) -> list[Any]:
    return [rank.index, rank.complete, rank.end.isoformat(), rank.arrival.isoformat(), rank.serial]


def _read_rank(values: list[Any]) -> Rank:
    index, complete, end, arrival, serial = values
    return Rank(index, complete, datetime.fromisoformat(end), datetime.fromisoformat(arrival), serial)


def _read_correction(values: list[Any]) -> Correction:
    index, arrival, serial, moment = values
    return Correction(
        index, datetime.fromisoformat(arrival), serial, datetime.fromisoformat(moment) if moment else None
    )
