"""Queries as frozen values, and their text in ICAT's query language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count as counter
from typing import Literal

from icat_schema.definitions import Attribute, Entity, ToMany, schema
from icat_schema.gateway.conditions import (
    And,
    Between,
    Condition,
    Contains,
    Eq,
    Ge,
    Gt,
    In,
    InSelect,
    IsNull,
    IsUser,
    Le,
    Leaf,
    Like,
    Lt,
    Ne,
    Not,
    NotNull,
    Or,
)
from icat_schema.gateway.errors import InvalidRequest
from icat_schema.gateway.literals import WallClock, constant, contains_constants, like_constant
from icat_schema.gateway.paths import Path, entity_of, resolve, row_path, value_path

Direction = Literal["ASC", "DESC"]

_OPERATORS = {Eq: "=", Ne: "<>", Lt: "<", Le: "<=", Gt: ">", Ge: ">="}


@dataclass(frozen=True, slots=True)
class Select:
    """Rows of values from one entity.

    `columns` and `order` are paths over to-one relations; where one of these may be null the row is kept with None.
    Rows with the same order values are ordered by id, so every order is total. `distinct` without the column `id`
    makes different rows of the columns. Paths and types are checked on construction (conditions when the query is
    rendered); InvalidRequest says what is wrong.
    """

    entity: str
    columns: Sequence[str]
    where: Condition | None = None
    order: Sequence[tuple[str, Direction]] = ()
    distinct: bool = False
    offset: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "order", tuple((path, direction) for path, direction in self.order))
        entity_of(self.entity)
        if not self.columns:
            raise InvalidRequest(f"a query of {self.entity} names no columns")
        for path in self.columns:
            row_path(self.entity, path)
        for path, direction in self.order:
            row_path(self.entity, path)
            if direction not in ("ASC", "DESC"):
                raise InvalidRequest(f"the order of {path!r} is ASC or DESC, not {str(direction)[:20]!r}")
            if self.groups and path not in self.columns:
                raise InvalidRequest(f"different rows can be ordered by their columns only, not by {path!r}")
        if self.offset < 0 or (self.limit is not None and self.limit < 0):
            raise InvalidRequest("offset and limit of a query are not negative")

    @property
    def groups(self) -> bool:
        """Whether equal rows are put together, so that a row does not stand for one object."""
        return self.distinct and "id" not in self.columns

    def having(self, condition: Condition) -> Select:
        """The same query under one more condition."""
        return replace(self, where=condition if self.where is None else And(self.where, condition))

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What the columns hold."""
        return tuple(row_path(self.entity, path)[1] for path in self.columns)


def render(select: Select, wall_clock: WallClock) -> str:
    """The text of the query, for rows in their total order."""
    scope = _Scope(schema().entities[select.entity], "o", wall_clock, counter(1))
    items = ", ".join(scope.column(path) for path in select.columns)
    order = ", ".join(f"{scope.column(path)} {direction}" for path, direction in _total_order(select))
    text = scope.statement(f"DISTINCT {items}" if select.groups else items, _plain_key(select))
    limit = "*" if select.limit is None else select.limit
    window = f" LIMIT {select.offset}, {limit}" if select.offset or select.limit is not None else ""
    return f"{text} ORDER BY {order}{window}"


def render_count(select: Select, wall_clock: WallClock) -> str:
    """The text of the query that counts the objects which fulfil the condition."""
    scope = _Scope(schema().entities[select.entity], "o", wall_clock, counter(1))
    return scope.statement("COUNT(DISTINCT o.id)", select.where)


def _total_order(select: Select) -> list[tuple[str, Direction]]:
    order = dict(select.order)
    for path in select.columns if select.groups else ("id",):
        order.setdefault(path, "ASC")
    return list(order.items())


def _plain_key(select: Select) -> Condition | None:
    """ICAT 5.0 forgets the offset when the whole condition is `o.id = n`; the same as a list of one is not affected."""
    where = select.where
    if isinstance(where, Eq) and where.path == "id" and select.offset:
        return In("id", (where.value,))
    return where


