"""Create objects, nested ones included, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from icat_schema.server.entities.columns import Columns, Row, columns_of, complete_row, storage_order
from icat_schema.server.entities.conflicts import first_conflict
from icat_schema.server.entities.validate import EntityChecks, field_problem, text_problem
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.entities.work import Placed, Work, denied
from icat_schema.server.errors import IcatError
from icat_schema.server.store.tables import relation_column, table


@dataclass(slots=True)
class Node:
    """One row to insert. `index` is the place of its top-level object in the batch."""

    columns: Columns
    row: Row
    index: int
    owner: Node | None = None
    owner_column: str | None = None
    id: int = 0
    problem: IcatError | None = None

    @property
    def is_top(self) -> bool:
        return self.owner is None


class Creator:
    """Creates objects with everything in their to-many lists, with one statement per table and batch."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._connection = work.connection

    def create(self, objects: Sequence[Placed], *, nested_need_permission: bool) -> list[int]:
        """Store the objects in order and return their ids.

        CREATE permission is needed on the top-level objects, over REST also on those nested in them; it is decided
        after storing, because rules look at the stored rows. Consecutive objects of one type are one batch: what they
        make visible to rules does not help objects before the batch.
        """
        ids: list[int] = []
        for _, batch in groupby(objects, key=lambda o: o.value.entity.name):
            ids += self._create_batch(list(batch), nested=nested_need_permission)
        return ids

    def _create_batch(self, objects: list[Placed], *, nested: bool) -> list[int]:
        nodes = list(_nodes(objects))
        failure = self._store(nodes)
        if failure is not None:
            # An earlier object may be refused for want of permission: that comes first, as if one by one.
            if failure.offset > 0 and not self._work.caller.is_root:
                self._create_batch(objects[: failure.offset], nested=nested)
            raise IcatError(failure.type, failure.message, objects[failure.offset].offset)
        self._authorize(objects, nodes if nested else [n for n in nodes if n.is_top])
        return [n.id for n in nodes if n.is_top]

    def _store(self, nodes: list[Node]) -> IcatError | None:
        """Insert all rows, or tell (with the index as offset) which object is wrong and how, and insert none."""
        problem = self._first_problem(nodes)
        if problem is None:
            self._number(nodes)
            try:
                with self._connection.begin_nested():
                    self._insert(nodes)
            except IntegrityError as error:
                problem = IcatError("INTERNAL", f"Unexpected DB response {type(error.orig).__name__} {error.orig}", 0)
            else:
                return None
            return first_conflict(self._connection, nodes) or problem
        # ICAT looks for duplicates before it looks for missing values.
        position = problem.offset
        looked_at = [n for n in nodes if n.index < position or (n.index == position and n.is_top and n.problem is None)]
        self._number(looked_at)
        return first_conflict(self._connection, looked_at) or problem

    def _first_problem(self, nodes: list[Node]) -> IcatError | None:
        checks = EntityChecks(self._connection, self._work.rules, nodes)
        for node in nodes:
            problem = node.problem or checks.problem(node, created=True)
            if problem is not None:
                node.problem = problem
                return problem.at(node.index)
            missing = self._missing(node)
            if missing is not None:
                return missing.at(node.index)
        return None

    @staticmethod
    def _missing(node: Node) -> IcatError | None:
        """Null and length problems; the owner's id is filled in later and counts as given."""
        if node.owner_column is not None:
            node.row[node.owner_column] = 0
        return field_problem(node.columns, node.row)

    def _number(self, nodes: list[Node]) -> None:
        """Give every row its id and its owner's."""
        by_entity: dict[str, list[Node]] = {}
        for node in nodes:
            by_entity.setdefault(node.columns.entity.name, []).append(node)
        for name, members in by_entity.items():
            for node, id_ in zip(members, reserve_ids(self._connection, name, len(members)), strict=True):
                node.id = id_
        for node in nodes:
            if node.owner is not None and node.owner_column is not None:
                node.row[node.owner_column] = node.owner.id

    def _insert(self, nodes: list[Node]) -> None:
        caller = self._work.caller
        rows: dict[str, list[Row]] = {}
        for node in nodes:
            node.row.update(
                id=node.id,
                createId=caller.user_name,
                modId=caller.user_name,
                createTime=caller.now,
                modTime=caller.now,
            )
            rows.setdefault(node.columns.entity.name, []).append(node.row)
        for name in storage_order():
            if name in rows:
                self._connection.execute(insert(table(name)), rows[name])

    def _authorize(self, objects: list[Placed], nodes: list[Node]) -> None:
        ids: dict[str, list[int]] = {}
        for node in nodes:
            ids.setdefault(node.columns.entity.name, []).append(node.id)
        allowed = {name: set(self._work.allowed(name, members, "C")) for name, members in ids.items()}
        for node in nodes:
            name = node.columns.entity.name
            if node.id not in allowed[name]:
                raise denied("CREATE", name, objects[node.index].offset)


def reserve_ids(connection: Connection, entity: str, count: int) -> list[int]:
    """Ids that no object of this entity has had or will have, in ascending order.

    On SQLite the transaction holds the write lock, so the counter cannot move between reading it here and the insert.
    """
    if connection.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(f'"{entity}"', "id")
        statement = select(func.nextval(sequence)).select_from(func.generate_series(1, count).alias())
        return sorted(connection.execute(statement).scalars())
    last = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": entity}).scalar()
    first = (last or 0) + 1
    return list(range(first, first + count))


def _nodes(objects: Sequence[Placed]) -> Iterator[Node]:
    """Every object of the batch, owners before what they own."""
    for index, placed in enumerate(objects):
        yield from _tree(placed.value, index, None, None)


def _tree(value: EntityValue, index: int, owner: Node | None, owner_column: str | None) -> Iterator[Node]:
    node = Node(columns_of(value.entity.name), {}, index, owner, owner_column)
    try:
        node.row = complete_row(value, owner_column)
        node.problem = text_problem(node.columns, node.row)
    except IcatError as error:
        node.problem = error
    yield node
    for relation, child in value.children():
        many = value.entity.to_many(relation)
        assert many is not None, "lists are read by the entity's own relations"
        yield from _tree(child, index, node, relation_column(many.inverse))
