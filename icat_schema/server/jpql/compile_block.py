"""One SELECT on its way to SQL: FROM, WHERE, GROUP BY and HAVING, whatever its items are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from icat_schema.server.jpql import tree
from icat_schema.server.jpql.compile_expressions import Expressions, SubSelect
from icat_schema.server.jpql.compile_grouping import check_grouping
from icat_schema.server.jpql.compile_scope import EntityRef, Scope
from icat_schema.server.jpql.compile_values import Literals
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.walk import has_aggregate

Column = tuple[tree.Value | None, ColumnElement[Any]]
"""A column of the result and the item that it came from; None: a column of an object."""


class Block:
    """Declares the variables at once; columns are joined in as they are asked for, until the statement is made."""

    def __init__(self, node: tree.Select, parent: Scope | None, literals: Literals) -> None:
        self._node = node
        self.scope = Scope(parent)
        for range_ in node.ranges:
            self.scope.declare(range_)
        self.expressions = Expressions(self.scope, literals, _Selects(literals))
        if has_aggregate(node.where):
            raise bad("Aggregates are not possible in WHERE: use HAVING or a sub-select.")

    def require(self, ref: EntityRef) -> None:
        """Drop rows in which the object is missing, as the join to its table would."""
        if ref.bound is None and ref.nullable:
            self.scope.conditions.append(ref.id.is_not(None))

    def groups(self) -> list[ColumnElement[Any]]:
        """An object is grouped by its own key, so that its attributes may be selected."""
        found = []
        for path in self._node.group_by:
            ref = self.expressions.entity_or_field(path)
            found.append(self.scope.bound(ref).column("id") if isinstance(ref, EntityRef) else ref.column)
        return found

    def statement(self, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """The SELECT of these columns, which come from this block's expressions."""
        filters = [] if self._node.where is None else [self.expressions.condition(self._node.where)]
        groups = self.groups()
        having = [] if self._node.having is None else [self.expressions.condition(self._node.having)]
        assert self.scope.source is not None
        made = select(*columns).select_from(self.scope.source).where(*self.scope.conditions, *filters)
        made = made.group_by(*groups) if groups else made
        made = made.having(*having) if having else made
        return made.distinct() if self._node.distinct else made


class _Selects:
    def __init__(self, literals: Literals) -> None:
        self._literals = literals

    def __call__(self, node: tree.Select, scope: Scope) -> SubSelect:
        return compile_subselect(node, scope, self._literals)


def compile_subselect(node: tree.Select, parent: Scope, literals: Literals) -> SubSelect:
    """A SELECT with one item inside a condition; it may use the variables of the SELECTs around it."""
    if len(node.items) != 1:
        raise bad("A sub-select has exactly one item.")
    check_grouping(node, ())
    block = Block(node, parent, literals)
    item = block.expressions.value(node.items[0])
    statement = block.statement([item.sql]).correlate(*parent.visible_tables())
    grouped = bool(node.group_by)
    return SubSelect(statement, item, grouped, has_aggregate(node.items[0]) and not grouped)
