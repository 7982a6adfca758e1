"""Read a whole catalogue in the chunks of a dump, in constant memory.

All streams come from one transaction and so from one state of the data. Investigations are read in the order of their
ids, and what belongs to them in the order of its index, so that no database has to sort: the streams are merged.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, func, select

from icat_schema.definitions import Entity, ToMany, schema
from icat_schema.server.dump import keys
from icat_schema.server.dump.records import Record
from icat_schema.server.dump.shape import (
    AUTHORIZATION,
    COLLECTIONS,
    EMBEDDED,
    FUNDING,
    INVESTIGATION,
    OTHERS,
    PUBLICATION,
    STATIC,
)
from icat_schema.server.store.tables import key_column, relation_column, table

ROWS = 500
"""Objects of one stream that are in memory at once, with what is embedded in them."""
KEPT_KEYS = 50_000
"""Keys per entity that are remembered while they may be needed again."""
META = ("createId", "createTime", "modId", "modTime")

Row = dict[str, Any]


def count_objects(connection: Connection) -> int:
    """All objects of a dump, embedded ones included."""
    return sum(
        connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in schema().entities
    )


class Snapshot:
    """The catalogue as one transaction sees it. `meta` adds createId, createTime, modId and modTime; `told` hears how
    many objects each step has read."""

    def __init__(self, connection: Connection, *, meta: bool, told: Callable[[int], None]) -> None:
        self._connection = connection
        self._meta = meta
        self._told = told
        self._keys = Keys(connection)

    def chunks(self) -> Iterator[Iterator[Record]]:
        """Each chunk must be read to its end before the next one is asked for."""
        for names in (AUTHORIZATION, STATIC, FUNDING):
            yield self._tables(names)
        yield from self._by_owner(INVESTIGATION)
        yield self._tables(COLLECTIONS)
        yield from self._by_owner(PUBLICATION)
        yield self._tables(OTHERS)

    def _tables(self, names: Sequence[str]) -> Iterator[Record]:
        for name in names:
            for _, record in self._objects(name):
                yield record

    def _by_owner(self, names: Sequence[str]) -> Iterator[Iterator[Record]]:
        """One chunk per object of the first entity, with those of the others that belong to it."""
        owners = self._objects(names[0])
        members = [_Pending(self._objects(name)) for name in names[1:]]
        for owner_id, owner in owners:
            yield self._chunk(owner_id, owner, members)

    @staticmethod
    def _chunk(owner_id: int, owner: Record, members: list[_Pending]) -> Iterator[Record]:
        yield owner
        for pending in members:
            yield from pending.take(owner_id)

    def _objects(self, name: str) -> Iterator[tuple[int, Record]]:
        """All objects of an entity, each with the id of the object whose chunk it is in."""
        entity = schema().entities[name]
        result = self._connection.execute(_statement(name), execution_options={"yield_per": ROWS})
        for part in result.mappings().partitions():
            rows = [dict(row) for row in part]
            yield from zip([row["chunk"] for row in rows], self._records(entity, rows), strict=True)

    def _records(self, entity: Entity, rows: list[Row]) -> list[Record]:
        self._keys.trim()
        children = {name: self._children(entity, name, rows) for name in EMBEDDED.get(entity.name, ())}
        self._keys.learn(entity, rows)
        records = [self._record(entity, row, self._keys.of(entity.name, row["id"])) for row in rows]
        for name, by_owner in children.items():
            for row, record in zip(rows, records, strict=True):
                if row["id"] in by_owner:
                    record.many[name] = sorted(by_owner[row["id"]], key=_content)
        self._told(len(rows) + sum(len(c) for by_owner in children.values() for c in by_owner.values()))
        return records

    def _children(self, owner: Entity, relation: str, rows: list[Row]) -> dict[int, list[Record]]:
        """The embedded objects by the id of their owner."""
        many = owner.to_many(relation)
        assert isinstance(many, ToMany)
        target = schema().entities[many.target]
        column = relation_column(many.inverse)
        made = table(target.name)
        wanted = [row["id"] for row in rows]
        statement = select(made).where(made.c[column].in_(wanted)).order_by(made.c.id)
        found = [dict(row) for row in self._connection.execute(statement).mappings()]
        self._keys.learn_references(target, found, but=many.inverse)
        by_owner: dict[int, list[Record]] = {}
        for row in found:
            by_owner.setdefault(row[column], []).append(self._record(target, row, None, but=many.inverse))
        return by_owner

    def _record(self, entity: Entity, row: Row, key: str | None, but: str | None = None) -> Record:
        record = Record(entity, key)
        for attribute in entity.own_attributes:
            value = row[attribute.name]
            if value is not None or attribute.default is not None:
                record.attributes[attribute.name] = value
        if self._meta:
            record.attributes.update((name, row[name]) for name in META)
        for relation in entity.one:
            id_ = row[relation_column(relation.name)]
            if id_ is not None and relation.name != but:
                record.one[relation.name] = self._keys.of(relation.target, id_)
        return record


class _Pending:
    """A stream with the ids of owners, in their order, read as far as the owner that it is asked for."""

    def __init__(self, stream: Iterator[tuple[int, Record]]) -> None:
        self._stream = stream
        self._next: tuple[int, Record] | None = None
        self._started = False

    def take(self, owner_id: int) -> Iterator[Record]:
        if not self._started:
            self._started, self._next = True, next(self._stream, None)
        while self._next is not None and self._next[0] == owner_id:
            record = self._next[1]
            self._next = next(self._stream, None)
            yield record


class Keys:
    """Keys of objects by id, as far as they are needed: read in bulk, forgotten when there are too many."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, dict[int, str]] = {name: {} for name in schema().entities}
        self._numbered: dict[str, array[int]] = {}

    def of(self, entity: str, id_: int) -> str:
        """The key of an object that has been learned."""
        ids = self._numbered.get(entity)
        if ids is not None:
            return keys.numbered(entity, bisect_left(ids, id_) + 1)
        return self._known[entity][id_]

    def trim(self) -> None:
        """Forget what has become too much. What is learned afterwards stays until the next time."""
        for known in self._known.values():
            if len(known) > KEPT_KEYS:
                known.clear()

    def learn(self, entity: Entity, rows: list[Row]) -> None:
        """The keys of these rows, and of everything that they refer to."""
        self.learn_references(entity, rows)
        self._make(entity, rows)

    def learn_references(self, entity: Entity, rows: list[Row], but: str | None = None) -> None:
        """The keys of everything that the rows refer to, except through one relation."""
        for relation in entity.one:
            if relation.name != but:
                column = relation_column(relation.name)
                self._look_up(relation.target, {row[column] for row in rows} - {None})

    def _look_up(self, name: str, ids: set[int]) -> None:
        entity = schema().entities[name]
        missing = ids - self._known[name].keys()
        if not entity.unique_key:
            return
        made = table(name)
        columns = [made.c[key_column(entity, field)] for field in entity.unique_key]
        rest = iter(missing)
        while part := list(islice(rest, ROWS)):
            statement = select(made.c.id, *columns).where(made.c.id.in_(part))
            rows = [dict(row) for row in self._connection.execute(statement).mappings()]
            for field in entity.unique_key:
                relation = entity.to_one(field)
                if relation is not None:
                    self._look_up(relation.target, {row[key_column(entity, field)] for row in rows})
            self._make(entity, rows)

    def _make(self, entity: Entity, rows: list[Row]) -> None:
        if not entity.unique_key:
            self._number(entity.name, rows)
            return
        known = self._known[entity.name]
        for row in rows:
            known[row["id"]] = entity.name + "".join(
                f"_{self._part(entity, field, row)}" for field in entity.unique_key
            )

    def _number(self, name: str, rows: list[Row]) -> None:
        """Objects without a unique key come in the order of their ids: their place is their number."""
        self._numbered.setdefault(name, array("q")).extend(row["id"] for row in rows)

    def _part(self, entity: Entity, field: str, row: Row) -> str:
        value = row[key_column(entity, field)]
        relation = entity.to_one(field)
        if relation is not None:
            return f"{field}-({keys.tail(self.of(relation.target, value))})"
        return f"{field}-{keys.quote(str(value))}"


