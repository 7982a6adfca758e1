"""Rows to objects, and what an INCLUDE adds to them: one statement per step and portion of ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, select

from icat_schema.definitions import Entity, ToMany, ToOne
from icat_schema.server.authz import EVERYTHING, Grants, Rules
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql.compile import entity_columns
from icat_schema.server.jpql.compile_functions import among
from icat_schema.server.jpql.include import Included
from icat_schema.server.store.tables import relation_column, table

Row = Sequence[Any]


@dataclass(slots=True)
class Level:
    """The objects at one place of the INCLUDE tree, each read once. `times`: how often each one occurs in the result;
    `references`: ids of the objects behind to-one relations, by relation and own id."""

    values: dict[int, EntityValue] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=dict)
    references: dict[str, dict[int, int | None]] = field(default_factory=dict)

    def add(self, entity: Entity, row: Row, references: Sequence[str], times: int) -> EntityValue:
        """Take a row with the columns of `entity_columns`; an object that is known only occurs more often."""
        id_ = row[ID_POSITION]
        known = self.values.get(id_)
        if known is not None:
            self.times[id_] += times
            return known
        count = len(entity.attributes)
        value = EntityValue(entity, dict(zip(_names(entity), row[:count], strict=True)))
        self.values[id_] = value
        self.times[id_] = times
        for name, reference in zip(references, row[count:], strict=True):
            self.references.setdefault(name, {})[id_] = reference
        return value


ID_POSITION = 2
"""Place of the id among the attributes: createId, createTime, id, modId, modTime come first in every entity."""


@dataclass(slots=True)
class IncludeReader:
    """Fills INCLUDE trees for one caller. `total` counts the objects of the result, which `max_entities` limits."""

    connection: Connection
    rules: Rules
    grants: Grants
    public_steps: set[tuple[str, str]]
    parameters: dict[str, Any]
    max_entities: int
    portion: int
    total: int = 0

    def fill(self, level: Level, included: Included) -> None:
        """Add what is included to all objects of the level. What the caller may not read is left out. Raises IcatError
        of type VALIDATION when the result becomes too large."""
        for name, (relation, target) in included.steps.items():
            granted = (included.entity.name, name) in self.public_steps
            if isinstance(relation, ToOne):
                below = self._fill_one(level, relation, target, granted)
            else:
                below = self._fill_many(level, relation, target, granted)
            self.fill(below, target)

    def _fill_one(self, level: Level, relation: ToOne, target: Included, granted: bool) -> Level:
        references = level.references.get(relation.name, {})
        wanted = {reference for reference in references.values() if reference is not None}
        below = Level()
        rows = table(target.entity.name).alias()
        for row in self._rows(rows, rows.c.id, wanted, target, granted, []):
            below.add(target.entity, row, _references(target), 0)
        for id_, value in level.values.items():
            reference = references.get(id_)
            child = None if reference is None else below.values.get(reference)
            value.one[relation.name] = child
            if child is not None and reference is not None:
                below.times[reference] += level.times[id_]
                self._count(level.times[id_])
        return below

    def _fill_many(self, level: Level, relation: ToMany, target: Included, granted: bool) -> Level:
        for value in level.values.values():
            value.many[relation.name] = []
        below = Level()
        rows = table(target.entity.name).alias()
        owner = rows.c[relation_column(relation.inverse)]
        for row in self._rows(rows, owner, level.values, target, granted, [owner]):
            owner_id = row[-1]
            times = level.times[owner_id]
            child = below.add(target.entity, row[:-1], _references(target), times)
            level.values[owner_id].many[relation.name].append(child)
            self._count(times)
        return below

    def _rows(
        self,
        rows: FromClause,
        column: ColumnElement[Any],
        ids: Iterable[int],
        target: Included,
        granted: bool,
        extra: list[ColumnElement[Any]],
    ) -> Iterator[Row]:
        """The target's rows with one of the ids in the column, those that may be read, in the order of their ids."""
        grant = EVERYTHING if granted else self.grants[target.entity.name]
        columns = [*entity_columns(rows, target.entity, _references(target)), *extra]
        readable = self.rules.filter(grant, target.entity, rows.c.id, rows)
        for portion in portions(ids, self.portion):
            statement = select(*columns).where(among(column, portion), readable).order_by(rows.c.id)
            yield from self.connection.execute(statement.limit(self.max_entities + 1), self.parameters)

    def _count(self, times: int) -> None:
        self.total += times
        if self.total > self.max_entities:
            raise IcatError("VALIDATION", f"attempt to return more than {self.max_entities} entities")


def portions(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = sorted(ids)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


def _references(included: Included) -> tuple[str, ...]:
    return tuple(name for name, (relation, _) in included.steps.items() if isinstance(relation, ToOne))


def _names(entity: Entity) -> tuple[str, ...]:
    return tuple(a.name for a in entity.attributes)
