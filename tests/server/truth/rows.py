"""Rows of joins in memory, and what conditions mean for them when values are null."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.server.truth.graph import Thing


class RowIsGone(Exception):
    """A path goes over a to-one relation that is null: the original joins it, so the row is not there."""


@dataclass
class Row:
    """One row of the joins: what each variable is (upper case), and who asks when."""

    variables: dict[str, Thing | None]
    user: str
    now: datetime

    def thing(self, path: str) -> Thing | None:
        """The object that a path leads to, all its relations but the last joined."""
        variable, *names = path.split(".")
        found = self.variables[variable.upper()]
        for place, name in enumerate(names):
            if place and found is None:
                raise RowIsGone
            found = None if found is None else found.one[name]
        return found

    def value(self, path: str) -> Any:
        """An attribute; for objects, the object itself."""
        owner_path, _, last = path.rpartition(".")
        if not owner_path:
            return self.thing(path)
        owner = self.thing(owner_path)
        if last == "id":
            return None if owner is None else owner.id
        if owner is None:
            if "." in owner_path:
                raise RowIsGone
            return None
        return owner.one[last] if last in owner.one else owner.values.get(last)


Value = Callable[[Row], Any]
Condition = Callable[[Row], bool | None]
"""None: unknown, because a null is involved."""


def all_of(parts: list[Condition]) -> Condition:
    def holds(row: Row) -> bool | None:
        found = [part(row) for part in parts]  # every part: one of them may say that the row is gone
        return False if False in found else None if None in found else True

    return holds


def any_of(parts: list[Condition]) -> Condition:
    def holds(row: Row) -> bool | None:
        found = [part(row) for part in parts]
        return True if True in found else None if None in found else False

    return holds


def opposite(part: Condition) -> Condition:
    def holds(row: Row) -> bool | None:
        found = part(row)
        return None if found is None else not found

    return holds


def compared(sign: str, left: Value, right: Value) -> Condition:
    def holds(row: Row) -> bool | None:
        one, other = left(row), right(row)
        if one is None or other is None:
            return None
        if isinstance(one, datetime) and isinstance(other, str):
            other = datetime.fromisoformat(other)  # the tests write dates with their offset
        return bool(SIGNS[sign](one, other))

    return holds


def among(left: Value, values: list[Value]) -> Condition:
    return any_of([compared("=", left, value) for value in values])


def resembles(left: Value, pattern: Value) -> Condition:
    def holds(row: Row) -> bool | None:
        text = left(row)
        if text is None:
            return None
        parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern(row))
        return re.fullmatch("".join(parts), text, re.DOTALL) is not None

    return holds


def null(left: Value) -> Condition:
    return lambda row: left(row) is None


def empty(owner_path: str, relation: str) -> Condition:
    def holds(row: Row) -> bool | None:
        owner = row.thing(owner_path)
        return owner is None or not owner.many[relation]

    return holds


SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
