"""Rows to objects, and what an INCLUDE adds to them: one statement per step and portion of ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, Select, any_, bindparam, select

from icat_schema.definitions import ToMany, ToOne, schema
from icat_schema.server.authz import EVERYTHING, Grant, Grants, Rules
from icat_schema.server.entities.frames import ID_POSITION, Frame, Many, One
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql.compile import entity_columns
from icat_schema.server.jpql.include import Included
from icat_schema.server.store.fetch import Column, fetch, joined
from icat_schema.server.store.tables import relation_column, table

IDS = "ids"
"""Parameter of the statements below: the ids to look for."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a statement that reads included objects is made of: the entity, the column that the ids are looked for in,
    relations whose ids are read as well, what the caller may read, and how many rows at most."""

    entity: str
    column: str
    references: tuple[str, ...]
    grant: Grant
    most: int


def step_statement(rules: Rules, postgresql: bool, step: Step) -> Select[Any]:
    """The objects as `entity_columns`, and the column that was looked in, in the order of their ids."""
    entity = schema().entities[step.entity]
    rows = table(step.entity).alias()
    sought = rows.c[step.column]
    if postgresql:  # one text for all ids: it is planned once
        among = sought == any_(bindparam(IDS, type_=ARRAY(BigInteger)))
    else:
        among = sought.in_(bindparam(IDS, type_=BigInteger(), expanding=True, literal_execute=True))
    return (
        select(*entity_columns(rows, entity, step.references), sought.label("sought"))
        .where(among, rules.filter(step.grant, entity, rows.c.id, rows))
        .order_by(rows.c.id)
        .limit(step.most)
    )


@dataclass(slots=True)
class FrameReader:
    """Makes frames for one caller. `statement` gives (and remembers) what `step_statement` makes. `total` counts the
    objects of the result, which `max_entities` limits; an object counts as often as it occurs."""

    connection: Connection
    statement: Callable[[Step], Select[Any]]
    grants: Grants
    public_steps: set[tuple[str, str]]
    parameters: dict[str, Any]
    max_entities: int
    portion: int
    total: int = 0

    def frame(self, columns: Sequence[Column], included: Included) -> Frame:
        """The results of a search, given by the columns of `entity_columns`, with what is included. What the caller may
        not read is left out. Raises IcatError of type VALIDATION when the result becomes too large."""
        columns, order, times = _distinct(columns)
        self._count(sum(times))
        frame = self._filled(columns, included, times)
        frame.order = order
        return frame

    def _filled(self, columns: Sequence[Column], included: Included, times: Sequence[int]) -> Frame:
        """`times`: how often each object occurs in the result."""
        width = len(included.entity.attributes)
        frame = Frame(included.entity, columns[:width])
        ids_behind = dict(zip(references(included), columns[width:], strict=True))
        for name, (relation, target) in included.steps.items():
            granted = (included.entity.name, name) in self.public_steps
            if isinstance(relation, ToOne):
                frame.one[name] = self._one(ids_behind[name], times, target, granted)
            else:
                frame.many[name] = self._many(frame.ids, times, relation, target, granted)
        return frame

    def _one(self, ids: Column, times: Sequence[int], target: Included, granted: bool) -> One:
        *columns, _ = self._columns("id", set(ids) - {None}, target, granted)
        place = {id_: position for position, id_ in enumerate(columns[ID_POSITION])}
        positions = [place.get(id_) for id_ in ids]
        times_below = [0] * len(place)
        for position, number in zip(positions, times, strict=True):
            if position is not None:
                times_below[position] += number
        self._count(sum(times_below))
        return One(self._filled(columns, target, times_below), positions)

    def _many(self, ids: Column, times: Sequence[int], relation: ToMany, target: Included, granted: bool) -> Many:
        *columns, owners = self._columns(relation_column(relation.inverse), ids, target, granted)
        place = {id_: position for position, id_ in enumerate(ids)}
        positions: list[list[int]] = [[] for _ in ids]
        for position, owner_id in enumerate(owners):
            positions[place[owner_id]].append(position)
        times_below = [times[place[owner_id]] for owner_id in owners]
        self._count(sum(times_below))
        return Many(self._filled(columns, target, times_below), positions)

    def _columns(self, column: str, ids: Iterable[int], target: Included, granted: bool) -> list[Column]:
        """The target's rows with one of the ids in the column, those that may be read, in the order of their ids within
        each portion of the given ones."""
        grant = EVERYTHING if granted else self.grants[target.entity.name]
        step = Step(target.entity.name, column, references(target), grant, self.max_entities + 1)
        statement = self.statement(step)

        def found() -> Iterator[list[Column]]:
            for portion in portions(ids, self.portion):
                yield from fetch(self.connection, statement, {**self.parameters, IDS: portion}, step.most)

        return joined(found()) or [()] * (len(target.entity.attributes) + len(step.references) + 1)

    def _count(self, number: int) -> None:
        self.total += number
        if self.total > self.max_entities:
            raise IcatError("VALIDATION", f"attempt to return more than {self.max_entities} entities")


def references(included: Included) -> tuple[str, ...]:
    """The to-one relations that are included: their ids are read with the objects."""
    return tuple(name for name, (relation, _) in included.steps.items() if isinstance(relation, ToOne))


def portions(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = sorted(ids)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


def _distinct(columns: Sequence[Column]) -> tuple[Sequence[Column], Sequence[int] | None, Sequence[int]]:
    """The columns of the distinct objects, the position of each result among them (None: as they come), and how often
    each object occurs."""
    ids = columns[ID_POSITION]
    place: dict[int, int] = {}
    order = [place.setdefault(id_, len(place)) for id_ in ids]
    if len(place) == len(ids):
        return columns, None, [1] * len(ids)
    times = [0] * len(place)
    first = dict.fromkeys(range(len(place)), -1)
    for row, position in enumerate(order):
        times[position] += 1
        if first[position] < 0:
            first[position] = row
    return [[column[row] for row in first.values()] for column in columns], order, times
