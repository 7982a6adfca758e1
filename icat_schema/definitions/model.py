"""Frozen records for what the ICAT schema says about entities.

The words are ICAT's: an *attribute* holds a scalar, a relation is *one* (to-one, stored on this side) or *many*
(to-many, the other side of somebody's to-one relation, which is its *inverse*).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

AttributeType = Literal["String", "Long", "Integer", "Double", "Boolean", "Date", "ParameterValueType", "StudyStatus"]
"""Java types of the original server; the last two are enumerations, see `Schema.enums`."""

ParameterValueType = Literal["DATE_AND_TIME", "NUMERIC", "STRING"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A scalar field. `default` is what an omitted field takes on create and on SOAP update; None: no default.

    `reported_not_nullable` is what getEntityInfo says, which differs from `nullable` for most booleans and for the
    base attributes.
    """

    name: str
    type: AttributeType
    nullable: bool
    reported_not_nullable: bool
    max_length: int | None = None
    default: bool | int | None = None
    inherited: bool = False
    base: bool = False

    @property
    def info_type(self) -> str:
        """Type name as getEntityInfo reports it (Java's simple name, so `boolean` for Boolean)."""
        return "boolean" if self.type == "Boolean" else self.type

    @property
    def is_enum(self) -> bool:
        return self.type in ("ParameterValueType", "StudyStatus")


@dataclass(frozen=True, slots=True)
class ToOne:
    """A many-to-one relation; only the id of the related object matters in requests. `inverse` is None on abstract
    types."""

    name: str
    target: str
    nullable: bool
    inverse: str | None
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class ToMany:
    """A one-to-many relation; cascaded on create and on delete, ignored by SOAP update."""

    name: str
    target: str
    inverse: str


Field = Attribute | ToOne | ToMany


@dataclass(frozen=True)
class Entity:
    """One entity type. `attributes` starts with the five base attributes; every tuple is in alphabetical order of its
    own part. `unique_key` keeps ICAT's reported order (dump files depend on it); empty: the entity has none."""

    name: str
    attributes: tuple[Attribute, ...]
    one: tuple[ToOne, ...]
    many: tuple[ToMany, ...]
    unique_key: tuple[str, ...]
    extends: str | None = None

    @property
    def wsdl_name(self) -> str:
        """Type name in WSDL and XML: first letter lowered (`DataCollection` -> `dataCollection`)."""
        return self.name[0].lower() + self.name[1:]

    @property
    def own_attributes(self) -> tuple[Attribute, ...]:
        """Attributes without the five base ones."""
        return tuple(a for a in self.attributes if not a.base)

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Every attribute and relation by name."""
        every: tuple[Field, ...] = (*self.attributes, *self.one, *self.many)
        return {field.name: field for field in every}

    def attribute(self, name: str) -> Attribute | None:
        found = self.fields.get(name)
        return found if isinstance(found, Attribute) else None

    def to_one(self, name: str) -> ToOne | None:
        found = self.fields.get(name)
        return found if isinstance(found, ToOne) else None

    def to_many(self, name: str) -> ToMany | None:
        found = self.fields.get(name)
        return found if isinstance(found, ToMany) else None


@dataclass(frozen=True)
class Schema:
    """The whole schema of one ICAT version.

    `entities` is in the order of getEntityNames (code points) and holds the concrete entities; `abstract` holds
    `Parameter`. `http_status` maps an ICAT exception type to the status of the REST interface.
    """

    version: str
    entities: Mapping[str, Entity]
    abstract: Mapping[str, Entity]
    enums: Mapping[str, tuple[str, ...]]
    http_status: Mapping[str, int]
    export_order: tuple[str, ...]

    def entity(self, name: str) -> Entity | None:
        """The entity of exactly this (case-sensitive) name, abstract ones included; None when there is none."""
        return self.entities.get(name) or self.abstract.get(name)

    @cached_property
    def by_wsdl_name(self) -> Mapping[str, Entity]:
        return {e.wsdl_name: e for e in self.entities.values()}
