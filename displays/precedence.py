"""Does a display apply to a dataset, and which one wins: the order of section "which one wins", as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import NamedTuple

from displays.conditions import NUMERIC, ParameterCondition, as_number, compare
from displays.document import Display
from displays.facts import Facts
from displays.quantities import convert
from displays.records import Dataset
from displays.selector import WORD_KEYS, normalise_instrument
from icat_schema.parameters import Vocabulary
from icat_schema.techniques import Techniques


class Rank(NamedTuple):
    """The tuple that is compared, larger wins; the first position that differs decides. Equal up to `priority` is a
    mistake of the documents; `start` and then the alphabet still make the answer definite."""

    pinned: bool
    instrument: bool
    technique_depth: int
    technique_exact: bool
    contents: int
    words: int
    parameters: int
    narrowness: float
    priority: int
    start: float


POSITIONS: Mapping[str, str] = {
    "pinned": "it was chosen by hand",
    "instrument": "it is made for this beamline",
    "technique_depth": "its technique is more specific",
    "technique_exact": "its technique is the dataset's own, not a wider one",
    "contents": "it names a content schema",
    "words": "it names more of project, program, kind of scan and kind of dataset",
    "parameters": "it has more conditions on parameters",
    "narrowness": "its period is shorter",
    "priority": "its priority is higher",
    "start": "its period begins later",
    "id": "of the alphabet alone; the documents should say which one goes first",
}
"""Why a winner wins when this is the first position that differs."""


NOT_GIVEN = "not given"


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of a selector on one dataset, in words; `note` says what was left out of `found`."""

    key: str
    wanted: str
    found: str
    holds: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a display applies, condition by condition; `rank` is None if it does not. `technique` is the selector's
    technique that matched best."""

    holds: bool
    checks: tuple[Check, ...]
    rank: Rank | None
    technique: str | None = None


class Candidate:
    """A display ready for matching: its selector brought into comparable form once."""

    def __init__(
        self,
        display: Display,
        vocabulary: Vocabulary,
        techniques: Techniques,
        zone: tzinfo,
        aliases: Mapping[str, str],
    ) -> None:
        self.display = display
        self._vocabulary = vocabulary
        self._techniques = techniques
        selector = display.selector
        self.instruments = frozenset(normalise_instrument(name, aliases) for name in selector.instruments or ())
        self.techniques = tuple(_iri(name, techniques) for name in selector.techniques or ())
        self.ignored = frozenset(_iri(name, techniques) for name in display.ignore_techniques)
        self.start, self.until = selector.valid.bounds(zone) if selector.valid else (None, None)
        self._zone = zone

    @cached_property
    def tested(self) -> tuple[str, ...]:
        """Names of the parameters on which the answer depends, apart from those in `Facts`."""
        return tuple(condition.name for condition in self.display.selector.parameters)

    def match(self, dataset: Dataset, facts: Facts, *, pinned: bool = False) -> Match:
        """Test every condition; a pinned display applies whatever its selector says."""
        checks: list[Check] = []
        depth, exact, technique = 0, False, None
        if self.instruments:
            checks.append(self._check_instrument(facts))
        if self.techniques:
            depth, exact, technique = self._best_technique(facts)
            checks.append(self._check_technique(facts, technique))
        if self.display.selector.definitions:
            check, defined = self._check_definitions(facts)
            checks.append(check)
            depth = max(depth, defined)
        checks.extend(self._check_words(facts))
        if self.start or self.until:
            checks.append(self._check_period(facts))
        checks.extend(self._check_parameter(dataset, condition) for condition in self.display.selector.parameters)
        holds = all(check.holds for check in checks)
        rank = self._rank(depth, exact, pinned) if holds or pinned else None
        return Match(holds or pinned, tuple(checks), rank, technique if holds else None)

    def _rank(self, depth: int, exact: bool, pinned: bool) -> Rank:
        selector = self.display.selector
        return Rank(
            pinned=pinned,
            instrument=bool(self.instruments),
            technique_depth=depth,
            technique_exact=exact,
            contents=int(selector.content_schemas is not None),
            words=sum(getattr(selector, key) is not None for key in WORD_KEYS if key != "content_schemas"),
            parameters=len(selector.parameters),
            narrowness=-self.length.total_seconds() if self.length is not None else float("-inf"),
            priority=self.display.priority,
            start=self.start.timestamp() if self.start else float("-inf"),
        )

    @cached_property
    def length(self) -> timedelta | None:
        """Length of the period; None if it is open at either end."""
        return self.until - self.start if self.start and self.until else None

    def _check_instrument(self, facts: Facts) -> Check:
        wanted = " or ".join(self.display.selector.instruments or ())
        return Check("instrument", wanted, facts.instrument_name or "none", facts.instrument in self.instruments)

    def _best_technique(self, facts: Facts) -> tuple[int, bool, str | None]:
        """Depth (roots count 1, so that any match beats none), exactness and IRI of the best matching technique."""
        best: tuple[int, bool, str | None] = (0, False, None)
        for wanted in self.techniques:
            for found in facts.techniques:
                if found not in self.ignored and self._matches(found, wanted):
                    best = max(best, (self._techniques.depth(wanted) + 1, found == wanted, wanted), key=lambda b: b[:2])
        return best

    def _matches(self, found: str, wanted: str) -> bool:
        if self.display.selector.techniques_exact:
            return found == wanted
        return self._techniques.is_a(found, wanted)

    def _check_technique(self, facts: Facts, matched: str | None) -> Check:
        wanted = " or ".join(map(self._label, self.techniques))
        used = [iri for iri in facts.techniques if iri not in self.ignored]
        ignored = [self._label(iri) for iri in facts.techniques if iri in self.ignored]
        note = f"{' and '.join(ignored)} would fit almost any dataset and does not count." if ignored else ""
        if matched is None:
            return Check("technique", wanted, ", ".join(map(self._label, used)) or "none", False, note)
        hits = [iri for iri in used if self._matches(iri, matched)]
        hit = next((iri for iri in hits if iri == matched), hits[0])
        kind = "" if hit == matched else f", a kind of {self._label(matched)}"
        return Check("technique", wanted, self._label(hit) + kind, True, note)

    def _label(self, iri: str) -> str:
        term = self._techniques.get(iri)
        return term.acronym if term else iri

    def _check_definitions(self, facts: Facts) -> tuple[Check, int]:
        wanted = self.display.selector.definitions or ()
        folded = {word.casefold() for word in facts.definitions}
        matched = [word for word in wanted if word.casefold() in folded]
        meant = [self._techniques.resolve(word) for word in matched]
        depth = max((self._techniques.depth(terms[0].iri) + 1 if len(terms) == 1 else 1 for terms in meant), default=0)
        return Check("definition", " or ".join(wanted), ", ".join(facts.definitions) or "none", bool(matched)), depth

    def _check_words(self, facts: Facts) -> list[Check]:
        checks = []
        for key in WORD_KEYS:
            wanted = getattr(self.display.selector, key)
            if wanted is not None:
                found = facts.words(key)
                holds = bool({w.casefold() for w in wanted} & {f.casefold() for f in found})
                checks.append(Check(_singular(key), " or ".join(wanted), ", ".join(found) or "none", holds))
        return checks

    def _check_period(self, facts: Facts) -> Check:
        acquisition = self.display.date_basis == "acquisition"
        moment = facts.acquired if acquisition else facts.start
        holds = moment is not None and (self.start is None or moment >= self.start)
        holds = holds and (self.until is None or (moment is not None and moment < self.until))
        ends = []
        if self.start:
            ends.append(f"from {self._date(self.start)}")
        if self.until:
            ends.append(f"before {self._date(self.until)}")
        key = "date of acquisition" if acquisition else "date"
        return Check(key, " and ".join(ends), self._date(moment) if moment else "no start date", holds)

    def _date(self, moment: datetime) -> str:
        local = moment.astimezone(self._zone)
        return f"{local:%Y-%m-%d}" if local.time() == datetime.min.time() else f"{local:%Y-%m-%d %H:%M}"

    def _check_parameter(self, dataset: Dataset, condition: ParameterCondition) -> Check:
        text = dataset.text(condition.name)
        number = as_number(text) if text is not None else None
        if condition.unit and condition.op in NUMERIC | {"eq", "in"} and number is not None:
            definition = self._vocabulary.get(condition.name)
            stored = dataset.parameters[condition.name].units or (definition.units if definition else None)
            number = convert(number, stored, condition.unit)
            text = text if number is not None else None
        holds = compare(condition.op, text, number, condition.value)
        return Check("parameter", condition.words(), dataset.text(condition.name) or NOT_GIVEN, holds)


def _iri(name: str, techniques: Techniques) -> str:
    canonical = techniques.canonical(name)
    if canonical:
        return canonical
    try:
        return techniques.expand(name)
    except ValueError:
        meant = techniques.resolve(name)
        return meant[0].iri if len(meant) == 1 else name


def _singular(key: str) -> str:
    return key.removesuffix("s").replace("_", " ")
