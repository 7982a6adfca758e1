"""Queries that differ only in the values that they compare with have one form, which is compiled once.

Programs ask the same questions with other ids and names again and again, and to parse and compile a query takes several
times as long as to answer it. A *slot* is a literal whose value may change without a change of the statement: a whole
number, a text or a list of whole numbers that an attribute in the outermost WHERE is compared with. Which literals of a
form are slots shows when the first query of the form is compiled; the others belong to the form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from cachetools import LRUCache

from icat_schema.server.jpql import tree
from icat_schema.server.jpql.build_expressions import unquoted
from icat_schema.server.jpql.compile import Compiled
from icat_schema.server.jpql.parser import CACHED_TEXTS
from icat_schema.server.jpql.tree import Condition, Value

KEPT_CHARACTERS = 100_000
"""Of all forms together: a compiled query takes some hundred times more bytes than its text."""
LONGEST_KEPT = 2_000
"""Characters of a query; longer ones are rare, and anybody could fill the memory with them."""
MARK = "\0"
"""Stands around what was taken out; a query that holds it is refused when it is compiled."""
TOKENS = re.compile(
    r"""
      (?P<text> '(?:[^']|'')*' )
    | \{[^}]*\} | \{
    | [^\W\d][\w$.]* | \$[\w$.]*
    | :[^\W\d]\w*
    | (?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)? | \d+[eE][+-]?\d+
    | -\s*\d+
    | (?P<list> \(\s*\d{1,18}\s*(?:,\s*\d{1,18}\s*)+\) )
    | (?P<number> 0 | [1-9][0-9]{0,17} )(?!\d)
    | \d+
    """,
    re.VERBOSE,
)
"""The tokens of the grammar in which digits and quotes stand. Numbers that are longer, or written otherwise than usual,
stay where they are; everything that is looked at is consumed, so that no text takes long."""

Given = int | str | list[int]
"""The value of a slot."""


@dataclass(frozen=True, slots=True)
class TakenApart:
    """`form`: the text without the literals that may be slots; `values` and `places` (0-based) of those, in order."""

    form: str
    values: tuple[Given, ...]
    places: tuple[int, ...]


def take_apart(text: str) -> TakenApart:
    """Raises IcatError (BAD_PARAMETER) for a text literal that no database can hold."""
    parts: list[str] = []
    values: list[Given] = []
    places: list[int] = []
    end = 0
    for token in TOKENS.finditer(text):
        kind = token.lastgroup
        if kind is None:
            continue
        values.append(_value(kind, token[0]))
        places.append(token.start())
        parts += (text[end : token.start()], f"{MARK}{kind}{MARK}")
        end = token.end()
    return TakenApart("".join((*parts, text[end:])), tuple(values), tuple(places))


def _value(kind: str, token: str) -> Given:
    if kind == "text":
        return unquoted(token)
    return int(token) if kind == "number" else [int(part) for part in token[1:-1].split(",")]


def slot_name(number: int) -> str:
    """The parameter of the statement that holds the value of the slot."""
    return f"slot_{number}"


def with_slots(query: tree.Query, taken: TakenApart) -> tree.Query:
    """The query with what may be slots marked as such."""
    where = query.select.where
    if where is None:
        return query
    numbers = {place: number for number, place in enumerate(taken.places)}
    marked = _Marking(taken.values, numbers).condition(where)
    return replace(query, select=replace(query.select, where=marked))


class _Marking:
    def __init__(self, values: tuple[Given, ...], numbers: Mapping[int, int]) -> None:
        self._values = values
        self._numbers = numbers

    def condition(self, node: Condition) -> Condition:
        match node:
            case tree.And(parts) | tree.Or(parts):
                return replace(node, parts=tuple(self.condition(part) for part in parts))
            case tree.Not(part):
                return replace(node, part=self.condition(part))
            case tree.Comparison(sign, tree.Path() as left, right):
                return tree.Comparison(sign, left, self._literal(right))
            case tree.Comparison(sign, left, tree.Path() as right):
                return tree.Comparison(sign, self._literal(left), right)
            case tree.Between(tree.Path(), low, high):
                return replace(node, low=self._literal(low, bound=True), high=self._literal(high, bound=True))
            case tree.InValues(tree.Path(), values):
                return replace(node, values=self._listed(values))
        return node

    def _literal(self, node: Value, *, bound: bool = False) -> Value:
        if not isinstance(node, tree.Number | tree.Text) or isinstance(node.value, float):
            return node
        number = self._numbers.get(node.at)
        if number is None or self._values[number] != node.value:
            return node
        return tree.Slot(slot_name(number), node, bound, node.at)

    def _listed(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        """A list of several numbers is one slot, whatever their count."""
        if len(values) == 1:
            return (self._literal(values[0]),)
        number = self._numbers.get(getattr(values[0], "at", -1))
        if number is None or self._values[number] != [getattr(value, "value", None) for value in values]:
            return values
        return (tree.SlotList(slot_name(number), values),)


_Key = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Kept:
    compiled: Compiled
    characters: int


class Forms:
    """Compiled queries by their form. Thread-safe. `compile_` gets the text of a query and what it was taken apart
    into."""

    def __init__(self, compile_: Callable[[str, TakenApart], Compiled]) -> None:
        self._compile = compile_
        self._slots: LRUCache[str, frozenset[str]] = LRUCache(CACHED_TEXTS)
        self._kept: LRUCache[_Key, _Kept] = LRUCache(KEPT_CHARACTERS, getsizeof=lambda kept: kept.characters)
        self._lock = Lock()

    def compiled(self, text: str) -> tuple[Compiled, Mapping[str, Given]]:
        """The statement, and the values of its slots. Raises IcatError of type BAD_PARAMETER."""
        if MARK in text or len(text) > LONGEST_KEPT:
            return self._compile(text, TakenApart(text, (), ())), {}
        taken = take_apart(text)
        with self._lock:
            slots = self._slots.get(taken.form)
            kept = None if slots is None else self._kept.get((taken.form, _fixed(taken, slots)))
        found = self._compile(text, taken) if kept is None else kept.compiled
        if kept is None:
            with self._lock:
                self._slots[taken.form] = found.slots
                self._kept[taken.form, _fixed(taken, found.slots)] = _Kept(found, len(text))
        return found, {name: value for name, value in _named(taken) if name in found.slots}


def _named(taken: TakenApart) -> list[tuple[str, Given]]:
    return [(slot_name(number), value) for number, value in enumerate(taken.values)]


def _fixed(taken: TakenApart, slots: frozenset[str]) -> tuple[Any, ...]:
    """The values of all that is no slot, by name."""
    fixed = [(name, value) for name, value in _named(taken) if name not in slots]
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in fixed)
