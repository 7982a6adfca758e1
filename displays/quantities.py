"""Units: the spellings of the definitions read by pint, conversions that never raise, and short symbols."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

_NO_UNIT = ("", "NA", "N/A", "none", "None", "1", "dimensionless", "a.u.")
_SPELLINGS = str.maketrans({"\u00b5": "\u03bc", "\u212b": "\u00c5", "\u2212": "-", "\u22c5": "\u00b7"})
_TERM = r"[A-Za-zμÅ°%Ω_]+(?:[⁻¹²³]{1,2}|(?:\*\*|\^)-?[1-9])?"
_UNIT = re.compile(rf"(?:1\s*/\s*)?{_TERM}(?:\s*(?:[*/·]|\s)\s*{_TERM}){{0,7}}")
"""Products and quotients of a few units with small powers: pint would compute `9**9**9` for as long as it takes."""
_SYMBOLS = {"deg": "°", "pixel": "px", "Da": "Da"}


@cache
def _registry() -> pint.UnitRegistry[float]:
    import pint  # with numpy it takes longer to import than everything else here

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(cache_folder=None)
    # Counted things: what the definitions write in fluxes and doses, each a dimension of its own.
    registry.define("photon = [photons] = ph")
    registry.define("counted_electron = [electrons] = _ = electrons = electron")
    return registry


def _pint_error() -> type[Exception]:
    import pint

    return pint.errors.PintError


@lru_cache(maxsize=512)
def parse_unit(spelling: str | None) -> pint.Unit | None:
    """The unit that a text means; None for no unit. Raises ValueError for a text that is no unit."""
    if spelling is None or spelling.strip() in _NO_UNIT:
        return None
    text = spelling.strip().translate(_SPELLINGS).replace("e-", "electrons")
    if len(text) > 80 or not _UNIT.fullmatch(text):
        raise ValueError(f"{spelling[:80]!r} is not a unit")
    try:
        return _registry().parse_units(text)
    except (
        _pint_error(),
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        AssertionError,
        SyntaxError,
    ) as error:
        raise ValueError(f"{spelling!r} is not a unit") from error


def is_unit(spelling: str | None) -> bool:
    """Can this text be read as a unit (no unit included)?"""
    try:
        parse_unit(spelling)
    except ValueError:
        return False
    return True


def same_dimension(one: str | None, other: str | None) -> bool:
    """Can values be converted between the two? Nothing is only like nothing, per cent or other pure numbers."""
    try:
        a, b = parse_unit(one), parse_unit(other)
    except ValueError:
        return False
    empty = _registry().dimensionless
    return bool((a or empty).dimensionality == (b or empty).dimensionality)


@dataclass(frozen=True, slots=True)
class _Line:
    """A conversion: value * `factor` / `divisor` + `offset`. One of factor and divisor is 1, and the other is the exact
    whole number where there is one, so that 8720 Å is 0.872 µm and not 0.8720000000000001."""

    factor: float = 1.0
    divisor: float = 1.0
    offset: float = 0.0


@lru_cache(maxsize=2048)
def _line(source: str | None, target: str | None) -> _Line | None:
    """How to get from `source` to `target`; None if they do not convert. Unit conversions are straight lines, so two
    points are enough, and a column of twenty thousand rows needs pint only once."""
    if source == target:
        return _Line()
    try:
        a, b = parse_unit(source), parse_unit(target)
    except ValueError:
        return None
    if a == b:
        return _Line()
    registry = _registry()
    empty = registry.dimensionless
    try:
        zero = float(registry.Quantity(0.0, a or empty).to(b or empty).magnitude)
        slope = float(registry.Quantity(1.0, a or empty).to(b or empty).magnitude) - zero
    except (_pint_error(), ZeroDivisionError, OverflowError):
        return None
    if slope == 0 or not math.isfinite(slope) or not math.isfinite(zero):
        return None
    if abs(slope) >= 1:
        return _Line(factor=_whole(slope), offset=zero)
    return _Line(divisor=_whole(1 / slope), offset=zero)


def _whole(number: float) -> float:
    """The whole number that unit arithmetic missed by its rounding, or the number itself."""
    return float(round(number)) if abs(number - round(number)) <= 1e-9 * abs(number) else number


def convert(value: float, source: str | None, target: str | None) -> float | None:
    """The value in another unit; None if the two do not convert or a spelling is unknown."""
    line = _line(source, target)
    if line is None:
        return None
    result = value * line.factor / line.divisor + line.offset
    return result if math.isfinite(result) else None


@lru_cache(maxsize=512)
def symbol(spelling: str | None) -> str | None:
    """The short way to write a unit beside a number (Å, µm, %, keV); the text itself if it is no known unit."""
    try:
        unit = parse_unit(spelling)
    except ValueError:
        return spelling
    if unit is None:
        return None
    short = f"{unit:~P}".replace("counted_electron", "e⁻").replace("e-", "e⁻").replace("photon", "ph")
    return _SYMBOLS.get(short, short) or None
