"""Rows that belong to many objects, read along the objects.

Windows of one query over a large set cost the server more and more: each looks for the rows behind the last id among
all of them. So such a set is read in ranges of the objects' ids, each with about as many rows as fit into one window,
and the next range is under way while the caller works on the one that came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import TypeVar

from icat_schema.gateway.conditions import Between
from icat_schema.gateway.query import Select
from icat_schema.gateway.reading import Reader, Row

T = TypeVar("T")
Part = tuple[Sequence[int], list[Row]]
"""Some of the objects, and all rows that belong to them."""

_FILLED = 0.9
"""So much of a window is expected to be filled by a range: one that turns out too large takes a second call."""

_EXPECTED = 50.0
"""Rows that an object is expected to have before any were read: about the parameters of a dataset."""

_FEWEST = 3
"""Rows of an object that are not worth to look whether all objects together have few."""

_GROWTH = 4
"""A range holds at most so many times more objects than the one before it would have."""


def along(reader: Reader, select: Select, owners: Sequence[int]) -> Iterator[Part]:
    """Rows of `select`, whose first column is the id of the object that a row belongs to and whose last one is its own:
    those of the `owners` (ascending ids), and of what lies between them. Each owner comes once, in order, with its rows
    by id. One call, if all fit into one window (of far too many objects that is not tried); else about a tenth more
    than windows are needed, and a few until it shows how many rows an object has."""
    if not owners:
        return
    expected = _EXPECTED
    if len(owners) * _FEWEST <= reader.window:
        everything = select.having(Between(select.columns[0], owners[0], owners[-1]))
        first = reader.page(replace(everything, limit=reader.window))
        if len(first) < reader.window:
            yield owners, first
            return
        expected = max(len(first) / len({row[0] for row in first}), expected)  # of some objects it shows a part only
    yield from _ahead(_ranges(reader, select, owners, expected))


def _ranges(reader: Reader, select: Select, owners: Sequence[int], expected: float) -> Iterator[Part]:
    """`expected`: rows of an object, as far as that is known."""
    start = 0
    while start < len(owners):
        here = owners[start : start + _fitting(reader, expected)]
        rows = _between(reader, select, here)
        expected = max(len(rows) / len(here), expected / _GROWTH)
        yield here, rows
        start += len(here)


def _fitting(reader: Reader, expected: float) -> int:
    """How many objects a range should hold."""
    return max(int(_FILLED * reader.window / expected), 1)


def _between(reader: Reader, select: Select, owners: Sequence[int]) -> list[Row]:
    return reader.rows(select.having(Between(select.columns[0], owners[0], owners[-1])))


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items; the next one is made while the caller works on the last."""
    nothing = object()
    context = copy_context()
    following: Callable[[], T | object] = lambda: next(items, nothing)  # noqa: E731
    pool = ThreadPoolExecutor(1, "read-ahead")
    try:
        coming = pool.submit(context.run, following)
        while (item := coming.result()) is not nothing:
            coming = pool.submit(context.run, following)
            yield item  # type: ignore[misc]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who does not want the rest does not wait for it
