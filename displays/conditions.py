"""Comparisons: the one vocabulary of operators used by selectors, warnings, links and normalisation."""

from __future__ import annotations

import re
from fnmatch import translate
from functools import lru_cache
from typing import Literal, Self

from pydantic import Field, model_validator

from displays.model import Name, Names, Part, Texts

Operator = Literal["present", "absent", "eq", "like", "gt", "gteq", "lt", "lteq", "in"]
Operand = str | int | float | bool
NUMERIC: frozenset[Operator] = frozenset({"gt", "gteq", "lt", "lteq"})
_WORDS: dict[Operator, str] = {
    "present": "is given",
    "absent": "is not given",
    "eq": "is",
    "like": "looks like",
    "gt": "is above",
    "gteq": "is at least",
    "lt": "is below",
    "lteq": "is at most",
    "in": "is one of",
}


class ParameterCondition(Part):
    """A condition of a selector on one parameter."""

    name: Name
    op: Operator = "present"
    value: Operand | tuple[Operand, ...] | None = None
    unit: str | None = Field(None, description="Unit of `value`; the dataset's value is converted to it first.")

    @model_validator(mode="after")
    def _operand_fits(self) -> Self:
        check_operand(self.op, self.value)
        return self

    def words(self) -> str:
        """The condition as a phrase, for instance `MX_transmission is above 50 percent`."""
        return phrase(self.name, self.op, self.value, self.unit)


class When(Part):
    """When something inside a display applies: a subject (parameter, column or program; none means the value at hand)
    and exactly one comparison, either as a key (`gt: 5`) or as `op` and `value`."""

    param: Names | None = None
    column: str | None = None
    program: Texts | None = Field(None, description="Globs on Process_program; short for a comparison of its own.")
    op: Operator | None = None
    value: Operand | tuple[Operand, ...] | None = None
    unit: str | None = None
    eq: Operand | None = None
    like: str | None = None
    gt: float | None = None
    gteq: float | None = None
    lt: float | None = None
    lteq: float | None = None
    present: bool | None = None
    within: tuple[Operand, ...] | None = Field(None, alias="in")

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if self.param and self.column:
            raise ValueError("give either param or column, not both")
        if len(self._shorthand()) + (self.op is not None) > 1:
            raise ValueError("give one comparison only; write two entries for two")
        if self.comparison() is None and self.program is None:
            raise ValueError("give a comparison, for instance `gt: 5`, `like: text%` or `present: true`")
        if comparison := self.comparison():
            check_operand(*comparison)
        return self

    def comparison(self) -> tuple[Operator, Operand | tuple[Operand, ...] | None] | None:
        """Operator and operand; None when only programs are named."""
        if self.op is not None:
            return self.op, self.value
        return next(iter(self._shorthand()), None)

    def _shorthand(self) -> list[tuple[Operator, Operand | tuple[Operand, ...] | None]]:
        given: list[tuple[Operator, Operand | tuple[Operand, ...] | None]] = []
        keys: tuple[Operator, ...] = ("eq", "like", "gt", "gteq", "lt", "lteq")
        given.extend((key, getattr(self, key)) for key in keys if getattr(self, key) is not None)
        if self.within is not None:
            given.append(("in", self.within))
        if self.present is not None:
            given.append(("present" if self.present else "absent", None))
        return given

    def words(self, subject: str | None = None) -> str:
        """The condition as a phrase about its own subject, or about the one given."""
        comparison = self.comparison()
        subject = subject or self.column or (self.param[0] if self.param else "value")
        parts = [f"Process_program looks like {' or '.join(self.program)}"] if self.program else []
        return " and ".join([*parts, *([phrase(subject, *comparison, self.unit)] if comparison else [])])


def check_operand(op: Operator, value: Operand | tuple[Operand, ...] | None) -> None:
    """ValueError if the operand does not fit the operator."""
    if op in ("present", "absent"):
        if value is not None:
            raise ValueError(f"{op} takes no value")
    elif value is None:
        raise ValueError(f"{op} needs a value")
    elif op == "in" and not isinstance(value, tuple):
        raise ValueError("in needs a list of values")
    elif op != "in" and isinstance(value, tuple):
        raise ValueError(f"{op} needs one value, not a list")
    elif op in NUMERIC and (isinstance(value, bool) or not _is_number(value)):
        raise ValueError(f"{op} needs a number")


def _is_number(value: Operand | tuple[Operand, ...]) -> bool:
    return as_number(str(value)) is not None


def as_number(text: str) -> float | None:
    """The number that a text is, None for anything else and for what is not finite."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) != float("inf") and number == number else None


def compare(
    op: Operator, text: str | None, number: float | None, operand: Operand | tuple[Operand, ...] | None
) -> bool:
    """Does a value hold against an operand? `text` is what is stored (None: nothing), `number` its magnitude in the
    operand's unit (None: not a number). What cannot be compared does not hold."""
    if op == "present":
        return text is not None
    if op == "absent":
        return text is None
    if text is None or operand is None:
        return False
    if op == "in":
        return any(_equal(text, number, one) for one in operand) if isinstance(operand, tuple) else False
    if op == "eq":
        return not isinstance(operand, tuple) and _equal(text, number, operand)
    if op == "like":
        return bool(like_pattern(str(operand)).fullmatch(text.strip()))
    limit = as_number(str(operand))
    if number is None or limit is None:
        return False
    return {"gt": number > limit, "gteq": number >= limit, "lt": number < limit, "lteq": number <= limit}[op]


def _equal(text: str, number: float | None, operand: Operand) -> bool:
    if isinstance(operand, bool):
        return text.strip().casefold() in (("true", "1") if operand else ("false", "0"))
    wanted = as_number(str(operand))
    if number is not None and wanted is not None:
        return number == wanted
    return text.strip() == str(operand).strip()


@lru_cache(maxsize=512)
def like_pattern(pattern: str) -> re.Pattern[str]:
    """`%` or `*` for any text, `?` for one character; case is ignored. Unlike in SQL `_` is itself, because parameter
    names are full of it. The translation matches without backtracking, so no pattern of anybody's is slow."""
    return re.compile(translate(pattern.replace("[", "[[]").replace("%", "*")), re.IGNORECASE)


def phrase(subject: str, op: Operator, value: Operand | tuple[Operand, ...] | None, unit: str | None) -> str:
    """A comparison in words."""
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    shown = " or ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in values)
    return " ".join(filter(None, (subject, _WORDS[op], shown, unit)))
