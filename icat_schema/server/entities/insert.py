"""Rows on their way into the database: numbered in bulk, inserted with one statement per table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from icat_schema.server.authz import Access
from icat_schema.server.entities.columns import Columns, Row, storage_order
from icat_schema.server.entities.work import Work
from icat_schema.server.errors import IcatError
from icat_schema.server.store.bulk import insert_many
from icat_schema.server.store.tables import table


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


def number(connection: Connection, nodes: Sequence[Node]) -> None:
    """Give every row its id and its owner's."""
    for name, members in _by_entity(nodes).items():
        for node, id_ in zip(members, reserve_ids(connection, name, len(members)), strict=True):
            node.id = id_
    for node in nodes:
        if node.owner is not None and node.owner_column is not None:
            node.row[node.owner_column] = node.owner.id


def insert_rows(work: Work, nodes: Sequence[Node]) -> None:
    """Insert numbered rows in the name of the caller. Raises IntegrityError."""
    caller = work.caller
    for node in nodes:
        node.row.update(
            id=node.id,
            createId=caller.user_name,
            modId=caller.user_name,
            createTime=caller.now,
            modTime=caller.now,
        )
    members = _by_entity(nodes)
    for name in storage_order():
        if name in members:
            insert_many(work.connection, table(name), [node.row for node in members[name]])


def first_refused(work: Work, nodes: Sequence[Node], access: Access) -> Node | None:
    """The first of the stored rows that the caller does not have this access to."""
    members = _by_entity(nodes)
    allowed = {name: set(work.allowed(name, [n.id for n in part], access)) for name, part in members.items()}
    return next((n for n in nodes if n.id not in allowed[n.columns.entity.name]), None)


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


def _by_entity(nodes: Sequence[Node]) -> dict[str, list[Node]]:
    members: dict[str, list[Node]] = {}
    for node in nodes:
        members.setdefault(node.columns.entity.name, []).append(node)
    return members
