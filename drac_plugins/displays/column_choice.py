"""Which columns of a list a person wants: those of the display without the hidden ones, and parameters added.

Only the differences from the display are kept, so that a column that a later version of the display brings appears by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from displays.document import Display
from displays.listing import ListView
from displays.parts import Column
from drac_plugins.core.errors import Invalid

MOST_ADDED = 20
LONGEST_NAME = 255
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_.-]")
_NAMES = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """`hidden` are ids of columns, `added` names of parameters."""

    hidden: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A column of the display that can be shown or hidden."""

    id: str
    label: str
    shown: bool


NOTHING_CHOSEN = ColumnChoice()


def read(document: Mapping[str, Any], display_id: str) -> ColumnChoice:
    """The choice in a person's document of column choices (`{display: {hidden, added}}`)."""
    found = document.get(display_id)
    if not isinstance(found, Mapping):
        return NOTHING_CHOSEN
    return ColumnChoice(_texts(found.get("hidden")), _texts(found.get("added")))


def write(document: Mapping[str, Any], display_id: str, choice: ColumnChoice) -> dict[str, Any]:
    """The document with this choice in it; nothing chosen leaves no trace."""
    others = {key: value for key, value in document.items() if key != display_id}
    if choice == NOTHING_CHOSEN:
        return others
    return {**others, display_id: {"hidden": list(choice.hidden), "added": list(choice.added)}}


def from_form(display: Display, shown: Sequence[str], added: str) -> ColumnChoice:
    """The choice that a form says: ids of the columns wanted, and names of parameters between blanks or commas.
    Raises Invalid for too many or too long names."""
    names = tuple(dict.fromkeys(filter(None, _NAMES.split(added))))
    if len(names) > MOST_ADDED or any(len(name) > LONGEST_NAME for name in names):
        raise Invalid(f"At most {MOST_ADDED} parameters of {LONGEST_NAME} characters can be added; remove some")
    own = [column.id for column in display.columns if column.id]
    return ColumnChoice(tuple(id_ for id_ in own if id_ not in shown), names)


def offers(display: Display, choice: ColumnChoice) -> list[Offer]:
    """The columns of the display as it is, each shown or hidden."""
    return [
        Offer(column.id, column.label or column.id, column.id not in choice.hidden)
        for column in display.columns
        if column.id
    ]


def widened(display: Display, choice: ColumnChoice) -> Display:
    """The display with the added parameters as columns after its own."""
    known = {column.id for column in display.columns}
    more = [
        Column(id=_id(name, place), label=name, param=(name,))
        for place, name in enumerate(choice.added)
        if _id(name, place) not in known
    ]
    return display.model_copy(update={"columns": (*display.columns, *more)}) if more else display


def narrowed(rows: ListView, choice: ColumnChoice) -> ListView:
    """The list without the hidden columns. They are taken out of what is shown only: warnings look at them too."""
    kept = [place for place, column in enumerate(rows.columns) if column.id not in choice.hidden]
    if len(kept) == len(rows.columns):
        return rows
    groups = tuple(
        replace(group, rows=tuple(replace(row, cells=tuple(row.cells[place] for place in kept)) for row in group.rows))
        for group in rows.groups
    )
    return replace(rows, columns=tuple(rows.columns[place] for place in kept), groups=groups)


def _id(name: str, place: int) -> str:
    return f"added.{place}.{_NOT_IN_IDS.sub('_', name)}"[:80]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
