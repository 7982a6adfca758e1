"""Create objects, nested ones included, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy.exc import IntegrityError

from icat_schema.server.entities.columns import columns_of, complete_row
from icat_schema.server.entities.conflicts import first_conflict
from icat_schema.server.entities.insert import Node, first_refused, insert_rows, number
from icat_schema.server.entities.validate import EntityChecks, field_problem, text_problem
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.entities.work import Placed, Work, denied
from icat_schema.server.errors import IcatError
from icat_schema.server.store.tables import relation_column


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
            number(self._connection, nodes)
            try:
                with self._connection.begin_nested():
                    insert_rows(self._work, nodes)
            except IntegrityError as error:
                problem = IcatError("INTERNAL", f"Unexpected DB response {type(error.orig).__name__} {error.orig}", 0)
            else:
                return None
            return first_conflict(self._connection, nodes) or problem
        # ICAT looks for duplicates before it looks for missing values.
        position = problem.offset
        looked_at = [n for n in nodes if n.index < position or (n.index == position and n.is_top and n.problem is None)]
        number(self._connection, looked_at)
        return first_conflict(self._connection, looked_at) or problem

    def _first_problem(self, nodes: list[Node]) -> IcatError | None:
        readable = [n for n in nodes if n.problem is None]
        checks = EntityChecks(self._connection, self._work.rules, readable)
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

    def _authorize(self, objects: list[Placed], nodes: list[Node]) -> None:
        refused = first_refused(self._work, nodes, "C")
        if refused is not None:
            raise denied("CREATE", refused.columns.entity.name, objects[refused.index].offset)


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
