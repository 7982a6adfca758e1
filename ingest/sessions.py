"""Which investigation a message belongs to. Pure: the caller hands over the investigations of the proposal.

Rules in order, the first that finds one wins: the parameter `investigationId`; where a dataset at this place already
is; for processed data the investigation of the inputs, of the raw data of the same session folder, or of the day in the
path; the dates. What nobody scheduled goes into an open-ended session of our own. The order in which messages arrive
does not change which messages share a session, nor when our own sessions start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Rule = Literal["investigationId", "location", "inputs", "folder", "day", "within", "near", "open-ended", "moved back"]


@dataclass(frozen=True, slots=True)
class Slot:
    """An investigation of the proposal: one time slot. `end` None: open-ended. `own`: made by the ingester because no
    slot fitted (and still open-ended)."""

    id: int
    name: str
    start: datetime
    end: datetime | None
    instruments: frozenset[int]
    own: bool = False

    def contains(self, moment: datetime) -> bool:
        return self.end is not None and self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Wish:
    """What a message says about where it belongs. `inputs`: investigations of its resolvable inputs, in order;
    `folder`: those of the raw data in the same session folder; both empty for raw data. `day`: first and last moment
    of the session day in the path of processed data."""

    instrument_id: int
    moment: datetime
    investigation_id: int | None = None
    existing: int | None = None
    inputs: tuple[int, ...] = ()
    folder: tuple[int, ...] = ()
    day: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """`start`: when given, the session is one of our own and has to start then, earlier than it does."""

    slot: Slot
    rule: Rule
    start: datetime | None = None


def choose(wish: Wish, slots: Sequence[Slot], tolerance: timedelta) -> Choice | None:
    """The investigation for a message, None when there is none. `slots`: every investigation of the proposal."""
    by_id = {slot.id: slot for slot in slots}
    here = [slot for slot in slots if wish.instrument_id in slot.instruments]
    if wish.investigation_id in by_id:
        return _choice(by_id[wish.investigation_id], "investigationId", wish.moment)
    if wish.existing in by_id:
        return _choice(by_id[wish.existing], "location", wish.moment)
    return _by_relatives(wish, here) or by_date(wish.moment, here, tolerance)


def by_date(moment: datetime, slots: Sequence[Slot], tolerance: timedelta) -> Choice | None:
    """Among the investigations of one proposal and instrument. What was scheduled goes before sessions of our own."""
    scheduled = [slot for slot in slots if not slot.own]
    within = [slot for slot in scheduled if slot.contains(moment)]
    if within:
        return Choice(max(within, key=_start), "within")
    near = [slot for slot in scheduled if _distance(slot, moment) <= tolerance]
    if near:
        return Choice(min(near, key=lambda slot: (_distance(slot, moment), -slot.start.timestamp(), slot.id)), "near")
    lasting = [s for s in slots if s.end is None and s.start <= moment and not _starts_between(slots, s.start, moment)]
    if lasting:
        return Choice(max(lasting, key=_start), "open-ended")
    later = [s for s in slots if s.own and moment < s.start and not _starts_between(scheduled, moment, s.start)]
    if later:
        return Choice(min(later, key=_start), "moved back", moment)
    return None


def by_day(first: datetime, last: datetime, slots: Sequence[Slot]) -> Slot | None:
    """The slot that a session day in a path means: one that starts that day, else the one going on that day that
    started last."""
    starting = [slot for slot in slots if first <= slot.start <= last]
    if starting:
        return min(starting, key=_start)
    going_on = [slot for slot in slots if slot.start <= last and _ends(slot, slots, first)]
    return max(going_on, key=_start, default=None)


def _by_relatives(wish: Wish, here: Sequence[Slot]) -> Choice | None:
    by_id = {slot.id: slot for slot in here}
    relatives: Iterable[tuple[Rule, tuple[int, ...]]] = (("inputs", wish.inputs), ("folder", wish.folder))
    for rule, ids in relatives:
        found = next((by_id[i] for i in ids if i in by_id), None)
        if found:
            return _choice(found, rule, wish.moment)
    slot = by_day(*wish.day, here) if wish.day else None
    return _choice(slot, "day", wish.moment) if slot else None


def _choice(slot: Slot, rule: Rule, moment: datetime) -> Choice:
    return Choice(slot, rule, moment if slot.own and moment < slot.start else None)


def _start(slot: Slot) -> tuple[datetime, int]:
    return slot.start, slot.id


def _distance(slot: Slot, moment: datetime) -> timedelta:
    ends = [slot.start] if slot.end is None else [slot.start, slot.end]
    return min(abs(moment - end) for end in ends)


def _starts_between(slots: Iterable[Slot], after: datetime, until: datetime) -> bool:
    return any(after < slot.start <= until for slot in slots)


def _ends(slot: Slot, slots: Iterable[Slot], moment: datetime) -> bool:
    """Whether the slot ends after the moment; an open-ended one lasts until the next one starts."""
    if slot.end is not None:
        return slot.end > moment
    return not _starts_between(slots, slot.start, moment)
