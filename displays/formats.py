"""How values are written. Nothing here raises: what cannot be formatted is shown as its producer wrote it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation

from displays.parts import (
    BoolFormat,
    BytesFormat,
    DateTimeFormat,
    DurationFormat,
    Format,
    IriFormat,
    ListFormat,
    NumberFormat,
    PlusMinusFormat,
    RangeFormat,
)
from displays.readings import split_error
from icat_schema.techniques import Techniques

_RANGE = re.compile(r"\s*(-?\d+)\s*(?:-|–|:|,|\s)\s*(-?\d+)\s*")
_SI = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


def number(value: float, form: NumberFormat) -> str:
    """A number with the digits, rounding and style asked for; without digits, as short as it is exact."""
    exact = Decimal(repr(value))
    if not exact.is_finite():
        return str(value)
    if form.style == "si":
        return _si(exact, form)
    if form.style == "sci":
        return _scientific(exact, form)
    digits = form.digits
    if form.style == "sig" and digits is not None:
        digits = max(digits - 1 - exact.adjusted(), 0) if exact else digits - 1
        if exact and exact.adjusted() >= (form.digits or 1):
            exact = _round(exact, (form.digits or 1) - 1 - exact.adjusted(), form)
            digits = 0
    if digits is None:
        return _shortest(value)
    return f"{_round(exact, digits, form):f}" if abs(exact.adjusted()) < 20 else _scientific(exact, form)


def _round(exact: Decimal, digits: int, form: NumberFormat) -> Decimal:
    rounding = ROUND_DOWN if form.rounding == "truncate" else ROUND_HALF_EVEN
    try:
        rounded = exact.quantize(Decimal(1).scaleb(-digits), rounding=rounding)
    except InvalidOperation:
        return exact
    return rounded or abs(rounded)


def _shortest(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.10g}"


def _scientific(exact: Decimal, form: NumberFormat) -> str:
    digits = form.digits if form.digits is not None else 3
    rounding = ROUND_DOWN if form.rounding == "truncate" else ROUND_HALF_EVEN
    exponent = exact.adjusted() if exact else 0
    mantissa = exact.scaleb(-exponent).quantize(Decimal(1).scaleb(-digits), rounding=rounding)
    if abs(mantissa) >= 10:
        mantissa, exponent = mantissa.scaleb(-1).quantize(Decimal(1).scaleb(-digits), rounding=rounding), exponent + 1
    return f"{mantissa:f}e{exponent}"


def _si(exact: Decimal, form: NumberFormat) -> str:
    power = min(max((exact.adjusted() // 3) * 3 if exact else 0, -12), 15)
    plain = NumberFormat(digits=form.digits, rounding=form.rounding)
    return f"{number(float(exact.scaleb(-power)), plain)} {_SI[power]}".rstrip()


def plus_minus(text: str, scale: float, form: PlusMinusFormat) -> str:
    """A value with its error; both multiplied by `scale` (unit conversion). The text itself if it is no such pair."""
    value, error = split_error(text)
    if value is None:
        return text
    shown = NumberFormat(digits=form.digits)
    if error is None:
        return number(value * scale, shown)
    return f"{number(value * scale, shown)} ± {number(error * abs(scale), shown)}"


def moment(value: datetime, form: DateTimeFormat, zone: tzinfo) -> str:
    """Date and time to the second, in the facility's zone or UTC; a naive value is facility time."""
    aware = value if value.tzinfo else value.replace(tzinfo=zone)
    local = aware.astimezone(UTC if form.zone == "utc" else zone)
    return f"{local:%Y-%m-%d %H:%M:%S}" + (" UTC" if form.zone == "utc" else "")


def size(value: float) -> str:
    """Bytes with a decimal prefix and three significant digits."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(value) < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.4g} PB"


def duration(seconds: float) -> str:
    """A time span in its two largest units, such as 2 h 05 min."""
    if abs(seconds) >= 86400 * 365_000:
        return f"{seconds:.3g} s"
    whole = timedelta(seconds=round(seconds))
    minutes, rest = divmod(int(abs(whole).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    sign = "−" if seconds < 0 else ""
    if days:
        return f"{sign}{days} d {hours:02} h"
    if hours:
        return f"{sign}{hours} h {minutes:02} min"
    if minutes:
        return f"{sign}{minutes} min {rest:02} s"
    return f"{seconds:.3g} s"


def truth(text: str) -> str:
    """yes or no; the text itself if it is neither."""
    plain = text.strip().casefold()
    return "yes" if plain in _TRUE else "no" if plain in _FALSE else text


def listed(text: str, form: ListFormat) -> str:
    """The items of a list, separated by commas."""
    parts = text.split() if not form.sep.strip() else text.split(form.sep)
    return ", ".join(part.strip() for part in parts if part.strip())


def extent(text: str) -> str:
    """Two whole numbers with an en dash between; the text itself if it is no range."""
    match = _RANGE.fullmatch(text)
    return f"{match[1]}–{match[2]}" if match else text


def technique_names(text: str, techniques: Techniques) -> str:
    """Acronyms for IRIs; what is not known stays as it is."""
    found = [techniques.get(iri) for iri in text.split()]
    words = [term.acronym if term else iri for term, iri in zip(found, text.split(), strict=True)]
    return ", ".join(dict.fromkeys(words))


def written(
    form: Format | None, raw: str, value: float | None, zone: tzinfo, techniques: Techniques, scale: float = 1.0
) -> str:
    """A value that is not a moment, in its format. `value` is its magnitude in the unit shown (None: not a number),
    `scale` the factor from the stored to the shown unit, for pairs packed in one text."""
    text = _from_text(form, raw, zone, techniques, scale)
    if text is not None:
        return text
    if value is None:
        return raw
    match form:
        case BytesFormat():
            return size(value)
        case DurationFormat():
            return duration(value)
        case NumberFormat():
            return number(value, form)
    return raw


def _from_text(form: Format | None, raw: str, zone: tzinfo, techniques: Techniques, scale: float) -> str | None:
    """For formats that read the stored text rather than a number; None for the others."""
    match form:
        case PlusMinusFormat():
            return plus_minus(raw, scale, form)
        case RangeFormat():
            return extent(raw)
        case BoolFormat():
            return truth(raw)
        case ListFormat():
            return listed(raw, form)
        case IriFormat():
            return technique_names(raw, techniques)
        case DateTimeFormat():
            return _stored_moment(raw, form, zone)
    return None


def _stored_moment(raw: str, form: DateTimeFormat, zone: tzinfo) -> str:
    try:
        return moment(datetime.fromisoformat(raw.strip()), form, zone)
    except (ValueError, OverflowError):
        return raw
