"""The answer to "which display, and why": as data and as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from displays.document import Display
from displays.precedence import NOT_GIVEN, POSITIONS, Check, Match, Rank
from displays.records import Dataset


@dataclass(frozen=True, slots=True)
class Considered:
    """One display and how it fared."""

    display: Display
    match: Match


def by_merit(considered: Iterable[Considered]) -> list[Considered]:
    """Those that apply first, best first (the alphabet decides at the very end), then the others by id."""
    alphabetical = sorted(considered, key=lambda c: c.display.id)
    applying = [c for c in alphabetical if c.match.rank is not None]
    applying.sort(key=lambda c: tuple(c.match.rank or ()), reverse=True)
    return applying + [c for c in alphabetical if c.match.rank is None]


def first_difference(winner: Rank, other: Rank) -> str:
    """Name of the first position at which two ranks differ; `id` if only the alphabet tells them apart."""
    return next((name for name in Rank._fields if getattr(winner, name) != getattr(other, name)), "id")


@dataclass(frozen=True)
class Resolution:
    """The display of a dataset. `considered` holds every display, the winner first, then those beaten, then those that
    do not apply. `beside` are displays of further techniques of the same dataset whose cards are added below."""

    dataset: Dataset
    display: Display
    considered: tuple[Considered, ...]
    notes: tuple[str, ...] = ()
    beside: tuple[Display, ...] = ()

    def explain(self) -> Explanation:
        """Why this display and no other."""
        return Explanation(self)


class Explanation:
    """A resolution as plain data (`as_dict`) and as sentences (`text`)."""

    def __init__(self, resolution: Resolution) -> None:
        self._resolution = resolution

    def as_dict(self) -> dict[str, Any]:
        """JSON-able: `display`, `reasons`, `candidates` (each with `applies`, its `rank` tuple, the `beatenBy` position
        and every check), `notes`, `text`."""
        r = self._resolution
        return {
            "datasetId": r.dataset.id,
            "display": r.display.id,
            "version": r.display.version,
            "title": r.display.title,
            "reasons": self._reasons(),
            "candidates": [self._candidate(c) for c in r.considered],
            "beside": [display.id for display in r.beside],
            "notes": self._notes(),
            "text": self.text(),
        }

    def _winner(self) -> Considered:
        return self._resolution.considered[0]

    def _candidate(self, considered: Considered) -> dict[str, Any]:
        rank = considered.match.rank
        return {
            "display": considered.display.id,
            "title": considered.display.title,
            "applies": rank is not None,
            "rank": {name: _plain(value) for name, value in rank._asdict().items()} if rank else None,
            "beatenBy": self._difference(considered),
            "checks": [
                {"key": c.key, "wanted": c.wanted, "found": c.found, "holds": c.holds} for c in considered.match.checks
            ],
        }

    def _difference(self, considered: Considered) -> str | None:
        winner = self._winner()
        if considered is winner or considered.match.rank is None or winner.match.rank is None:
            return None
        return first_difference(winner.match.rank, considered.match.rank)

    def _reasons(self) -> list[str]:
        winner = self._winner()
        if winner.match.rank is not None and winner.match.rank.pinned:
            return ["it was chosen by hand"]
        return [_reason(check) for check in winner.match.checks] or ["it applies to every dataset"]

    def _notes(self) -> list[str]:
        said = [check.note for check in self._winner().match.checks if check.note]
        return list(dict.fromkeys([*said, *self._resolution.notes]))

    def text(self) -> str:
        """A few lines that a scientist can follow."""
        r = self._resolution
        lines = [f"{r.dataset.name} is shown as “{r.display.title}” ({r.display.id}, version {r.display.version})."]
        lines += ["", "It applies because:", *(f"  - {reason}" for reason in self._reasons())]
        beaten = [c for c in r.considered[1:] if c.match.rank is not None]
        if beaten:
            lines += ["", "These would apply too, but:", *(f"  - {self._beaten(c)}" for c in beaten)]
        failed = [c for c in r.considered if c.match.rank is None]
        near = [c for c in failed if _is_near(c)]
        if near:
            lines += ["", "These do not apply:", *(f"  - {_failed(c)}" for c in near)]
        if len(near) < len(failed):
            others = ", ".join(c.display.id for c in failed if c not in near)
            lines += ["", f"Others are for other beamlines, techniques or projects: {others}."]
        if r.beside:
            titles = ", ".join(f"“{display.title}”" for display in r.beside)
            lines += ["", f"Cards of {titles} are added below, for the other techniques of this dataset."]
        if notes := self._notes():
            lines += ["", *notes]
        return "\n".join(lines)

    def _beaten(self, considered: Considered) -> str:
        position = self._difference(considered) or "id"
        return f"{considered.display.id}: {self._resolution.display.id} goes first because {POSITIONS[position]}."


def _reason(check: Check) -> str:
    if check.key == "parameter":
        return check.wanted if check.found == NOT_GIVEN else f"{check.wanted} (it is {check.found})"
    if check.key.startswith("date"):
        verb = "were acquired" if check.key == "date of acquisition" else "date from"
        return f"the data {verb} {check.found}, and it is for data {check.wanted}"
    if check.wanted == check.found or check.key == "technique":
        return f"the {check.key} is {check.found}"
    return f"the {check.key} is {check.found}; it is for {check.wanted}"


def _is_near(considered: Considered) -> bool:
    """Does something that tells displays apart fit, so that one may wonder why it does not apply? The kind of dataset,
    the date and conditions on parameters fit too much."""
    vague = ("dataset type", "date", "date of acquisition", "parameter")
    telling = [check for check in considered.match.checks if check.key not in vague]
    return not telling or any(check.holds for check in telling)


def _failed(considered: Considered) -> str:
    parts = [_mismatch(check) for check in considered.match.checks if not check.holds]
    return f"{considered.display.id} is {', and '.join(parts)}."


def _mismatch(check: Check) -> str:
    if check.key == "parameter":
        return f"for data where {check.wanted} (here: {check.found})"
    if check.key.startswith("date"):
        return f"for data {check.wanted} (these: {check.found})"
    return f"for {check.key} {check.wanted} (this: {check.found})"


def _plain(value: float | bool) -> float | bool | None:
    """JSON has no infinity: an unbounded period or start is null."""
    return None if value == float("-inf") else value
