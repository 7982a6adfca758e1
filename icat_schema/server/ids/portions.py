"""Long lists go to the database in pieces."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T", int, str)

PORTION = 500
"""Values in one statement."""


def portions(values: Collection[T]) -> Iterator[Sequence[T]]:
    """The values in ascending order, in pieces."""
    ordered = sorted(values)
    for start in range(0, len(ordered), PORTION):
        yield ordered[start : start + PORTION]
