"""Panels of a display, about the dataset itself or about a related one."""

from __future__ import annotations

from dataclasses import replace

from displays.cells import cell, judged
from displays.conditions import like_pattern
from displays.gallery import pictures
from displays.parts import Card, CardRow, Shown
from displays.records import Dataset
from displays.values import Evaluator, Value, of_reading
from displays.view_model import CardView, Cell, ShellRow


def cards(evaluator: Evaluator, dataset: Dataset) -> list[CardView]:
    """Every card of the display that has something to show, in order; one per dataset for `pick: all`."""
    found: list[CardView] = []
    for card in evaluator.display.cards:
        for subject, marks in _subjects(card, evaluator, dataset):
            view = _card(card, evaluator, subject)
            if any(not one.missing for one in view.cells) or view.shell_rows or view.pictures:
                found.append(replace(view, marks=marks))
    return found


def _subjects(card: Card, evaluator: Evaluator, dataset: Dataset) -> list[tuple[Dataset, tuple[str, ...]]]:
    for side, related in (("outputs", card.outputs), ("inputs", card.inputs)):
        if related is not None:
            picked = evaluator.picked(related, side, dataset)
            return [(one, picked.marks) for one in picked.datasets]
    return [(dataset, ())]


def _card(card: Card, evaluator: Evaluator, subject: Dataset) -> CardView:
    table = _shell_rows(card, evaluator, subject) if card.kind == "shells" else ()
    rows = [_row(row, evaluator, subject, index) for index, row in enumerate(card.rows) if row.stat is None]
    rows += _further(card, evaluator, subject)
    return CardView(
        id=card.id or "",
        label=card.label or "",
        kind=card.kind,
        display_id=evaluator.display.id,
        dataset_id=subject.id,
        dataset_name=subject.name,
        cells=tuple(row for row in rows if not row.hidden),
        shells=card.shells if table else (),
        shell_rows=table,
        pictures=tuple(pictures(subject, card.gallery)) if card.gallery else (),
    )


def _row(row: CardRow, evaluator: Evaluator, subject: Dataset, index: int) -> Cell:
    return judged(row, cell(row, evaluator.value(row, subject), evaluator.reader, cell_id=row.id or f"row{index + 1}"))


def _further(card: Card, evaluator: Evaluator, subject: Dataset) -> list[Cell]:
    """Parameters that no row names, in alphabetical order; the end of the name is the label."""
    shown = {name for row in card.rows for name in row.param or ()}
    names = [name for name in sorted(subject.parameters) if name not in shown and _fits(name, card.further)]
    rows = [CardRow(id=name, label=name.rpartition("_")[2] or name, param=(name,)) for name in names]
    return [one for row in rows if not (one := _row(row, evaluator, subject, 0)).missing]


def _fits(name: str, globs: tuple[str, ...]) -> bool:
    return any(like_pattern(glob).fullmatch(name) for glob in globs)


def _shell_rows(card: Card, evaluator: Evaluator, subject: Dataset) -> tuple[ShellRow, ...]:
    """Rows with at least one value; two statistics in one row are a range."""
    table = []
    for row in card.rows:
        if row.stat is not None:
            cells = tuple(shell_cell(card, row, shell, evaluator, subject) for shell in card.shells)
            if any(not one.missing for one in cells):
                table.append(ShellRow(row.label or "", cells))
    return tuple(table)


def shell_cell(card: Card, row: CardRow, shell: str, evaluator: Evaluator, subject: Dataset) -> Cell:
    """What a row of a card of shells shows in one shell; two statistics are a range."""
    parts = [_statistic(f"{card.prefix}_{shell}_{stat}", row, evaluator, subject) for stat in row.stat or ()]
    first = replace(parts[0], id=shell, label=shell)
    present = [part for part in parts if not part.missing]
    if len(parts) == 1 or len(present) < 2:
        return replace(present[0], id=shell, label=shell) if present else first
    notes = tuple(note for part in present for note in part.notes)
    return replace(first, text=" – ".join(part.text for part in present), value=None, notes=notes, level=None)


def _statistic(name: str, row: CardRow, evaluator: Evaluator, subject: Dataset) -> Cell:
    """The cell of one statistic, by the name of its parameter, under the rules of a row."""
    reading = evaluator.readings.read(subject, name, row.null_values, row.from_unit)
    value = of_reading(reading, subject) if reading is not None else Value()
    shown: Shown = row.model_copy(update={"param": (name,)})
    return judged(row, cell(shown, value, evaluator.reader))
