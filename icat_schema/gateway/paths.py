"""Dotted paths, checked against the schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from icat_schema.definitions import Attribute, Entity, ToMany, ToOne, schema
from icat_schema.gateway.errors import InvalidRequest

PUBLIC_TABLES = frozenset(
    {
        "Application",
        "DataPublicationType",
        "DatafileFormat",
        "DatasetType",
        "Facility",
        "FacilityCycle",
        "Instrument",
        "InvestigationType",
        "ParameterType",
        "PermissibleStringValue",
        "SampleType",
        "Technique",
        "User",
    }
)
"""Entities that catalogues let everybody read (the set-up that comes with python-icat does). The server tests the rules
for every selected item, and a LEFT JOIN over nothing fails the test of a restricted entity, which drops the whole row;
columns over nullable relations to any other entity are therefore asked for in a query of their own."""


@dataclass(frozen=True, slots=True)
class Path:
    """`relations` leads to the entity `owner`; `attribute` is None when the path ends at a to-one relation."""

    text: str
    relations: tuple[ToOne | ToMany, ...]
    owner: Entity
    attribute: Attribute | None

    @property
    def to_many(self) -> int:
        """Number of steps up to and with the first to-many relation; 0: there is none."""
        return next((i for i, step in enumerate(self.relations, 1) if isinstance(step, ToMany)), 0)

    @property
    def nullable(self) -> bool:
        """Whether one of the to-one relations on the way may be null."""
        return any(isinstance(step, ToOne) and step.nullable for step in self.relations)

    @property
    def guarded(self) -> str:
        """The path of the first nullable relation to an entity that is not public by custom; empty: there is none."""
        for i, step in enumerate(self.relations, 1):
            if isinstance(step, ToOne) and step.nullable and step.target not in PUBLIC_TABLES:
                return ".".join(s.name for s in self.relations[:i])
        return ""


def entity_of(name: str) -> Entity:
    """The entity of this name; InvalidRequest when there is none that can be stored."""
    entity = schema().entities.get(name)
    if entity is None:
        raise InvalidRequest(f"{name!r} is not an entity of ICAT")
    return entity


@lru_cache(maxsize=4096)
def resolve(entity_name: str, path: str) -> Path:
    """Follow a path; InvalidRequest names the entity and the field that it does not have."""
    entity = entity_of(entity_name)
    relations: list[ToOne | ToMany] = []
    names = path.split(".")
    for i, name in enumerate(names):
        field = entity.fields.get(name)
        if field is None:
            raise InvalidRequest(f"{entity.name} has no field {name!r} (in the path {path!r} of {entity_name})")
        if isinstance(field, Attribute):
            if i + 1 < len(names):
                raise InvalidRequest(f"{entity.name}.{name} is a value, nothing can follow it (in the path {path!r})")
            return Path(path, tuple(relations), entity, field)
        relations.append(field)
        entity = schema().entities[field.target]
    return Path(path, tuple(relations), entity, None)


def value_path(entity_name: str, path: str) -> tuple[Path, Attribute]:
    """A path that ends at an attribute."""
    found = resolve(entity_name, path)
    if found.attribute is None:
        raise InvalidRequest(f"the path {path!r} of {entity_name} ends at a relation; add a field, for instance .id")
    return found, found.attribute


def row_path(entity_name: str, path: str) -> tuple[Path, Attribute]:
    """A path that has one value per row: for columns and order."""
    found, attribute = value_path(entity_name, path)
    if found.to_many:
        raise InvalidRequest(
            f"the path {path!r} of {entity_name} leads to many objects; a column or an order has one value per row:"
            f" select from {found.relations[found.to_many - 1].target} instead"
        )
    return found, attribute
