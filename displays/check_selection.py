"""Lints over all documents: displays that never win, that tie, and gaps between periods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any

from displays.findings import Finding, Severity
from displays.library import Library
from displays.precedence import Candidate
from displays.selector import WORD_KEYS
from icat_schema.techniques import Techniques


class SelectionLints:
    """Compares the selectors of a library with each other."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._techniques = library.techniques
        self._candidates = library.candidates

    def findings(self) -> Iterator[Finding]:
        """Everything found, in no particular order."""
        for candidate in self._candidates:
            if candidate.start and candidate.until and candidate.start >= candidate.until:
                yield self._finding(candidate, "valid", "error", "the period ends before it begins, so nothing applies")
        for one, other in combinations(self._candidates, 2):
            yield from self._pair(one, other)
        yield from self._gaps()

    def _finding(self, candidate: Candidate, key: str, severity: Severity, text: str) -> Finding:
        written = self._library.written_for(candidate.display.id)
        path = ("selector", key) if key == "valid" else ("id",)
        return Finding(written.source, written.line(path), severity, f"{candidate.display.id}: {text}")

    def _pair(self, one: Candidate, other: Candidate) -> Iterator[Finding]:
        if _static(one, self._techniques) == _static(other, self._techniques):
            if self._can_meet(one, other):
                first, second = sorted((one, other), key=lambda c: c.display.id)
                yield self._finding(
                    second,
                    "id",
                    "error",
                    f"is as specific as {first.display.id}, so only the alphabet or the later start decides; "
                    "give one of them a priority",
                )
            return
        for hidden, winner in ((one, other), (other, one)):
            if self._covers(winner, hidden) and _static(winner, self._techniques) > _static(hidden, self._techniques):
                yield self._finding(hidden, "id", "error", f"is never used: {winner.display.id} always goes first")

    def _can_meet(self, one: Candidate, other: Candidate) -> bool:
        """Could one dataset fit both? Two different techniques on one dataset are not called a clash."""
        if one.instruments and other.instruments and not one.instruments & other.instruments:
            return False
        if bool(one.techniques) != bool(other.techniques):
            return False
        if one.techniques and not set(one.techniques) & set(other.techniques):
            return False
        if not _periods_overlap(one, other):
            return False
        return all(_words_meet(one, other, key) for key in (*WORD_KEYS, "definitions"))

    def _covers(self, wide: Candidate, narrow: Candidate) -> bool:
        """Does `wide` apply to everything that `narrow` applies to?"""
        if wide.instruments and not (narrow.instruments and narrow.instruments <= wide.instruments):
            return False
        if wide.techniques and not self._techniques_covered(wide, narrow):
            return False
        if wide.start and not (narrow.start and narrow.start >= wide.start):
            return False
        if wide.until and not (narrow.until and narrow.until <= wide.until):
            return False
        if wide.display.date_basis != narrow.display.date_basis and (wide.start or wide.until):
            return False
        conditions = set(narrow.display.selector.parameters)
        if not all(condition in conditions for condition in wide.display.selector.parameters):
            return False
        return all(_words_covered(wide, narrow, key) for key in (*WORD_KEYS, "definitions"))

    def _techniques_covered(self, wide: Candidate, narrow: Candidate) -> bool:
        exact = wide.display.selector.techniques_exact
        return bool(narrow.techniques) and all(
            any(found == wanted or (not exact and self._techniques.is_a(found, wanted)) for wanted in wide.techniques)
            for found in narrow.techniques
        )

    def _gaps(self) -> Iterator[Finding]:
        chains: dict[Any, list[Candidate]] = {}
        for candidate in self._candidates:
            if candidate.start or candidate.until:
                selector = candidate.display.selector
                words = tuple(getattr(selector, key) for key in (*WORD_KEYS, "definitions"))
                key = (candidate.instruments, frozenset(candidate.techniques), words, selector.parameters)
                chains.setdefault(key, []).append(candidate)
        for chain in chains.values():
            yield from self._gaps_of(chain)

    def _gaps_of(self, chain: Sequence[Candidate]) -> Iterator[Finding]:
        ordered = sorted(chain, key=lambda c: c.start.timestamp() if c.start else float("-inf"))
        for before, after in pairwise(ordered):
            if before.until and after.start and before.until < after.start:
                zone = self._library.zone
                first, last = (moment.astimezone(zone).date() for moment in (before.until, after.start))
                yield self._finding(
                    after, "valid", "warning", f"nothing is said for {first} to {last}, after {before.display.id}"
                )


def _static(candidate: Candidate, techniques: Techniques) -> tuple[float, ...]:
    """The positions of the rank that do not depend on the dataset, up to the priority."""
    selector = candidate.display.selector
    return (
        float(bool(candidate.instruments)),
        float(max((techniques.depth(iri) + 1 for iri in candidate.techniques), default=0)),
        float(selector.content_schemas is not None),
        float(sum(getattr(selector, key) is not None for key in WORD_KEYS if key != "content_schemas")),
        float(len(selector.parameters)),
        -candidate.length.total_seconds() if candidate.length is not None else float("-inf"),
        float(candidate.display.priority),
    )


def _periods_overlap(one: Candidate, other: Candidate) -> bool:
    ends_before = one.until and other.start and one.until <= other.start
    begins_after = one.start and other.until and other.until <= one.start
    return not (ends_before or begins_after)


def _words_meet(one: Candidate, other: Candidate, key: str) -> bool:
    mine, theirs = (getattr(c.display.selector, key) for c in (one, other))
    return mine is None or theirs is None or bool({w.casefold() for w in mine} & {w.casefold() for w in theirs})


def _words_covered(wide: Candidate, narrow: Candidate, key: str) -> bool:
    wanted, given = (getattr(c.display.selector, key) for c in (wide, narrow))
    return wanted is None or (given is not None and set(given) <= set(wanted))
