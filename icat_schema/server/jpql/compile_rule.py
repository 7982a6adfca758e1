"""Rules as conditions on an object that another statement shows, changes or deletes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnClause, ColumnElement, FromClause, Select, and_, exists, literal_column, select, true

from icat_schema.definitions import Entity
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.compile_block import Block
from icat_schema.server.jpql.compile_scope import Bound, Scope, Step
from icat_schema.server.jpql.compile_values import Literals
from icat_schema.server.jpql.tree import Path


def rule_condition(
    rule: tree.Select,
    entity: Entity,
    id_: ColumnElement[Any],
    row: FromClause | None,
    zone: ZoneInfo,
    joins: Mapping[Step, Bound] = MappingProxyType({}),
) -> ColumnElement[bool]:
    """Whether the rule holds for the object with this id: a row of its joins satisfies its WHERE.

    `rule` selects one variable over `entity`. With the object's own `row` in the statement around, the rule's variable
    is that row, and what the rule joins over to-one relations are the rows that the statement joins anyway, so that
    nothing is looked up twice: whether a million parameters may be read is then asked once per dataset.
    """
    item = rule.items[0]
    assert isinstance(item, Path)
    variable = item.parts[0]
    if row is not None and _can_share(rule, variable):
        return _on_row(rule, Bound(entity, row), variable, Literals(zone), joins)
    return _on_id(rule, variable, id_, Literals(zone))


def _can_share(rule: tree.Select, variable: str) -> bool:
    """The variable is the first one, and no LEFT JOIN needs a table on its left in the same SELECT."""
    outer = any(isinstance(r, tree.Join) and r.outer for r in rule.ranges)
    return not outer and rule.ranges[0].variable.upper() == variable.upper()


def _on_row(
    rule: tree.Select, bound: Bound, variable: str, literals: Literals, joins: Mapping[Step, Bound]
) -> ColumnElement[bool]:
    outside = Scope()
    outside.name(variable, bound)
    outside.tables.append(bound.table)
    own = [range_ for range_ in rule.ranges[1:] if not _is_joined(range_, outside, joins)]
    block = Block(replace(rule, ranges=tuple(own)), outside, literals)
    condition = [] if rule.where is None else [block.expressions.condition(rule.where)]
    scope = block.scope
    if scope.source is None:
        return and_(true(), *scope.conditions, *condition).self_group()
    rows: Select[Any] = select(literal_column("1")).select_from(scope.source).where(*scope.conditions, *condition)
    return exists(rows.correlate(*outside.tables))


def _is_joined(range_: tree.Range | tree.Join, outside: Scope, joins: Mapping[Step, Bound]) -> bool:
    """Whether the statement around joins the same row; then its name stands for that."""
    if not isinstance(range_, tree.Join) or range_.outer:
        return False
    *way, relation = range_.path.parts
    origin = outside.variable(way[0]) if len(way) == 1 else None
    known = None if origin is None else joins.get((origin.table, relation))
    if known is None:
        return False
    outside.name(range_.variable, known)
    outside.tables.append(known.table)
    return True


def _on_id(rule: tree.Select, variable: str, id_: ColumnElement[Any], literals: Literals) -> ColumnElement[bool]:
    # EXISTS, not IN: databases tend to work out the whole list for IN, which may be most of the catalogue.
    block = Block(rule, None, literals)
    own = block.expressions.value(Path(f"{variable}.id")).sql
    rows = block.statement([literal_column("1")]).where(own == id_)
    return exists(rows.correlate(id_.table)) if isinstance(id_, ColumnClause) else exists(rows)
