"""Parameter values as numbers and texts, corrected for producers known to write another unit than they should."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from displays.conditions import When, as_number, compare, like_pattern
from displays.parts import Normalise
from displays.quantities import convert
from displays.records import Dataset
from icat_schema.parameters import Vocabulary

NULLS = frozenset({"", "none", "nan", "n/a", "na", "null"})
"""Texts that mean missing everywhere, compared without case."""
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PLUS_MINUS = re.compile(rf"\s*(?P<value>{_NUMBER})\s*(?:±|\+/-|\+-|\\pm)\s*(?P<error>{_NUMBER})\s*")


@dataclass(frozen=True, slots=True)
class Reading:
    """One parameter of one dataset. `raw` is the producer's text; `number` is in `units` (None: not a number), with
    `error` when the text packs one. `stated_units` is what the catalogue says, `corrected_from` the unit that a rule of
    the display or the document itself puts in its place."""

    name: str
    raw: str
    number: float | None
    error: float | None
    units: str | None
    stated_units: str | None
    corrected_from: str | None = None


class Readings:
    """Reads parameters under one display's rules."""

    def __init__(self, vocabulary: Vocabulary, rules: Sequence[Normalise]) -> None:
        self._vocabulary = vocabulary
        self._rules = tuple((like_pattern(rule.param), rule) for rule in rules)
        self._by_name: dict[str, tuple[Normalise, ...]] = {}

    def read(
        self, dataset: Dataset, name: str, nulls: Sequence[str] = (), from_unit: str | None = None
    ) -> Reading | None:
        """The reading, or None if the parameter is absent or says that it is missing. `from_unit` overrides every
        other statement about the unit."""
        raw = raw_text(dataset, name)
        if raw is None or is_null(raw, nulls):
            return None
        number, error = split_error(raw)
        stated = self._stated(dataset, name)
        if from_unit is not None:
            return Reading(name, raw, number, error, from_unit, stated, from_unit)
        rule = self._rule(dataset, name, raw, number)
        if rule is None or number is None:
            return Reading(name, raw, number, error, stated, stated)
        corrected = convert(number, rule.from_unit, stated)
        if corrected is None:
            return Reading(name, raw, number, error, rule.from_unit, stated, rule.from_unit)
        error = abs(convert(error, rule.from_unit, stated) or 0.0) if error is not None else None
        return Reading(name, raw, corrected, error, stated, stated, rule.from_unit)

    def _stated(self, dataset: Dataset, name: str) -> str | None:
        parameter = dataset.parameters.get(name)
        if parameter is not None and parameter.units and parameter.units.strip() not in ("NA", ""):
            return parameter.units
        definition = self._vocabulary.get(name)
        return definition.units if definition else None

    def _rule(self, dataset: Dataset, name: str, raw: str, number: float | None) -> Normalise | None:
        if name not in self._by_name:
            self._by_name[name] = tuple(rule for pattern, rule in self._rules if pattern.fullmatch(name))
        return next((r for r in self._by_name[name] if r.when is None or applies(r.when, dataset, raw, number)), None)


def raw_text(dataset: Dataset, name: str) -> str | None:
    """The stored text; for two names that live beside the parameters, that fact."""
    text = dataset.text(name)
    if text is None and name == "Sample_name":
        return dataset.sample_name
    if text is None and name == "technique_pid" and dataset.techniques:
        return " ".join(dataset.techniques)
    return text


def is_null(text: str, nulls: Sequence[str] = ()) -> bool:
    """Does the text say that there is no value? Further null texts that are numbers are compared as numbers."""
    plain = text.strip()
    if plain.casefold() in NULLS:
        return True
    number = as_number(plain)
    return any(plain == null.strip() or (number is not None and number == as_number(null)) for null in nulls)


def split_error(text: str) -> tuple[float | None, float | None]:
    """Value and error of a text such as 2.3±0.1; a plain number has no error; anything else is neither."""
    number = as_number(text)
    if number is not None:
        return number, None
    match = _PLUS_MINUS.fullmatch(text)
    if match is None:
        return None, None
    value, error = as_number(match["value"]), as_number(match["error"])
    return value, abs(error) if value is not None and error is not None else None


def applies(when: When, dataset: Dataset, raw: str | None, number: float | None) -> bool:
    """Does a condition hold? Without `param` its subject is the value at hand (`raw`, `number`)."""
    if when.program is not None:
        program = dataset.text("Process_program") or ""
        if not any(like_pattern(pattern).fullmatch(program) for pattern in when.program):
            return False
    comparison = when.comparison()
    if comparison is None:
        return True
    if when.param is not None:
        raw = dataset.text(*when.param)
        number = as_number(raw) if raw is not None else None
    return compare(comparison[0], raw, number, comparison[1])
