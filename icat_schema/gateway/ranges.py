"""Rows that belong to many objects, read along the objects.

Windows of one query over a large set cost the server more and more: each looks for the rows behind the last id among
all of them. So once a set does not fit into one window it is read in ranges of the objects' ids, each with about as
many rows as fit, and the next range is under way while the caller works on the one that came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import TypeVar

from icat_schema.gateway.conditions import Between, Gt
from icat_schema.gateway.query import Select
from icat_schema.gateway.reading import Reader, Row

T = TypeVar("T")
Part = tuple[Sequence[int], list[Row]]
"""Some of the objects, and all rows that belong to them."""

_FILLED = 0.9
"""So much of a window is expected to be filled by a range: one that turns out too large takes a second call."""

_GROWTH = 4
"""A range holds at most so many times more objects than the one before it would have."""


def along(reader: Reader, select: Select, owners: Sequence[int]) -> Iterator[Part]:
    """Rows of `select`, whose first column is the id of the object that a row belongs to and whose last one is its own:
    those of the `owners` (ascending ids), and of what lies between them. Each owner comes once, in order, with its rows
    by id. At most about a tenth more calls than windows are needed; one, if all fit into one."""
    path = select.columns[0]
    everything = select.having(Between(path, owners[0], owners[-1]))
    first = reader.page(replace(everything, limit=reader.window))
    if len(first) < reader.window:
        yield owners, first
    else:
        yield from _ahead(_ranges(reader, select, owners, first))


def _ranges(reader: Reader, select: Select, owners: Sequence[int], first: list[Row]) -> Iterator[Part]:
    """`first`: the rows of the lowest ids, which are not read again."""
    path, behind = select.columns[0], Gt("id", first[-1][-1])
    known = _by_owner(first)
    expected = len(first) / len(known)
    start = 0
    while start < len(owners):
        end = _end_of_range(owners, start, known, expected, reader.window)
        here = owners[start:end]
        rows = reader.rows(select.having(Between(path, here[0], here[-1])).having(behind))
        earlier = [row for owner in here for row in known.get(owner, ())]
        new = sum(owner not in known for owner in here)
        if new:
            expected = max(len(rows) / new, expected / _GROWTH)
        yield here, earlier + rows
        start = end


def _by_owner(rows: list[Row]) -> Mapping[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _end_of_range(
    owners: Sequence[int], start: int, known: Mapping[int, list[Row]], expected: float, window: int
) -> int:
    """Where the range ends that begins at `start`: objects with rows among the first ones rarely have more."""
    room = _FILLED * window
    end = start
    while end < len(owners):
        room -= 0 if owners[end] in known else expected
        if room < 0 and end > start:
            break
        end += 1
    return end


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items; the next one is made while the caller works on the last."""
    nothing = object()
    context = copy_context()
    following: Callable[[], T | object] = lambda: next(items, nothing)  # noqa: E731
    with ThreadPoolExecutor(1, "read-ahead") as pool:
        coming = pool.submit(context.run, following)
        while (item := coming.result()) is not nothing:
            coming = pool.submit(context.run, following)
            yield item  # type: ignore[misc]