@dataclass(slots=True)
class _Scope:
    """One FROM clause: the query itself or a subquery in its condition."""

    entity: Entity
    variable: str
    wall_clock: WallClock
    numbers: counter[int]
    joins: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)
    """Relation names from the entity -> (alias, join clause)."""

    def statement(self, items: str, where: Condition | None, link: str = "") -> str:
        """SELECT ... FROM ... WHERE ...; everything that joins (columns, order) has been rendered before or is rendered
        here, so that the FROM clause is complete."""
        tests = [link] if link else []
        tests += [self.condition(where)] if where is not None else []
        condition = ["WHERE", " AND ".join(tests)] if tests else []
        joins = (clause for _, clause in self.joins.values())
        return " ".join(["SELECT", items, "FROM", self.entity.name, self.variable, *joins, *condition])

    def column(self, path: str) -> str:
        return self._reference(row_path(self.entity.name, path)[0], outer=True)

    def _reference(self, path: Path, *, outer: bool) -> str:
        """Text of a path. `outer`: rows stay when a nullable relation on the way is null."""
        names = [step.name for step in path.relations]
        start = self._joined(path) if outer and path.nullable else ".".join([self.variable, *names])
        return f"{start}.{path.attribute.name}" if path.attribute else start

    def _joined(self, path: Path) -> str:
        """Alias of the last relation of the path; from the first nullable one on every join is an outer one."""
        source, kind = self.variable, "JOIN"
        for i, step in enumerate(path.relations, 1):
            if getattr(step, "nullable", False):
                kind = "LEFT JOIN"
            key = tuple(s.name for s in path.relations[:i])
            if key not in self.joins:
                alias = f"a{next(self.numbers)}"
                self.joins[key] = (alias, f"{kind} {source}.{step.name} AS {alias}")
            source = self.joins[key][0]
        return source

    def condition(self, condition: Condition, *, outer: bool = False) -> str:
        """Text of a condition. `outer`: it is an alternative or a negation, so that no join may drop rows."""
        if isinstance(condition, And):
            return self._all(condition, outer=outer)
        if isinstance(condition, Or):
            return self._any(condition, outer=outer)
        if isinstance(condition, Not):
            return f"NOT ({self.condition(condition.condition, outer=True)})"
        steps = self._first_to_many(condition)
        if steps:
            return self._exists(steps, [condition], outer=outer)
        return self._leaf(condition, outer=outer)

    def _any(self, condition: Or, *, outer: bool) -> str:
        steps = self._first_to_many(condition)
        if steps:
            return self._exists(steps, [condition], outer=outer)
        if not condition.conditions:
            return self._never()
        several = len(condition.conditions) > 1
        parts = [self.condition(c, outer=outer or several) for c in condition.conditions]
        return f"({' OR '.join(parts)})" if several else parts[0]

    def _all(self, condition: And, *, outer: bool) -> str:
        together: dict[tuple[str, ...], list[Condition]] = {}
        parts: list[str] = []
        for part in _flat(condition):
            steps = self._first_to_many(part)
            if steps:
                together.setdefault(steps, []).append(part)
            else:
                parts.append(self.condition(part, outer=outer))
        parts += [self._exists(steps, group, outer=outer) for steps, group in together.items()]
        if not parts:
            return f"{self.variable}.id IS NOT NULL"
        return f"({' AND '.join(parts)})" if len(parts) > 1 and outer else " AND ".join(parts)

    def _never(self) -> str:
        return f"{self.variable}.id IS NULL"

    def _first_to_many(self, condition: Condition) -> tuple[str, ...]:
        """The to-many relation that the whole condition speaks of, as names of relations; empty: there is no such."""
        if isinstance(condition, Not):
            return ()
        if isinstance(condition, And | Or):
            found = {self._first_to_many(part) for part in condition.conditions}
            return found.pop() if len(found) == 1 else ()
        path = resolve(self.entity.name, condition.path)
        return tuple(step.name for step in path.relations[: path.to_many])

    def _exists(self, steps: tuple[str, ...], conditions: list[Condition], *, outer: bool) -> str:
        """Some object at the end of `steps` fulfils all the conditions.

        A subquery from the other side instead of a join: it does not repeat rows, so nothing has to be made distinct,
        and it means the same in alternatives and negations.
        """
        path = resolve(self.entity.name, ".".join(steps))
        relation = path.relations[-1]
        if not isinstance(relation, ToMany):
            raise AssertionError(f"{path.text} does not end at a to-many relation")
        holder = resolve(self.entity.name, ".".join([*steps[:-1], "id"]))
        inner = _Scope(schema().entities[relation.target], f"a{next(self.numbers)}", self.wall_clock, self.numbers)
        owner = self._reference(holder, outer=outer)
        wanted = And(*(_beyond(c, len(steps)) for c in conditions))
        link = f"{inner.variable}.{relation.inverse}.id = {owner}"
        return f"EXISTS ({inner.statement(f'{inner.variable}.id', wanted, link)})"

    def _leaf(self, condition: Leaf, *, outer: bool) -> str:
        if isinstance(condition, IsNull | NotNull):
            return self._null(condition, outer=outer)
        path, attribute = value_path(self.entity.name, condition.path)
        left = self._reference(path, outer=outer)
        if isinstance(condition, InSelect):
            return f"{left} IN ({self._subselect(attribute, condition.select)})"
        if isinstance(condition, Like | Contains | IsUser):
            return _text_test(left, attribute, condition)
        if isinstance(condition, Between):
            low, high = (constant(attribute, v, self.wall_clock) for v in (condition.low, condition.high))
            return f"{left} BETWEEN {low} AND {high}"
        if isinstance(condition, In):
            values = ",".join(constant(attribute, v, self.wall_clock) for v in condition.values)
            return f"{left} IN ({values})" if values else self._never()
        return f"{left} {_OPERATORS[type(condition)]} {constant(attribute, condition.value, self.wall_clock)}"

    def _null(self, condition: IsNull | NotNull, *, outer: bool) -> str:
        path = resolve(self.entity.name, condition.path)
        test = "IS NULL" if isinstance(condition, IsNull) else "IS NOT NULL"
        if path.attribute is None:
            return self._relation_null(path, test, outer=outer)
        left = self._reference(path, outer=outer)
        if outer and path.nullable and isinstance(condition, IsNull):
            return f"({left} IS NULL AND {self._joined(path)}.id IS NOT NULL)"
        return f"{left} {test}"

    def _relation_null(self, path: Path, test: str, *, outer: bool) -> str:
        """The last relation is tested as such; what leads to it must be there."""
        holder = resolve(self.entity.name, ".".join([*path.text.split(".")[:-1], "id"]))
        if outer and holder.nullable:
            alias = self._joined(holder)
            return f"({alias}.{path.relations[-1].name} {test} AND {alias}.id IS NOT NULL)"
        return f"{self._reference(path, outer=False)} {test}"

    def _subselect(self, attribute: Attribute, select: Select) -> str:
        if len(select.columns) != 1 or select.offset or select.limit is not None:
            raise InvalidRequest("a query inside a condition has one column, no offset and no limit")
        path, found = row_path(select.entity, select.columns[0])
        if found.type != attribute.type:
            raise InvalidRequest(
                f"{attribute.name} is a {attribute.type}, the query in its condition finds {found.type}"
            )
        inner = self._inside(select.entity)
        return inner.statement(inner._reference(path, outer=False), select.where)

    def _inside(self, entity: str) -> _Scope:
        return _Scope(schema().entities[entity], f"a{next(self.numbers)}", self.wall_clock, self.numbers)


def _text_test(left: str, attribute: Attribute, condition: Like | Contains | IsUser) -> str:
    if attribute.type != "String":
        raise InvalidRequest(f"{attribute.name} is a {attribute.type}, only a text can be searched in")
    if isinstance(condition, IsUser):
        return f"{left} = :user"
    if isinstance(condition, Like):
        return f"{left} LIKE {like_constant(condition.pattern)}"
    pattern, escape = contains_constants(condition.text)
    if condition.ignore_case:
        return f"UPPER({left}) LIKE UPPER({pattern}){escape}"
    return f"{left} LIKE {pattern}{escape}"


def _flat(condition: And) -> list[Condition]:
    parts: list[Condition] = []
    for part in condition.conditions:
        parts += _flat(part) if isinstance(part, And) else [part]
    return parts


def _beyond(condition: Condition, steps: int) -> Condition:
    """The same condition with paths that start `steps` relations later."""
    if isinstance(condition, And):
        return And(*(_beyond(c, steps) for c in condition.conditions))
    if isinstance(condition, Or):
        return Or(*(_beyond(c, steps) for c in condition.conditions))
    if isinstance(condition, Not):
        return Not(_beyond(condition.condition, steps))
    return replace(condition, path=condition.path.split(".", steps)[steps])
