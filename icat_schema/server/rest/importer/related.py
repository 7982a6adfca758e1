"""Which stored objects the rows of a table mean, found by their keys with one statement per relation and batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, tuple_

from icat_schema.definitions import Entity
from icat_schema.server.entities.columns import columns_of
from icat_schema.server.entities.validate import portions
from icat_schema.server.errors import IcatError
from icat_schema.server.rest.importer.cells import Cell, attribute_value
from icat_schema.server.rest.importer.header import Reference
from icat_schema.server.store.tables import table

Key = tuple[Any, ...]
Row = Sequence[Cell]
LocalNames = Mapping[tuple[str, str], int]
"""Ids of objects of this import by entity and local name."""


def ids_by_key(connection: Connection, entity: Entity, keys: Collection[Key]) -> dict[Key, int]:
    """Ids of the stored objects with these keys, whose parts are in the order of the unique key."""
    made = table(entity.name)
    parts = [made.c[part.column] for part in columns_of(entity.name).key]
    found: dict[Key, int] = {}
    for portion in portions(keys):
        statement = select(made.c.id, *parts).where(tuple_(*parts).in_(portion))
        found.update({tuple(row[1:]): row[0] for row in connection.execute(statement)})
    return found


class Finder:
    """Resolves references of many rows at once."""

    def __init__(self, connection: Connection, zone: ZoneInfo, local_names: LocalNames) -> None:
        self._connection = connection
        self._zone = zone
        self._local_names = local_names

    def ids(self, reference: Reference, rows: Sequence[Row]) -> list[int | IcatError | None]:
        """For every row the id of the object that is meant, None where its first cell is NULL, or what is wrong."""
        keys = self._keys(reference, rows)
        stored = self._stored(reference, {key for key in keys if isinstance(key, tuple)})
        return [stored.get(key) or _unknown(reference, key) if isinstance(key, tuple) else key for key in keys]

    def _stored(self, reference: Reference, keys: Collection[Key]) -> Mapping[Key, int]:
        if reference.local_name is None:
            return ids_by_key(self._connection, reference.entity, keys)
        name = reference.entity.name
        return {key: self._local_names[name, key[0]] for key in keys if (name, key[0]) in self._local_names}

    def _keys(self, reference: Reference, rows: Sequence[Row]) -> list[Key | IcatError | None]:
        inner = {name: self.ids(target, rows) for name, target in reference.relations.items()}
        keys: list[Key | IcatError | None] = []
        for number, row in enumerate(rows):
            if row[reference.first].kind == "null":
                keys.append(None)
                continue
            try:
                keys.append(self._key(reference, row, {name: ids[number] for name, ids in inner.items()}))
            except IcatError as error:
                keys.append(error)
        return keys

    def _key(self, reference: Reference, row: Row, inner: Mapping[str, int | IcatError | None]) -> Key:
        entity = reference.entity
        if reference.local_name is not None:
            return (row[reference.local_name].text,)
        parts: list[Any] = []
        for name in entity.unique_key:
            found = inner.get(name)
            if isinstance(found, IcatError):
                raise found
            attribute = entity.attribute(name)
            if attribute is not None:
                found = attribute_value(attribute, row[reference.attributes[name]], self._zone)
            if found is None:
                raise IcatError("BAD_PARAMETER", f"{name} of the key of {entity.name} must not be null")
            parts.append(found)
        return tuple(parts)


def _unknown(reference: Reference, key: Key) -> IcatError:
    name = reference.entity.name
    if reference.local_name is not None:
        return IcatError("NO_SUCH_OBJECT_FOUND", f"No {name} of this import has the local name {key[0]}")
    parts = zip(reference.entity.unique_key, key, strict=True)
    shown = ", ".join(f"{field} = '{_shown(reference, field, value)}'" for field, value in parts)
    return IcatError("NO_SUCH_OBJECT_FOUND", f"{name} with {shown} not found.")


def _shown(reference: Reference, field: str, value: Any) -> str:
    """As ICAT tells of duplicates: an object by its entity and id."""
    relation = reference.entity.to_one(field)
    return str(value) if relation is None else f"{relation.target}:{value}"
