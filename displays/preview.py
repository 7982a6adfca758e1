"""What a changed set of documents would do: which datasets get another view, and how the two views differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from displays.document import Display
from displays.library import Library
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.view import build
from displays.view_model import CardView, Cell, View


@dataclass(frozen=True, slots=True)
class Change:
    """One dataset that would look different. `differences` are phrases; none means that only the document changes."""

    dataset: Dataset
    before: Display
    after: Display
    differences: tuple[str, ...]


def changes(before: Library, after: Library, datasets: Iterable[Dataset], lineage: Lineage) -> Iterator[Change]:
    """The datasets whose display is another one or has another content, in the order given. Those whose document is
    the same cost no more than finding it."""
    same = {display.id for display in after if _unchanged(display, before)}
    for dataset in datasets:
        old, new = before.resolve(dataset), after.resolve(dataset)
        beside = [display.id for display in old.beside], [display.id for display in new.beside]
        if old.display.id == new.display.id and {new.display.id, *beside[1]} <= same and beside[0] == beside[1]:
            continue
        views = [
            build(found.display, dataset, lineage, _reader(library), found.beside)
            for library, found in ((before, old), (after, new))
        ]
        yield Change(dataset, old.display, new.display, tuple(differences(*views)))


def _unchanged(display: Display, before: Library) -> bool:
    return before.get(display.id) == display


def _reader(library: Library) -> Reader:
    return Reader(library.zone, library.vocabulary, library.techniques)


def differences(before: View, after: View) -> Iterator[str]:
    """How two views of one dataset differ, from top to bottom."""
    if before.title != after.title:
        yield f"title: {before.title} → {after.title}"
    yield from _of_cells("column", before.columns, after.columns)
    yield from _between("card", _cards(before.cards), _cards(after.cards), _of_cards)
    yield from _between("picture", _pictures(before), _pictures(after), _nothing)
    yield from _between("warning", _texts(before.warnings, "text"), _texts(after.warnings, "text"), _nothing)
    yield from _between("link", _texts(before.links, "label"), _texts(after.links, "label"), _of_links)
    yield from _between("plot", _texts(before.plots, "label"), _texts(after.plots, "label"), _nothing)
    if (before.best and before.best.dataset_name) != (after.best and after.best.dataset_name):
        yield f"best result: {_best(before)} → {_best(after)}"
    if before.actions != after.actions:
        yield f"actions: {', '.join(before.actions) or 'none'} → {', '.join(after.actions) or 'none'}"


def _best(view: View) -> str:
    return (view.best.dataset_name if view.best else None) or "none"


def _between(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any], inside: Callable[[str, Any, Any], Iterator[str]]
) -> Iterator[str]:
    """What has gone, what is new, and what differs inside of the others."""
    yield from (f"{kind} {name} goes" for name in before if name not in after)
    for name, one in after.items():
        if name in before:
            yield from inside(name, before[name], one)
        else:
            yield f"{kind} {name} is new"


def _nothing(_name: str, _before: Any, _after: Any) -> Iterator[str]:
    return iter(())


def _of_links(name: str, before: Any, after: Any) -> Iterator[str]:
    if before.url != after.url:
        yield f"link {name}: {before.url} → {after.url}"


def _of_cards(name: str, before: CardView, after: CardView) -> Iterator[str]:
    yield from _of_cells(f"card {name}, row", before.cells, after.cells)
    rows = {row.label: row.cells for row in before.shell_rows}, {row.label: row.cells for row in after.shell_rows}

    def of_shells(label: str, one: tuple[Cell, ...], other: tuple[Cell, ...]) -> Iterator[str]:
        yield from _of_cells(f"card {name}, {label} of shell", one, other)

    yield from _between(f"card {name}, row", *rows, of_shells)


def _of_cells(kind: str, before: Iterable[Cell], after: Iterable[Cell]) -> Iterator[str]:
    one, other = ({cell.id: cell for cell in cells} for cells in (before, after))
    names = {cell.id: cell.label or cell.id for cell in (*one.values(), *other.values())}
    yield from (f"{kind} {names[key]} goes" for key in one if key not in other)
    for key, cell in other.items():
        if key not in one:
            yield f"{kind} {names[key]} is new: {_shown(cell)}"
            continue
        if one[key].label != cell.label:
            yield f"{kind} {one[key].label} is called {cell.label}"
        if _shown(one[key]) != _shown(cell):
            yield f"{kind} {names[key]}: {_shown(one[key])} → {_shown(cell)}"


def _shown(cell: Cell) -> str:
    return " ".join(filter(None, (cell.text, cell.unit)))


def _cards(cards: Iterable[CardView]) -> dict[str, CardView]:
    """By their title, and what they are about where several have the same."""
    found: dict[str, CardView] = {}
    for card in cards:
        found.setdefault(card.label if card.label not in found else f"{card.label} of {card.dataset_name}", card)
    return found


def _pictures(view: View) -> dict[str, Any]:
    return {picture.filename or picture.resource_id: picture for picture in view.gallery}


def _texts(things: Iterable[Any], attribute: str) -> dict[str, Any]:
    return {getattr(thing, attribute): thing for thing in things}
