"""Delete objects with everything that hangs from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby

from sqlalchemy import Connection, delete, select

from icat_schema.definitions import schema
from icat_schema.server.entities.columns import storage_order
from icat_schema.server.entities.conflicts import not_found
from icat_schema.server.entities.validate import portions
from icat_schema.server.entities.work import Placed, Work, denied, required_id
from icat_schema.server.store.tables import relation_column, table

Tree = dict[str, set[int]]
"""Ids by entity: some objects and everything reachable from them through to-many relations."""


def descendants(connection: Connection, name: str, ids: Collection[int]) -> Tree:
    """Walk the entities in storage order: all referrers of an entity come after it."""
    tree: Tree = {name: set(ids)}
    for owner in storage_order():
        for relation in schema().entities[owner].many if tree.get(owner) else ():
            made = table(relation.target)
            column = made.c[relation_column(relation.inverse)]
            for part in portions(tree[owner]):
                found = connection.execute(select(made.c.id).where(column.in_(part))).scalars().all()
                if found:
                    tree.setdefault(relation.target, set()).update(found)
    return tree


class Deleter:
    """Deletes objects and their descendants, entity by entity, in sets.

    The references between entities have no cycle, so no object hangs from another one of its own type.
    """

    def __init__(self, work: Work) -> None:
        self._work = work

    def delete(self, objects: Sequence[Placed]) -> None:
        """DELETE permission is needed on each object and on each descendant. One that an earlier object of the list
        has taken along no longer exists."""
        for name, batch in groupby(objects, key=lambda o: o.value.entity.name):
            self._delete_batch(name, list(batch))

    def _delete_batch(self, name: str, objects: list[Placed]) -> None:
        self._require_stored(name, objects)
        tree = descendants(self._work.connection, name, {required_id(p) for p in objects})
        if self._first_denied(tree) is not None:
            self._raise_denied(name, objects)
        for entity in reversed(storage_order()):
            made = table(entity)
            for part in portions(tree.get(entity, ())):
                self._work.connection.execute(delete(made).where(made.c.id.in_(part)))

    def _require_stored(self, name: str, objects: list[Placed]) -> None:
        made, found = table(name), set[int]()
        for part in portions([required_id(p) for p in objects]):
            found.update(self._work.connection.execute(select(made.c.id).where(made.c.id.in_(part))).scalars())
        for placed in objects:
            id_ = required_id(placed)
            if id_ not in found:
                raise not_found(name, id_).at(placed.offset)
            found.discard(id_)  # named twice, it is gone the second time

    def _first_denied(self, tree: Tree) -> str | None:
        """The first entity, owners first, of which an object may not be deleted."""
        for entity in storage_order():
            ids = tree.get(entity, set())
            if ids and not ids <= set(self._work.allowed(entity, ids, "D")):
                return entity
        return None

    def _raise_denied(self, name: str, objects: list[Placed]) -> None:
        """Say which object of the list it was. Only after a refusal is it worth looking at them one by one."""
        for placed in objects:
            entity = self._first_denied(descendants(self._work.connection, name, {required_id(placed)}))
            if entity is not None:
                raise denied("DELETE", entity, placed.offset)
