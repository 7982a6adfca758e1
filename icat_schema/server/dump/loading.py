"""Put the objects of a dump into a catalogue, in one transaction: all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from icat_schema.definitions import Attribute, Entity, ToOne, schema
from icat_schema.server.authz import Rules
from icat_schema.server.dump.records import DumpError, Record, Reference
from icat_schema.server.dump.references import References
from icat_schema.server.dump.snapshot import META
from icat_schema.server.dump.values import parse
from icat_schema.server.entities.columns import Row, columns_of, storage_order
from icat_schema.server.entities.conflicts import first_conflict
from icat_schema.server.entities.insert import Node, number
from icat_schema.server.entities.validate import EntityChecks, field_problem, text_problem
from icat_schema.server.errors import IcatError
from icat_schema.server.store.bulk import insert_many
from icat_schema.server.store.tables import relation_column, table

OBJECTS = 500
"""Objects that are stored at once, with what is embedded in them."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a file is loaded: in whose name and when (`meta`: as the file says, where it says it), and the zone of dates
    without offset."""

    user_name: str
    now: datetime
    zone: ZoneInfo
    meta: bool = False


@dataclass(frozen=True, slots=True)
class _Late:
    """A relation to an object that comes later in the file."""

    entity: str
    id: int
    relation: ToOne
    reference: Reference
    label: str


class Loader:
    """Stores the records of a file through one connection; the caller ends the transaction. Raises DumpError.

    Values are checked as on creation, but for what may have become untrue in the catalogue that was dumped: parameters
    that do not fit a type that was changed after them are taken as they are.
    """

    def __init__(self, connection: Connection, terms: Terms, told: Callable[[int], None]) -> None:
        self._connection = connection
        self._terms = terms
        self._told = told
        self._rules = Rules(terms.zone)
        self._references = References(connection, terms.zone)
        self._late: list[_Late] = []
        self.counts: Counter[str] = Counter()

    def load(self, chunks: Iterable[Iterable[Record]]) -> None:
        for chunk in chunks:
            for batch in _batches(chunk):
                self._store(batch)
            self._references.end_chunk()
        self._complete()

    def _store(self, batch: list[Record]) -> None:
        self._references.trim()
        for name, wanted in _wanted(batch).items():
            self._references.look_up(name, wanted)
        if batch[0].reference is not None:
            self._point(batch)
            return
        nodes = [node for index, record in enumerate(batch) for node in self._nodes(record, index)]
        late = self._waiting(batch, nodes)
        number(self._connection, nodes)
        self._check(batch, nodes)
        self._insert(batch, nodes)
        for record, node in zip(batch, (n for n in nodes if n.is_top), strict=True):
            self._references.remember(record, node.id)
        self._late += [
            _Late(n.columns.entity.name, n.id, relation, reference, batch[n.index].label)
            for n, relation, reference in late
        ]
        self.counts.update(node.columns.entity.name for node in nodes)
        self._told(len(nodes))

    def _point(self, batch: list[Record]) -> None:
        """Keys for objects that exist already."""
        for record in batch:
            assert record.reference is not None
            id_ = self._references.id_of(record.entity.name, record.reference)
            if id_ is None:
                raise DumpError(f"There is no {record.entity.name} as {record.key} tells it")
            self._references.remember(record, id_)

    # Rows ------------------------------------------------------------------------------------------------------------

    def _nodes(
        self, record: Record, index: int, owner: Node | None = None, column: str | None = None
    ) -> Iterator[Node]:
        node = Node(columns_of(record.entity.name), self._row(record, column), index, owner, column)
        yield node
        for name, members in record.many.items():
            many = record.entity.to_many(name)
            assert many is not None
            for member in members:
                yield from self._nodes(member, index, node, relation_column(many.inverse))

    def _row(self, record: Record, owner_column: str | None) -> Row:
        entity = record.entity
        row: Row = {a.name: self._value(record, a) for a in entity.own_attributes}
        for relation in entity.one:
            column = relation_column(relation.name)
            # The owner's id is filled in when it has one; until then it counts as given.
            row[column] = 0 if column == owner_column else self._related(record, relation)
        row.update(createId=self._terms.user_name, modId=self._terms.user_name)
        row.update(createTime=self._terms.now, modTime=self._terms.now)
        if self._terms.meta:
            row.update({name: self._value(record, _meta(entity, name)) for name in META if name in record.attributes})
        return row

    def _value(self, record: Record, attribute: Attribute) -> Any:
        if attribute.name not in record.attributes:
            return attribute.default
        try:
            value = parse(attribute, record.attributes[attribute.name], self._terms.zone)
        except ValueError as error:
            raise DumpError(f"{record.label}: {attribute.name} is malformed: {error}") from None
        return attribute.default if value is None and not attribute.nullable else value

    def _related(self, record: Record, relation: ToOne) -> int | None:
        reference = record.one.get(relation.name)
        return None if reference is None else self._references.id_of(relation.target, reference)

    def _waiting(self, batch: list[Record], nodes: list[Node]) -> list[tuple[Node, ToOne, Reference]]:
        """Relations that lead nowhere yet. Raises DumpError if one of them must not be empty."""
        found = []
        records = (r for record in batch for r in record.walk())
        for record, node in zip(records, nodes, strict=True):
            for relation in record.entity.one:
                reference = record.one.get(relation.name)
                if reference is None or node.row[relation_column(relation.name)] is not None:
                    continue
                if not relation.nullable:
                    raise _nowhere(batch[node.index].label, relation, reference)
                found.append((node, relation, reference))
        return found

    # Storing ---------------------------------------------------------------------------------------------------------

    def _check(self, batch: list[Record], nodes: list[Node]) -> None:
        checked = [n for n in nodes if n.columns.entity.name in ("Rule", "PublicStep")]
        checks = EntityChecks(self._connection, self._rules, checked)
        for node in nodes:
            problem = text_problem(node.columns, node.row) or field_problem(node.columns, node.row)
            if problem is None and node.columns.entity.name in ("Rule", "PublicStep"):
                problem = checks.problem(node, created=True)
            if problem is not None:
                raise DumpError(f"{batch[node.index].label}: {problem.message}")

    def _insert(self, batch: list[Record], nodes: list[Node]) -> None:
        members: dict[str, list[Row]] = {}
        for node in nodes:
            node.row["id"] = node.id
            members.setdefault(node.columns.entity.name, []).append(node.row)
        try:
            with self._connection.begin_nested():
                for name in storage_order():
                    if name in members:
                        insert_many(self._connection, table(name), members[name])
        except IntegrityError as error:
            conflict = first_conflict(self._connection, nodes) or IcatError("INTERNAL", str(error.orig), 0)
            raise DumpError(f"{batch[conflict.offset].label}: {conflict.message}") from None

    def _complete(self) -> None:
        """Fill the relations that led to objects which came later."""
        rest = iter(self._late)
        while part := list(islice(rest, OBJECTS)):
            self._references.trim()
            for late in part:
                self._references.look_up(late.relation.target, [late.reference])
                id_ = self._references.id_of(late.relation.target, late.reference)
                if id_ is None:
                    raise _nowhere(late.label, late.relation, late.reference)
                made = table(late.entity)
                change = {relation_column(late.relation.name): id_}
                self._connection.execute(update(made).where(made.c.id == late.id).values(change))


def _meta(entity: Entity, name: str) -> Attribute:
    attribute = entity.attribute(name)
    assert attribute is not None
    return attribute


def _nowhere(label: str, relation: ToOne, reference: Reference) -> DumpError:
    return DumpError(
        f"{label}: {relation.name} leads to {reference}, which is neither in the file nor in the catalogue"
    )


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Consecutive records of one entity. No object refers to another one of its own entity."""
    batch: list[Record] = []
    for record in records:
        other = batch and (batch[0].entity, batch[0].reference is None) != (record.entity, record.reference is None)
        if other or len(batch) == OBJECTS:
            yield batch
            batch = []
        batch.append(record)
    if batch:
        yield batch


def _wanted(batch: list[Record]) -> dict[str, list[Reference]]:
    """What the records of a batch refer to, by entity."""
    wanted: dict[str, list[Reference]] = {}
    for record in batch:
        if record.reference is not None:
            wanted.setdefault(record.entity.name, []).append(record.reference)
        for part in record.walk():
            for relation in part.entity.one:
                reference = part.one.get(relation.name)
                if reference is not None:
                    wanted.setdefault(relation.target, []).append(reference)
    assert wanted.keys() <= schema().entities.keys()
    return wanted
