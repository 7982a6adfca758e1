"""From the rules of grammar.lark for whole queries to the records of tree.py, and what a grammar cannot say."""

from __future__ import annotations

from typing import Any, cast

from lark import Token, v_args

from icat_schema.server.jpql import tree
from icat_schema.server.jpql.build_expressions import (
    ExpressionBuilder,
    compared_with,
    condition,
    value,
    way,
    whole_number,
)
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.tree import Condition, Path, Select, Value


class Ordering(tuple[tree.Order, ...]):
    """ORDER BY, told apart from other tuples among the parts of a query."""


class Including(tuple[tuple[str, str | None, int], ...]):
    """INCLUDE as written: text, variable, place. `1` is among the texts."""


def included(items: Including, text_is_entity: bool = False) -> tree.Include | None:
    """Give INCLUDE its meaning; `text_is_entity` is for messages of the form without variables."""
    if items[0][0] == "1":
        if len(items) > 1:
            raise bad('"INCLUDE 1" must not be followed by other things to include.')
        return tree.IncludeOne()
    for text, _, _ in items:
        if text[0].isdigit():
            raise bad(f"INCLUDE takes 1 or a list of paths, not '{text}'.")
        if not text_is_entity and "." not in text:
            raise bad(f"Path {text} must contain a '.'")
    return tuple(tree.IncludeStep(Path(text, at), variable) for text, variable, at in items)


@v_args(inline=True)
class Builder(ExpressionBuilder):
    """Called by the parser for every rule as soon as it is complete."""

    # Frame -----------------------------------------------------------------------------------------------------

    def query(self, select: Select, *parts: Any) -> tree.Query:
        order = next((p for p in parts if isinstance(p, Ordering)), Ordering())
        include = next((p for p in parts if isinstance(p, Including)), None)
        limit = next((p for p in parts if isinstance(p, tree.Limit)), None)
        if include is not None and len(select.items) > 1:
            raise bad("INCLUDE is only valid for one quantity in the SELECT clause")
        return tree.Query(select, tuple(order), None if include is None else included(include), limit)

    def select(self, *parts: Any) -> Select:
        distinct, items, ranges, where, group_by, having = parts
        return Select(items, ranges, distinct is not None, where, group_by or (), having)

    def items(self, *nodes: Any) -> tuple[Value, ...]:
        return tuple(value(n) for n in nodes)

    def where(self, node: Any) -> Condition:
        return condition(node)

    def having(self, node: Any) -> Condition:
        return condition(node)

    def group_by(self, *names: Token) -> tuple[Path, ...]:
        return tuple(way(n) for n in names)

    def order_by(self, *items: tree.Order) -> Ordering:
        return Ordering(items)

    def order_item(self, node: Any, direction: Token | None) -> tree.Order:
        return tree.Order(value(node), direction is not None and direction.type == "DESC")

    def order_item_path(self, name: Token, direction: Token | None) -> tree.Order:
        return self.order_item(way(name), direction)

    def ranges(self, *ranges: tree.Range | tree.Join) -> tuple[tree.Range | tree.Join, ...]:
        # `FROM a b, b.c d` is a join; only the first range of a select can start at an outer variable.
        first, *rest = ranges
        return (first, *(_as_join(r) for r in rest))

    def range(self, source: Token, variable: Token) -> tree.Range:
        return tree.Range(str(source), str(variable), source.start_pos or 0)

    def inner_join(self, path: Token, variable: Token) -> tree.Join:
        return tree.Join(way(path), str(variable))

    def left_join(self, path: Token, variable: Token) -> tree.Join:
        return tree.Join(way(path), str(variable), outer=True)

    def fetch_join(self, *_: Token) -> tree.Join:
        raise bad("The FETCH keyword is not permitted")

    def include(self, *items: tuple[str, str | None, int]) -> Including:
        return Including(items)

    def include_item(self, text: Token, variable: Token | None = None) -> tuple[str, str | None, int]:
        return str(text), None if variable is None else str(variable), text.start_pos or 0

    def limit(self, offset: Token, count: Token) -> tree.Limit:
        # A count of 0 means "no limit", as in the original.
        number = None if count.type == "STAR" else whole_number(count) or None
        return tree.Limit(whole_number(offset), number)

    # Get -------------------------------------------------------------------------------------------------------

    def fetch(self, entity: Token, include: Including | None) -> tree.Fetch:
        return self._fetch(entity, None, include)

    def fetch_variable(self, entity: Token, variable: Token, include: Including | None) -> tree.Fetch:
        return self._fetch(entity, str(variable), include)

    @staticmethod
    def _fetch(entity: Token, variable: str | None, include: Including | None) -> tree.Fetch:
        meaning = None if include is None else included(include, text_is_entity=variable is None)
        return tree.Fetch(str(entity), variable, meaning, entity.start_pos or 0)

    # Concise form ----------------------------------------------------------------------------------------------

    def concise(self, *parts: Any) -> tree.Concise:
        window, distinct, target, tail, bracket, *steps = parts
        includes, order = tail or (None, ())
        if includes is not None and "." in target:
            raise bad("INCLUDE is only possible if whole entities are asked for.")
        return tree.Concise(
            target=way(target),
            distinct=distinct is not None,
            includes=includes,
            order_by=order,
            condition=bracket,
            steps=tuple(steps),
            limit=window,
        )

    def concise_aggregate(self, function: Token, target: Token, bracket: Any, *steps: tree.Step) -> tree.Concise:
        return tree.Concise(target=way(target), aggregate=cast(Any, function.type), condition=bracket, steps=steps)

    def window(self, offset: Token, count: Token) -> tree.Limit:
        return self.limit(offset, count)

    def window_offset(self, offset: Token) -> tree.Limit:
        return tree.Limit(whole_number(offset), None)

    def window_count(self, count: Token) -> tree.Limit:
        return tree.Limit(0, whole_number(count) or None)

    def concise_tail(self, *parts: Any) -> tuple[tuple[str, ...] | None, tuple[tree.Order, ...]]:
        order = next((p for p in parts if isinstance(p, Ordering)), ())
        return next((p for p in parts if not isinstance(p, Ordering)), None), tuple(order)

    def concise_include(self, *names: Token) -> tuple[str, ...]:
        if names[0].type == "NAME":
            return tuple(str(n) for n in names)
        if names[0] != "1":
            raise bad(f"INCLUDE takes 1 or a list of entities, not '{names[0]}'.")
        return ()

    def step(self, entity: Token, bracket: Any) -> tree.Step:
        return tree.Step(str(entity), bracket, entity.start_pos or 0)

    def negative_integer(self, _minus: Token, token: Token) -> tree.Number:
        return tree.Number(-whole_number(token), token.start_pos or 0)

    def negative_real(self, _minus: Token, token: Token) -> tree.Number:
        return tree.Number(-self.real(token).value, token.start_pos or 0)

    def concise_comparison(self, left: Value, operator: Token, right: Value) -> tree.Comparison:
        return tree.Comparison(compared_with(operator), left, right)

    def concise_like(self, left: Value, right: Value) -> tree.Like:
        return tree.Like(left, right)

    def concise_in(self, left: Value, values: tuple[Value, ...]) -> tree.InValues:
        return tree.InValues(left, values)

    def concise_between(self, left: Value, low: Value, high: Value) -> tree.Between:
        return tree.Between(left, low, high)


def _as_join(range_: tree.Range | tree.Join) -> tree.Range | tree.Join:
    if isinstance(range_, tree.Range) and "." in range_.source:
        return tree.Join(Path(range_.source, range_.at), range_.variable)
    return range_
