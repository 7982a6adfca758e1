"""Reads the texts of rules and finds the objects for which they hold, one by one: no SQL, and nothing of the server's.

It knows the part of the language that rules are written in, and takes every row of the joins in its hands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from icat_schema.definitions import schema
from tests.server.truth.graph import Graph, Thing
from tests.server.truth.rows import (
    Condition,
    Row,
    RowIsGone,
    Value,
    all_of,
    among,
    any_of,
    compared,
    empty,
    null,
    opposite,
    resembles,
)

TOKEN = re.compile(
    r"\s*(<->|<>|!=|<=|>=|[=<>\[\](),]|'(?:[^']|'')*'|:\w+|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[A-Za-z_$][\w$.]*)"
)
CONSTANT = "org.icatproject."


@dataclass(frozen=True)
class Join:
    path: str
    variable: str
    outer: bool


@dataclass
class RuleText:
    """`attribute`: the rule is about this field alone. `condition` None: there is no WHERE."""

    selected: str
    entity: str
    attribute: str | None
    root: tuple[str, str]
    joins: list[Join]
    condition: Condition | None

    def holds_for(self, graph: Graph, user: str, now: datetime) -> set[int]:
        """The ids of the selected objects for which at least one row satisfies the condition."""
        found = set()
        for row in self._rows(graph, user, now):
            thing = row.variables[self.selected.upper()]
            if thing is not None and self._satisfied(row):
                found.add(thing.id)
        return found

    def _satisfied(self, row: Row) -> bool:
        try:
            return self.condition is None or self.condition(row) is True
        except RowIsGone:
            return False

    def _rows(self, graph: Graph, user: str, now: datetime) -> Iterator[Row]:
        entity, variable = self.root
        rows: list[dict[str, Thing | None]] = [{variable.upper(): thing} for thing in graph.things[entity].values()]
        for join in self.joins:
            rows = [{**row, join.variable.upper(): t} for row in rows for t in _reached(Row(row, user, now), join)]
        for row in rows:
            yield Row(row, user, now)


def _reached(row: Row, join: Join) -> list[Thing | None]:
    owner_path, _, name = join.path.rpartition(".")
    owner = row.thing(owner_path)
    found: list[Thing | None] = []
    if owner is not None:
        found = list(owner.many[name]) if name in owner.many else [owner.one[name]] if owner.one[name] else []
    return found or ([None] if join.outer else [])


def read_rule(text: str) -> RuleText:
    """The meaning of a rule's text in either form."""
    tokens = TOKEN.findall(text)
    assert "".join(tokens).replace(" ", "") == text.replace(" ", ""), f"not read: {text}"
    reader = Reader([*tokens, ""])
    return reader.select() if tokens[0].upper() == "SELECT" else reader.concise()


class Reader:
    """Recursive descent, one method per thing."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._variable: str | None = None

    # Frame

    def select(self) -> RuleText:
        self._expect("SELECT")
        item = self._next()
        self._expect("FROM")
        entity = self._next()
        self._skip("AS")
        root = (entity, self._next())
        entities = {root[1].upper(): entity}
        joins = []
        while self._peek() in ("JOIN", "INNER", "LEFT"):
            join = self._join()
            owner = entities[join.path.split(".")[0].upper()]
            entities[join.variable.upper()] = target_of(owner, join.path.split(".")[1:])
            joins.append(join)
        condition = self._either() if self._skip("WHERE") else None
        assert self._peek() == "", self._tokens[self._at :]
        selected, _, attribute = item.partition(".")
        return RuleText(selected, entities[selected.upper()], attribute or None, root, joins, condition)

    def _join(self) -> Join:
        outer = self._skip("LEFT")
        self._skip("OUTER")
        self._skip("INNER")
        self._expect("JOIN")
        path = self._next()
        self._skip("AS")
        return Join(path, self._next(), outer)

    def concise(self) -> RuleText:
        first = self._next()
        known, joins, conditions = [first], [], self._bracket(first)
        while self._skip("<->"):
            entity = self._next()
            links = [(owner, name) for owner in known for name in relations_to(owner, entity)]
            assert len(links) == 1, f"{entity} is reached in {len(links)} ways"
            joins.append(Join(".".join(links[0]), entity, outer=False))
            known.append(entity)
            conditions += self._bracket(entity)
        both = all_of(conditions) if conditions else None
        return RuleText(first, first, None, (first, first), joins, both)

    def _bracket(self, entity: str) -> list[Condition]:
        if not self._skip("["):
            return []
        self._variable = entity
        found = self._either()
        self._variable = None
        self._expect("]")
        return [found]

    # Conditions

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._skip("OR"):
            parts.append(self._both())
        return any_of(parts)

    def _both(self) -> Condition:
        parts = [self._denied()]
        while self._skip("AND"):
            parts.append(self._denied())
        return all_of(parts)

    def _denied(self) -> Condition:
        if self._skip("NOT"):
            return opposite(self._denied())
        if self._skip("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._test()

    def _test(self) -> Condition:
        path = self._tokens[self._at]
        left = self._value()
        if self._skip("IS"):
            return self._state(path, left)
        negated = self._skip("NOT")
        word = self._next().upper()
        if word == "IN":
            test = among(left, self._list())
        elif word == "LIKE":
            test = resembles(left, self._value())
        elif word == "BETWEEN":
            low = self._value()
            self._expect("AND")
            test = all_of([compared(">=", left, low), compared("<=", left, self._value())])
        else:
            test = compared(word, left, self._value())
        return opposite(test) if negated else test

    def _state(self, path: str, left: Value) -> Condition:
        negated = self._skip("NOT")
        if self._skip("NULL"):
            test = null(left)
        else:
            self._expect("EMPTY")
            owner_path, _, name = path.rpartition(".")
            test = empty(owner_path, name)
        return opposite(test) if negated else test

    def _list(self) -> list[Value]:
        self._expect("(")
        values = [self._value()]
        while self._skip(","):
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self) -> Value:
        token = self._next()
        word = token.upper()
        if token.startswith("'"):
            text = token[1:-1].replace("''", "'")
            return lambda row: text
        if token == ":user":
            return lambda row: row.user
        if word == "CURRENT_TIMESTAMP":
            return lambda row: row.now
        if word in ("TRUE", "FALSE"):
            return lambda row: word == "TRUE"
        if token.startswith(CONSTANT):
            return lambda row: token.rpartition(".")[2]
        if token[0].isdigit() or token[0] == "-":
            return lambda row: float(token)
        path = f"{self._variable}.{token}" if self._variable else token
        return lambda row: row.value(path)

    # Tokens

    def _peek(self) -> str:
        return self._tokens[self._at].upper()

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, word: str) -> bool:
        if self._peek() != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        assert self._skip(word), f"{word} expected at {self._tokens[self._at :]}"


def target_of(entity: str, names: list[str]) -> str:
    for name in names:
        definition = schema().entities[entity]
        relation = definition.to_one(name) or definition.to_many(name)
        assert relation is not None, f"{entity} has no relation {name}"
        entity = relation.target
    return entity


def relations_to(entity: str, target: str) -> list[str]:
    definition = schema().entities[entity]
    return [relation.name for relation in (*definition.one, *definition.many) if relation.target == target]
