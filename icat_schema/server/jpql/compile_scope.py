"""Variables and joins of one SELECT: from paths to columns.

A path over to-one relations joins their tables on the way (inner, once per relation and SELECT), as the original does:
rows without the related object disappear. The id of a related object is read from the referring row, without a join.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, true

from icat_schema.definitions import Attribute, Entity, ToMany, ToOne, schema
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.complain import bad
from icat_schema.server.store.tables import occurrence, relation_column

MAX_TABLES = 60
"""Tables joined in one SELECT; SQLite stops at 64."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A variable, or a relation that a path goes over: a table under its own name. `nullable`: behind LEFT JOIN."""

    entity: Entity
    table: FromClause
    nullable: bool = False

    def column(self, name: str) -> ColumnElement[Any]:
        return self.table.c[name]


@dataclass(frozen=True, slots=True, eq=False)
class EntityRef:
    """A path to an object: the variable itself (`bound`), or the to-one `relation` of the variable `origin`."""

    entity: Entity
    id: ColumnElement[Any]
    nullable: bool
    bound: Bound | None = None
    origin: Bound | None = None
    relation: ToOne | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FieldRef:
    """A path to an attribute, and the object that has it."""

    attribute: Attribute
    column: ColumnElement[Any]
    owner: EntityRef

    @property
    def nullable(self) -> bool:
        return self.attribute.nullable or self.owner.nullable


@dataclass(frozen=True, slots=True, eq=False)
class ManyRef:
    """A path to a to-many relation of `owner`."""

    relation: ToMany
    owner: EntityRef

    @property
    def target(self) -> Entity:
        return schema().entities[self.relation.target]


Ref = EntityRef | FieldRef | ManyRef
Step = tuple[FromClause, str]
"""A table of the statement, and a to-one relation of its entity."""


