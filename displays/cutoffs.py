"""The reader's cut-offs: which results are good enough to be called best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from displays.conditions import as_number
from displays.quantities import convert
from displays.ranking_model import ByNumber, Ranking
from displays.readings import Readings
from displays.records import Dataset


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: `value` in `unit` (None: the unit in which the parameter is defined)."""

    param: str
    label: str
    value: float
    is_minimum: bool
    unit: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of one reader; `missing_fails` says what a result without the statistic is worth."""

    items: tuple[Limit, ...] = ()
    missing_fails: bool = True

    @classmethod
    def of(cls, ranking: Ranking, settings: Mapping[str, Any]) -> Limits:
        """From the settings; whatever is not a number there is no limit."""
        rule = ranking.cutoffs
        template = next((c.param for c in ranking.criteria if isinstance(c, ByNumber)), None)
        given = settings.get(rule.source.removeprefix("user.")) if rule else None
        if rule is None or template is None or not isinstance(given, Mapping):
            return cls()
        found = []
        for stat, shells in given.items():
            for shell, value in shells.items() if isinstance(shells, Mapping) else ():
                number = as_number(str(value)) if not isinstance(value, bool) else None
                if number is not None and shell in ("inner", "outer", "overall"):
                    name = rule.names.get(str(stat), str(stat))
                    param = template.replace("{shell}", shell).replace("{stat}", name)
                    unit = next((u for glob, u in rule.units.items() if fnmatchcase(name, glob)), None)
                    found.append(Limit(param, f"{shell} {name}".replace("_", " "), number, stat in rule.minima, unit))
        return cls(tuple(found), rule.missing == "fail")


def failed(limits: Limits, result: Dataset, readings: Readings) -> tuple[str, ...]:
    """The limits that a result does not meet, in words."""
    said = []
    for limit in limits.items:
        reading = readings.read(result, limit.param)
        number = reading.number if reading else None
        if number is not None and limit.unit is not None and reading is not None:
            number = convert(number, reading.units, limit.unit)
        if number is None:
            if limits.missing_fails:
                said.append(f"{limit.label} is missing")
        elif (number < limit.value) if limit.is_minimum else (number > limit.value):
            word = "below" if limit.is_minimum else "above"
            said.append(f"{limit.label} {number:.6g} is {word} {limit.value:.6g}")
    return tuple(said)
