"""Values turned into cells: converted to the unit asked for, written in their format, judged and coloured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from displays.colours import Ends, coloured
from displays.conditions import as_number
from displays.formats import moment, written
from displays.formats import number as write_number
from displays.parts import CardRow, DateTimeFormat, ListFormat, NumberFormat, PlusMinusFormat, Shown
from displays.quantities import convert, symbol
from displays.reader import Reader
from displays.values import Value
from displays.view_model import Cell

_FORMATS_WITH_OWN_UNIT = ("bytes", "duration")


@dataclass(slots=True)
class _Drawn:
    """What a value looks like under a format; one of these per cell, so it is filled in place."""

    text: str
    value: float | str | datetime | None = None
    error: float | None = None
    unit: str | None = None
    notes: tuple[str, ...] = ()


def cell(shown: Shown, value: Value, reader: Reader, ends: Ends | None = None, cell_id: str | None = None) -> Cell:
    """The cell of one value. `ends` colour it, if its number is known."""
    missing = value.missing
    drawn = _Drawn(shown.missing) if missing else _draw(shown, value, reader)
    number = drawn.value if isinstance(drawn.value, float) else None
    return Cell(
        id=cell_id or shown.id or (shown.label or ""),
        label=shown.label or "",
        text=drawn.text,
        missing=missing,
        value=drawn.value,
        error=drawn.error,
        unit=drawn.unit,
        raw=None if missing else _raw(value),
        coloured=coloured(number, ends) if number is not None and ends is not None else None,
        copy=shown.copy_button,
        hidden=missing and shown.hide_if_empty,
        tooltip=shown.description or _definition(shown, reader),
        marks=value.marks,
        notes=(*value.notes, *drawn.notes) if drawn.notes else value.notes,
        provenance=value.provenance,
    )


def _draw(shown: Shown, value: Value, reader: Reader) -> _Drawn:
    if value.moment is not None:
        form = shown.format if isinstance(shown.format, DateTimeFormat) else DateTimeFormat(kind="datetime")
        aware = value.moment if value.moment.tzinfo else value.moment.replace(tzinfo=reader.zone)
        return _Drawn(moment(value.moment, form, reader.zone), aware)
    if value.number is None:
        return _draw_text(shown, value, value.text or "", reader)
    return _draw_number(shown, value, value.number, reader)


def _draw_text(shown: Shown, value: Value, raw: str, reader: Reader) -> _Drawn:
    """A text as its producer wrote it; the numbers of a list in the unit asked for."""
    text = written(shown.format, raw, None, reader.zone, reader.techniques)
    if not isinstance(shown.format, ListFormat) or not value.units:
        return _Drawn(text, raw)
    wanted = _target_unit(shown, value)
    parts = [as_number(part) for part in text.split(", ")]
    numbers = [convert(part, value.units, wanted) if part is not None else None for part in parts]
    known = [number for number in numbers if number is not None]
    if len(known) < len(parts):
        return _Drawn(text, raw)
    texts = (_short(write_number(number, NumberFormat(digits=6, style="sig"))) for number in known)
    return _Drawn(", ".join(texts), raw, unit=symbol(wanted))


def _short(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def _draw_number(shown: Shown, value: Value, stored: float, reader: Reader) -> _Drawn:
    notes: tuple[str, ...] = ()
    raw, wanted = value.text or "", _target_unit(shown, value)
    number = convert(stored, value.units, wanted)
    if number is None:
        notes = (f"{value.units or 'A number without unit'} cannot be shown in {wanted}.",)
        wanted, number = value.units, stored
    factor = _factor(value.units, wanted)
    if isinstance(shown.format, PlusMinusFormat) and value.error is not None:
        raw = f"{stored!r}±{value.error!r}"
    elif shown.format is None and number != as_number(raw):
        raw = _short(write_number(number, NumberFormat(digits=6, style="sig")))
    own_unit = shown.format is not None and shown.format.kind in _FORMATS_WITH_OWN_UNIT
    return _Drawn(
        text=written(shown.format, raw, number, reader.zone, reader.techniques, factor),
        value=float(number),
        error=value.error * abs(factor) if value.error is not None else None,
        unit=None if own_unit else symbol(wanted),
        notes=notes,
    )


def _target_unit(shown: Shown, value: Value) -> str | None:
    if shown.unit is not None:
        return shown.unit
    if shown.format is not None and shown.format.kind == "bytes" and value.units:
        return "byte"
    if shown.format is not None and shown.format.kind == "duration":
        return "s" if value.units else None
    return value.units


def _factor(source: str | None, target: str | None) -> float:
    if source == target:
        return 1.0
    one, zero = convert(1.0, source, target), convert(0.0, source, target)
    return one - zero if one is not None and zero is not None else 1.0


def _raw(value: Value) -> str | None:
    return value.provenance.raw if value.provenance and value.provenance.raw is not None else value.text


def _definition(shown: Shown, reader: Reader) -> str | None:
    definition = reader.vocabulary.get(shown.param[0]) if shown.param else None
    return (definition.description or None) if definition else None


def judged(row: CardRow, drawn: Cell) -> Cell:
    """The cell with the level and bar that a card row asks for; a value that is no number is not judged."""
    if drawn.missing or not isinstance(drawn.value, int | float):
        return drawn
    number = float(drawn.value)
    if row.bar is not None:
        level = "good" if number > row.bar.good else "middling" if number > row.bar.warn else "bad"
        return replace(drawn, level=level, bar=min(max(number, 0.0), 100.0))
    if row.good is None or row.bad is None:
        return drawn
    upwards = row.good >= row.bad
    if (number >= row.good) if upwards else (number <= row.good):
        return replace(drawn, level="good")
    if (number <= row.bad) if upwards else (number >= row.bad):
        return replace(drawn, level="bad")
    return replace(drawn, level="middling")
