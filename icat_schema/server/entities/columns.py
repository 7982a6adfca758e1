"""From the fields of an entity to the columns of its table, prepared once per entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

from icat_schema.definitions import Attribute, Entity, ToOne, schema
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.store.tables import key_column, relation_column

Row = dict[str, Any]
"""Values by column name."""


@dataclass(frozen=True, slots=True)
class KeyPart:
    """A field of the unique key: its column, and the entity that its ids belong to (None for an attribute)."""

    field: str
    column: str
    target: str | None


@dataclass(frozen=True, slots=True)
class Columns:
    """What writing one entity needs to know. `relations` pairs every to-one relation with its column."""

    entity: Entity
    attributes: tuple[Attribute, ...]
    relations: tuple[tuple[ToOne, str], ...]
    required: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, int], ...]
    key: tuple[KeyPart, ...]


@cache
def columns_of(name: str) -> Columns:
    """Columns of a concrete entity; `required` pairs columns that must not be null with their field names."""
    entity = schema().entities[name]
    attributes = entity.own_attributes
    relations = tuple((r, relation_column(r.name)) for r in entity.one)
    required = [(a.name, a.name) for a in attributes if not a.nullable]
    required += [(column, r.name) for r, column in relations if not r.nullable]
    return Columns(
        entity=entity,
        attributes=attributes,
        relations=relations,
        required=tuple(sorted(required, key=lambda pair: pair[1])),
        texts=tuple((a.name, a.max_length) for a in attributes if a.max_length is not None),
        key=tuple(_key_part(entity, f) for f in entity.unique_key),
    )


@cache
def storage_order() -> tuple[str, ...]:
    """Entity names, each after everything it refers to: rows are inserted in this order and deleted in the reverse."""
    return tuple(TopologicalSorter({n: {r.target for r in e.one} for n, e in schema().entities.items()}).static_order())


def complete_row(value: EntityValue, owner_column: str | None = None) -> Row:
    """All columns but the system ones; what was not given takes its default or null, and so does the relation to the
    owner, which the object's place in the request decides.

    Raises IcatError of type NO_SUCH_OBJECT_FOUND for a related object without id.
    """
    columns = columns_of(value.entity.name)
    given = value.attributes
    row: Row = {}
    for attribute in columns.attributes:
        found = given.get(attribute.name)
        row[attribute.name] = attribute.default if found is None else found
    for relation, column in columns.relations:
        row[column] = None if column == owner_column else _related_id(relation, value.one.get(relation.name))
    return row


def given_columns(value: EntityValue) -> Row:
    """Only the columns of fields that were given, system ones left out; null stays null."""
    columns = columns_of(value.entity.name)
    row: Row = {a.name: value.attributes[a.name] for a in columns.attributes if a.name in value.attributes}
    for relation, column in columns.relations:
        if relation.name in value.one:
            row[column] = _related_id(relation, value.one[relation.name])
    return row


def key_values(columns: Columns, row: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The values of the unique key; None when the entity has no key or a part is missing."""
    values = tuple(row[part.column] for part in columns.key)
    return values if values and None not in values else None


def _key_part(entity: Entity, field: str) -> KeyPart:
    relation = entity.to_one(field)
    return KeyPart(field, key_column(entity, field), relation.target if relation else None)


def _related_id(relation: ToOne, value: EntityValue | None) -> int | None:
    if value is None:
        return None
    if value.id is None:
        raise IcatError("NO_SUCH_OBJECT_FOUND", f"{relation.target} has null primary key.")
    return value.id
