"""Values turned into cells: converted to the unit asked for, written in their format, judged and coloured."""

from __future__ import annotations

from dataclasses import replace

from displays.colours import Ends, coloured
from displays.formats import moment, written
from displays.formats import number as write_number
from displays.parts import CardRow, DateTimeFormat, NumberFormat, PlusMinusFormat, Shown
from displays.quantities import convert, symbol
from displays.reader import Reader
from displays.values import Value
from displays.view_model import Cell

_FORMATS_WITH_OWN_UNIT = ("bytes", "duration")


def cell(shown: Shown, value: Value, reader: Reader, ends: Ends | None = None, cell_id: str | None = None) -> Cell:
    """The cell of one value. `ends` colour it, if its number is known."""
    empty = Cell(
        id=cell_id or shown.id or (shown.label or ""),
        label=shown.label or "",
        text=shown.missing,
        missing=True,
        copy=shown.copy_button,
        tooltip=shown.description or _definition(shown, reader),
        marks=value.marks,
        notes=value.notes,
        hidden=shown.hide_if_empty,
    )
    if value.missing:
        return empty
    full = replace(empty, missing=False, hidden=False, provenance=value.provenance, raw=_raw(value))
    if value.moment is not None:
        form = shown.format if isinstance(shown.format, DateTimeFormat) else DateTimeFormat(kind="datetime")
        aware = value.moment if value.moment.tzinfo else value.moment.replace(tzinfo=reader.zone)
        return replace(full, text=moment(value.moment, form, reader.zone), value=aware)
    return _with_number(full, shown, value, reader, ends)


def _with_number(full: Cell, shown: Shown, value: Value, reader: Reader, ends: Ends | None) -> Cell:
    raw = value.text or ""
    wanted = _target_unit(shown, value)
    number = convert(value.number, value.units, wanted) if value.number is not None else None
    notes = full.notes
    if value.number is not None and number is None:
        notes = (*notes, f"{value.units} cannot be shown in {wanted}.")
        wanted, number = value.units, value.number
    factor = _factor(value.units, wanted)
    corrected = value.provenance.corrected_from if value.provenance else None
    if isinstance(shown.format, PlusMinusFormat) and value.number is not None and value.error is not None:
        raw = f"{value.number!r}±{value.error!r}"
    elif shown.format is None and number is not None and (corrected or factor != 1.0):
        raw = write_number(number, NumberFormat(digits=6, style="sig"))
    text = written(shown.format, raw, number, reader.zone, reader.techniques, factor)
    own_unit = shown.format is not None and shown.format.kind in _FORMATS_WITH_OWN_UNIT
    return replace(
        full,
        text=text,
        value=number if number is not None else raw,
        error=value.error * abs(factor) if value.error is not None else None,
        unit=None if own_unit or number is None else symbol(wanted),
        coloured=coloured(number, ends) if number is not None and ends is not None else None,
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
