"""From the tree of a search to an SQL statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, ColumnElement, FromClause, Integer, Select, UnaryExpression, bindparam

from icat_schema.definitions import Entity
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.compile_block import Block, Column
from icat_schema.server.jpql.compile_expressions import aggregated
from icat_schema.server.jpql.compile_grouping import check_grouping, is_aggregated
from icat_schema.server.jpql.compile_scope import Bound, EntityRef, FieldRef, ManyRef, Step
from icat_schema.server.jpql.compile_values import Literals, Typed
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.include import Included, include_tree
from icat_schema.server.jpql.printer import print_value
from icat_schema.server.jpql.walk import object_paths, paths_in, values_in
from icat_schema.server.store.tables import relation_column

Kind = Literal["entities", "scalars", "rows"]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """An object that an item of the SELECT list shows something of: who may not read it does not see the row.

    `table` is set when the object's own row is part of the FROM. `nullable`: there may be none (LEFT JOIN). `step`: how
    the id was found where no row was needed for it. `joins`: all that the query joins over to-one relations.
    """

    entity: Entity
    id: ColumnElement[Any]
    table: FromClause | None
    nullable: bool
    joins: Mapping[Step, Bound]
    step: Step | None = None

    @property
    def row(self) -> FromClause | None:
        """The object's own row, if anything in the query joins it."""
        joined = None if self.step is None else self.joins.get(self.step)
        return self.table if joined is None else joined.table


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A search without authorization. The statement has one column per item; for entities, one per attribute, then one
    per name in `references` (to-one relations of the INCLUDE). Columns behind those only serve the order."""

    statement: Select[Any]
    kind: Kind
    types: tuple[str, ...]
    targets: tuple[Target, ...]
    include: Included | None = None
    references: tuple[str, ...] = ()
    single_count: bool = False
    slots: frozenset[str] = frozenset()
    """Parameters of the statement that stand for literals, see `forms`."""

    @property
    def width(self) -> int:
        """Columns that are results."""
        if self.include is None:
            return len(self.types)
        return len(self.include.entity.attributes) + len(self.references)


def compile_query(query: tree.Query, zone: ZoneInfo, max_rows: int) -> Compiled:
    """Compile a search; one row more than `max_rows` is fetched at most. Raises IcatError of type BAD_PARAMETER."""
    return _Search(query, Literals(zone)).compiled(max_rows)


def entity_columns(table: FromClause, entity: Entity, references: Sequence[str]) -> list[ColumnElement[Any]]:
    """The columns of an object: its attributes, then the ids of related objects."""
    return [
        *(table.c[a.name] for a in entity.attributes),
        *(table.c[relation_column(name)] for name in references),
    ]


def _written(rows: int) -> BindParameter[int]:
    """Written into the statement. PostgreSQL plans for any values of the parameters, and if the number of rows were one
    of them, it would walk through whole tables in their order in the hope of a small one."""
    return bindparam(None, rows, Integer(), unique=True, literal_execute=True)


class _Search:
    def __init__(self, query: tree.Query, literals: Literals) -> None:
        self._query = query
        self._literals = literals
        self._block = Block(query.select, None, literals)
        self._scope = self._block.scope
        self._targets: dict[int, Target] = {}
        self._ties: list[ColumnElement[Any]] = []
        check_grouping(query.select, query.order_by)
        self._aggregated = is_aggregated(query.select, query.order_by)

    def compiled(self, max_rows: int) -> Compiled:
        include, references, columns, types = self._columns()
        statement = self._ordered(columns)
        limit = self._query.limit or tree.Limit(0, None)
        rows = max_rows + 1 if limit.count is None else min(limit.count, max_rows + 1)
        items = self._query.select.items
        return Compiled(
            statement.limit(_written(rows)).offset(limit.offset or None),
            "entities" if include else "scalars" if len(items) == 1 else "rows",
            types,
            tuple(self._targets.values()),
            include,
            references,
            single_count=len(items) == 1 and isinstance(items[0], tree.Aggregate) and items[0].name == "COUNT",
            slots=frozenset(self._literals.slots),
        )

    # Items ---------------------------------------------------------------------------------------------------------

    def _columns(self) -> tuple[Included | None, tuple[str, ...], list[Column], tuple[str, ...]]:
        items = self._query.select.items
        bound = self._whole_object(items[0]) if len(items) == 1 else None
        if bound is None:
            if isinstance(self._query.include, tuple):
                self._check_include_of_value(items[0])
            values = [self._item(node) for node in items]
            return None, (), [(n, v.sql) for n, v in zip(items, values, strict=True)], tuple(v.type for v in values)
        include = self._include(bound.entity, items[0])
        references = tuple(name for name in include.steps if bound.entity.to_one(name))
        columns = entity_columns(bound.table, bound.entity, references)
        return include, references, [(None, c) for c in columns], (bound.entity.name,)

    def _whole_object(self, node: tree.Value) -> Bound | None:
        """The table of the one item, if it is an object."""
        ref = self._scope.resolve(node) if isinstance(node, tree.Path) else None
        if isinstance(ref, ManyRef):
            bound = self._scope.join_many(ref)
        elif isinstance(ref, EntityRef):
            bound = self._scope.bound(ref)
        else:
            return None
        self._ties.append(bound.column("id"))
        self._target(Target(bound.entity, bound.column("id"), bound.table, bound.nullable, self._scope.joins))
        if bound.nullable:
            # An object that is not there is no result.
            self._scope.conditions.append(bound.column("id").is_not(None))
        return bound

    def _item(self, node: tree.Value) -> Typed:
        """An item that is no object: an attribute, an aggregate, a calculation."""
        if isinstance(node, tree.Aggregate) and isinstance(node.operand, tree.Path):
            ref = self._scope.resolve(node.operand)
            if isinstance(ref, ManyRef):
                bound = self._scope.join_many(ref)
                self._target(Target(bound.entity, bound.column("id"), bound.table, False, self._scope.joins))
                return aggregated(node, Typed(bound.column("id"), bound.entity.name, nullable=False))
        self._check_item(node)
        for path in paths_in(node):
            self._show(path)
        return self._value(node)

    @staticmethod
    def _check_item(node: tree.Value) -> None:
        """What is selected must be something that the caller's right to read can be asked for."""
        if any(isinstance(v, tree.ScalarSelect | tree.Size) for v in values_in(node)):
            raise bad("A sub-select or SIZE is not possible in the SELECT clause.")
        if not paths_in(node):
            raise bad(f"{print_value(node)} selects nothing: name a variable or a path.")

    def _show(self, path: tree.Path) -> None:
        ref = self._block.expressions.entity_or_field(path)
        owner = ref.owner if isinstance(ref, FieldRef) else ref
        self._block.require(owner)
        bound = owner.bound
        if isinstance(ref, FieldRef) and ref.attribute.name != "id":
            bound = self._scope.bound(owner)
        table = None if bound is None else bound.table
        step = None
        if bound is None and owner.origin is not None and owner.relation is not None:
            step = (owner.origin.table, owner.relation.name)
        nullable = owner.bound is not None and owner.nullable
        self._target(Target(owner.entity, owner.id, table, nullable, self._scope.joins, step))

    def _target(self, target: Target) -> None:
        """Every object is checked once; by its own row if any item needs that."""
        known = self._targets.get(id(target.id))
        if known is None or known.table is None:
            self._targets[id(target.id)] = target

    def _value(self, node: tree.Value) -> Typed:
        found = self._block.expressions.value(node)
        if found.is_entity:
            raise bad(
                f"The object {print_value(node)} cannot stand in a SELECT clause with other things: select attributes."
            )
        return found

    def _include(self, entity: Entity, node: tree.Value) -> Included:
        if self._query.include is None:
            return Included(entity)
        # The INCLUDE starts at the selected variable; a selected path has no name to start from.
        variable = node.name if isinstance(node, tree.Path) and "." not in node.name else None
        return include_tree(entity, variable, self._query.include)

    def _check_include_of_value(self, node: tree.Value) -> None:
        """INCLUDE without effect must still be one: its paths start at the entity of the item."""
        path = next(iter(paths_in(node)), None)
        variable = path.parts[0] if path is not None else None
        ref = self._scope.resolve(tree.Path(variable)) if variable is not None else None
        if isinstance(ref, EntityRef) and self._query.include is not None:
            include_tree(ref.entity, variable, self._query.include)

    # Order ---------------------------------------------------------------------------------------------------------

    def _ordered(self, columns: list[Column]) -> Select[Any]:
        orders: list[ColumnElement[Any]] = []
        hidden: list[Column] = []
        seen: set[int] = set()
        for order in self._query.order_by:
            column, nullable = self._order_column(order.value, columns, hidden)
            orders.append(_directed(column, order.descending, nullable))
            seen.add(id(column))
        orders += [_directed(c, False, nullable) for c, nullable in self._tie_breakers(columns) if id(c) not in seen]
        return self._block.statement([c for _, c in (*columns, *hidden)]).order_by(*orders)

    def _order_column(
        self, node: tree.Value, columns: list[Column], hidden: list[Column]
    ) -> tuple[ColumnElement[Any], bool]:
        """What to order by. With DISTINCT it must be among the columns, so it is added if it is not."""
        if not paths_in(node):
            raise bad(f"ORDER BY {print_value(node)} orders nothing: name a path.")
        for path in object_paths(node):
            ref = self._block.expressions.entity_or_field(path)
            self._block.require(ref.owner if isinstance(ref, FieldRef) else ref)
        selected = next((c for n, c in columns if n == node), None)
        value = self._block.expressions.value(node)
        if selected is not None:
            return selected, value.nullable
        if self._query.select.distinct:
            hidden.append((node, value.sql))
        return value.sql, value.nullable

    def _tie_breakers(self, columns: list[Column]) -> list[tuple[ColumnElement[Any], bool]]:
        """Make the order total, so that pages neither overlap nor leave gaps; whether there may be nulls."""
        if self._query.select.distinct:
            return [(c, False) for c in self._ties] or [(c, True) for _, c in columns]
        if self._aggregated:
            return [(c, True) for c in self._block.groups()]
        return [(b.column("id"), b.nullable) for b in self._scope.roots]


def _directed(column: ColumnElement[Any], descending: bool, nullable: bool) -> UnaryExpression[Any]:
    """Nulls come first, as on MariaDB and SQLite; PostgreSQL would put them last."""
    directed = column.desc() if descending else column.asc()
    if not nullable:
        return directed
    return directed.nulls_last() if descending else directed.nulls_first()