def _statement(name: str) -> Select[Any]:
    """All rows of a table in the order of the dump. `chunk` is the id of the object whose chunk a row is in."""
    entity = schema().entities[name]
    made = table(name)
    if name == "Datafile":
        datasets = table("Dataset")
        chunk = datasets.c.investigation_id
        joined = select(made, chunk.label("chunk")).select_from(made.join(datasets, datasets.c.id == made.c.dataset_id))
        return joined.order_by(chunk, datasets.c.name, made.c.name)
    if name in ("Sample", "Dataset", "DataPublicationUser"):
        chunk = made.c[key_column(entity, entity.unique_key[0])]
        return select(made, chunk.label("chunk")).order_by(*(made.c[key_column(entity, f)] for f in entity.unique_key))
    if name in ("Investigation", "DataPublication") or not entity.unique_key:
        return select(made, made.c.id.label("chunk")).order_by(made.c.id)
    ordered = (made.c[key_column(entity, field)] for field in entity.unique_key)
    return select(made, made.c.id.label("chunk")).order_by(*ordered)


def _content(record: Record) -> list[tuple[bool, str]]:
    """Embedded objects are in the order of what they say, whatever their ids."""
    shown = [record.one.get(name, record.attributes.get(name)) for name in record.entity.unique_key]
    shown += [record.attributes.get(a.name) for a in record.entity.own_attributes]
    return [(value is None, str(value)) for value in shown]
