"""What the catalogue says about datasets and their declared inputs, read a window of ids at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from drac_plugins.core.links.derive import DECLARED
from drac_plugins.core.links.linktable import portions
from drac_plugins.core.links.lists import LONGEST_VALUE
from drac_plugins.core.links.paths import split_declared
from drac_plugins.core.links.records import Item, Located
from drac_plugins.core.links.tables import dataset_long_value
from drac_plugins.core.links.writing import Links
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Between, Eq

WINDOW = 2000
"""Datasets that are in memory at the same time, with what they declared."""
LAST_ID = 2**63 - 1
_CUT_LOCATION = 255
_COLUMNS = ("id", "location", "investigation.id", "investigation.name", "name", "startDate")
_Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Window:
    """The datasets of the catalogue whose ids lie between `first` and `last`, both included, and what they were
    declared to be made from."""

    first: int
    last: int
    datasets: Mapping[int, Located]
    declared: Mapping[int, tuple[Item, ...]]


def windows(links: Links, size: int = WINDOW) -> Iterator[Window]:
    """The whole catalogue in order of ids, in three queries per window; the windows leave no gap, and the last one is
    open. Memory: one window."""
    first = 1
    while True:
        query = Select("Dataset", _COLUMNS, Between("id", first, LAST_ID), [("id", "ASC")], limit=size)
        rows = links.session.page(query)
        last = rows[-1][0] if len(rows) == size else LAST_ID
        between = Between("dataset.id", first, last)
        declared: dict[int, str | None] = dict(links.session.rows(_parameters(DECLARED).having(between)))
        yield _window(links, first, last, rows, declared)
        if last == LAST_ID:
            return
        first = last + 1


def second_look(links: Links, dataset_ids: Collection[int]) -> Window:
    """The same about some datasets, as they are now."""
    wanted = sorted(dataset_ids)
    rows = links.session.rows_for(Select("Dataset", _COLUMNS), "id", wanted)
    declared: dict[int, str | None] = dict(links.session.rows_for(_parameters(DECLARED), "dataset.id", wanted))
    return _window(links, min(wanted, default=1), max(wanted, default=1), rows, declared)


def _window(links: Links, first: int, last: int, rows: _Rows, declared: Mapping[int, str | None]) -> Window:
    cut = [row[0] for row in rows if row[1] and len(row[1]) == _CUT_LOCATION]
    full: dict[int, str] = dict(links.session.rows_for(_parameters("location"), "dataset.id", cut)) if cut else {}
    datasets = {
        id_: Located(id_, place, links.key_of(place), investigation, proposal, name, start, id_ in declared)
        for id_, location, investigation, proposal, name, start in rows
        if (place := full.get(id_) or location)
    }
    whole = {**declared, **_whole(links, declared)}
    items = {id_: links.items(split_declared(text)) for id_, text in whole.items() if text and id_ in datasets}
    return Window(first, last, datasets, items)


def _whole(links: Links, declared: Mapping[int, str | None]) -> dict[int, str]:
    """Long values from our side table, where they go on as the catalogue's begin."""
    table, found = dataset_long_value, {}
    with links.store.read() as connection:
        for portion in portions(sorted(declared)):
            query = select(table.c.dataset_id, table.c.value).where(
                table.c.name == DECLARED, table.c.dataset_id.in_(portion)
            )
            found.update({row.dataset_id: row.value for row in connection.execute(query)})
    return {id_: text for id_, text in found.items() if text[:LONGEST_VALUE].startswith(declared[id_] or "\0")}


def _parameters(name: str) -> Select:
    return Select("DatasetParameter", ["dataset.id", "stringValue"], where=Eq("type.name", name))