class Scope:
    """The name space and the FROM of one SELECT; `parent` is that of the SELECT around it.

    `roots` are the variables whose ids together tell the rows apart: what is joined over a to-one relation follows from
    the variable that it starts at. `joins` are the inner joins over to-one relations that paths made.
    """

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.source: FromClause | None = None
        self.conditions: list[ColumnElement[bool]] = []
        self.tables: list[FromClause] = []
        self.roots: list[Bound] = []
        self._variables: dict[str, Bound] = {}
        self.joins: dict[Step, Bound] = {}

    # Declaring ---------------------------------------------------------------------------------------------------

    def declare(self, range_: tree.Range | tree.Join) -> None:
        """Take a part of the FROM clause. Raises IcatError for unknown entities, relations and variables."""
        if isinstance(range_, tree.Join):
            bound = self.join_path(range_.path, outer=range_.outer)
        elif "." in range_.source:
            bound = self.join_path(tree.Path(range_.source, range_.at))
        else:
            bound = self._root(range_.source)
        self.name(range_.variable, bound)

    def name(self, variable: str, bound: Bound) -> None:
        if "." in variable:
            raise bad(f"'{variable}' is no name for a variable.")
        if variable.upper() in self._variables:
            raise bad(f"The variable {variable} is defined twice in the FROM clause.")
        self._variables[variable.upper()] = bound

    def _root(self, name: str) -> Bound:
        entity = schema().entities.get(name)
        if entity is None:
            raise bad(f"No information to determine type of {name} in the FROM clause")
        bound = Bound(entity, occurrence(name))
        self._add(bound.table, None, outer=False)
        self.roots.append(bound)
        return bound

    def join_path(self, path: tree.Path, *, outer: bool = False) -> Bound:
        """A table of its own for the relation at the end of the path."""
        *way, last = path.parts
        if not way:
            raise bad(f"Path {path.name} must contain a '.'")
        owner = self.resolve(tree.Path(".".join(way), path.at))
        if not isinstance(owner, EntityRef):
            raise bad(f"The path {path.name} goes over something that is not a to-one relation.")
        relation = owner.entity.to_one(last) or owner.entity.to_many(last)
        if relation is None:
            raise bad(f"{owner.entity.name} has no relationship field {last}")
        if isinstance(relation, ToMany):
            return self.join_many(ManyRef(relation, owner), outer=outer)
        return self._join_one(self.bound(owner), relation, outer=outer)

    def join_many(self, many: ManyRef, *, outer: bool = False) -> Bound:
        target = Bound(many.target, occurrence(many.relation.target), nullable=outer)
        self._add(target.table, target.column(relation_column(many.relation.inverse)) == many.owner.id, outer=outer)
        self.roots.append(target)
        return target

    def _join_one(self, origin: Bound, relation: ToOne, *, outer: bool = False) -> Bound:
        target = Bound(schema().entities[relation.target], occurrence(relation.target), nullable=outer)
        if self.source is None:
            self.roots.append(target)
        self._add(target.table, target.column("id") == origin.column(relation_column(relation.name)), outer=outer)
        return target

    def _add(self, added: FromClause, condition: ColumnElement[bool] | None, *, outer: bool) -> None:
        self.tables.append(added)
        if len(self.tables) > MAX_TABLES:
            raise bad(f"The query joins more than {MAX_TABLES} tables.")
        if self.source is not None:
            self.source = self.source.join(added, true() if condition is None else condition, isouter=outer)
            return
        self.source = added
        if condition is not None:
            self.conditions.append(condition)

    # Resolving ---------------------------------------------------------------------------------------------------

    def resolve(self, path: tree.Path) -> Ref:
        """What the path leads to. Raises IcatError when it leads nowhere."""
        variable, *names = path.parts
        bound = self._lookup(variable)
        ref = EntityRef(bound.entity, bound.column("id"), bound.nullable, bound=bound)
        for position, name in enumerate(names, 1):
            found = self._field(ref, name, path)
            if not isinstance(found, EntityRef):
                if position < len(names):
                    raise self._dead_end(found, path)
                return found
            ref = found
        return ref

    def bound(self, ref: EntityRef) -> Bound:
        """The table of the object, joined now if it was not needed before."""
        if ref.bound is not None:
            return ref.bound
        assert ref.origin is not None
        assert ref.relation is not None
        key = (ref.origin.table, ref.relation.name)
        if key not in self.joins:
            self.joins[key] = self._join_one(ref.origin, ref.relation)
        return self.joins[key]

    def visible_tables(self) -> list[FromClause]:
        """Every table here and in the SELECTs around."""
        return self.tables + (self.parent.visible_tables() if self.parent else [])

    def variable(self, name: str) -> Bound | None:
        """What the name stands for, here or in the SELECTs around; None: nothing."""
        scope: Scope | None = self
        while scope is not None:
            if name.upper() in scope._variables:
                return scope._variables[name.upper()]
            scope = scope.parent
        return None

    def _lookup(self, variable: str) -> Bound:
        found = self.variable(variable)
        if found is not None:
            return found
        raise bad(f"idVar '{variable.upper()}' is not defined in the FROM clause.")

    def _field(self, ref: EntityRef, name: str, path: tree.Path) -> Ref:
        field = ref.entity.fields.get(name)
        if field is None:
            where = "" if "." not in path.name else f" (in {path.name})" if len(path.parts) > 2 else ""
            raise bad(f"{ref.entity.name} has no field {name}{where}")
        if isinstance(field, ToMany):
            return ManyRef(field, ref)
        if isinstance(field, Attribute):
            column = ref.id if name == "id" else self.bound(ref).column(name)
            return FieldRef(field, column, ref)
        origin = self.bound(ref)
        return EntityRef(
            schema().entities[field.target],
            origin.column(relation_column(name)),
            field.nullable or origin.nullable,
            origin=origin,
            relation=field,
        )

    @staticmethod
    def _dead_end(found: FieldRef | ManyRef, path: tree.Path) -> IcatError:
        if isinstance(found, ManyRef):
            name = found.relation.name
            return bad(f"The path '{path.name}' cannot go on behind the to-many relation {name}: JOIN it instead.")
        return bad(f"The path '{path.name}' cannot go on behind the attribute {found.attribute.name}.")
