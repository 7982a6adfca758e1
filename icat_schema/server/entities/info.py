"""What getEntityInfo tells about an entity, whatever the wire format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from icat_schema.definitions import Attribute, Entity, schema
from icat_schema.definitions.model import Field, ToOne
from icat_schema.server.errors import IcatError

BASE_BEAN = "EntityBaseBean"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field as clients see it; `string_length` in characters, for text only."""

    name: str
    type: str
    relation: Literal["ATTRIBUTE", "ONE", "MANY"]
    not_nullable: bool
    string_length: int | None = None


@dataclass(frozen=True, slots=True)
class EntityInfo:
    """`constraint` is the unique key in ICAT's order; empty when there is none."""

    fields: tuple[FieldInfo, ...]
    constraint: tuple[str, ...]


def describe(name: str) -> EntityInfo:
    """Fields in alphabetical order, the five base ones included.

    Knows abstract types as well. Raises IcatError of type BAD_PARAMETER for any other name.
    """
    entity = schema().entity(name)
    if entity is None and name != BASE_BEAN:
        raise IcatError("BAD_PARAMETER", f"{name} is not an ICAT entity")
    fields = sorted(_fields(entity), key=lambda f: f.name)
    return EntityInfo(tuple(_describe(f) for f in fields), entity.unique_key if entity else ())


def _fields(entity: Entity | None) -> Iterator[Field]:
    if entity is None:
        anything = next(iter(schema().entities.values()))
        yield from (a for a in anything.attributes if a.base)
    else:
        yield from entity.fields.values()


def _describe(field: Field) -> FieldInfo:
    if isinstance(field, Attribute):
        length = None if field.base else field.max_length
        return FieldInfo(field.name, field.info_type, "ATTRIBUTE", field.reported_not_nullable, length)
    if isinstance(field, ToOne):
        return FieldInfo(field.name, field.target, "ONE", not field.nullable)
    return FieldInfo(field.name, field.target, "MANY", not_nullable=False)
