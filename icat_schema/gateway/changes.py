"""Writes as frozen values: what is to be created and changed, checked against the schema."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from icat_schema.definitions import Attribute, Entity, ToMany, ToOne, schema
from icat_schema.gateway.errors import InvalidRequest
from icat_schema.gateway.paths import entity_of


@dataclass(frozen=True, slots=True)
class Ref:
    """An object that is there already."""

    id: int


@dataclass(frozen=True, slots=True)
class New:
    """An object to be created. Fields: attributes (str, int, float, bool, aware datetime), to-one relations (`Ref`),
    to-many relations (list of `New`, whose relation back is filled in). None is the same as leaving the field out."""

    entity: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """New values for some fields of an object; None makes null; `New` objects in a to-many relation are added to it."""

    entity: str
    id: int
    fields: Mapping[str, Any] = field(default_factory=dict)


Operation = New | Change


def as_json(operation: Operation) -> dict[str, Any]:
    """The operation as ICAT's REST interface takes it; InvalidRequest says which field cannot be written."""
    entity = entity_of(operation.entity)
    return {entity.name: _body(entity, operation, _json_value)}


def as_values(operation: Operation) -> dict[str, Any]:
    """The operation for SOAP: values as they are, related objects as ids; to-many relations cannot be written."""
    entity = entity_of(operation.entity)
    for name in operation.fields:
        if entity.to_many(name):
            raise InvalidRequest(
                f"{entity.name}.{name} cannot be written together with {entity.name}: create the"
                f" {entity.fields[name].target} objects on their own"  # type: ignore[union-attr]
            )
    body = _body(entity, operation, lambda _, value: value)
    body.pop("id", None)
    return {name: value["id"] if isinstance(value, dict) else value for name, value in body.items()}


def needs_soap(operation: Operation) -> bool:
    """Whether the genuine server does this only over SOAP: over REST it cannot set a StudyStatus, and it refuses every
    change of an object that has an InvestigationParameter below it, naming the object as its own duplicate."""
    entity = entity_of(operation.entity)
    if any(a.type == "StudyStatus" and a.name in operation.fields for a in entity.attributes):
        return True
    return isinstance(operation, Change) and entity.name in _above_investigation_parameters()


@lru_cache(maxsize=1)
def _above_investigation_parameters() -> frozenset[str]:
    """Entities from which to-many relations lead to InvestigationParameter."""
    found = {"InvestigationParameter"}
    while True:
        more = {e.name for e in schema().entities.values() if any(m.target in found for m in e.many)} - found
        if not more:
            return frozenset(found - {"InvestigationParameter"})
        found |= more


_Value = Callable[[Attribute, Any], Any]


def _body(entity: Entity, operation: Operation, made: _Value) -> dict[str, Any]:
    body: dict[str, Any] = {"id": _id(operation.id, entity.name)} if isinstance(operation, Change) else {}
    for name, value in operation.fields.items():
        if value is None and isinstance(operation, New):
            continue
        body[name] = _field(entity, name, value, made)
    return body


def _field(entity: Entity, name: str, value: Any, made: _Value) -> Any:
    found = entity.fields.get(name)
    if found is None:
        raise InvalidRequest(f"{entity.name} has no field {name!r}")
    if isinstance(found, ToMany):
        return _children(entity, found, value, made)
    if isinstance(found, ToOne):
        return _reference(entity, found, value)
    if found.base:
        raise InvalidRequest(f"{entity.name}.{name} is set by the catalogue")
    return None if value is None else made(found, _checked(entity, found, value))


def _children(entity: Entity, relation: ToMany, value: Any, made: _Value) -> list[dict[str, Any]]:
    if not isinstance(value, Sequence) or not all(isinstance(v, New) and v.entity == relation.target for v in value):
        raise InvalidRequest(f"{entity.name}.{relation.name} takes a list of New {relation.target}")
    target = schema().entities[relation.target]
    return [_body(target, child, made) for child in value]


def _reference(entity: Entity, relation: ToOne, value: Any) -> dict[str, int] | None:
    if value is None:
        return None
    if not isinstance(value, Ref):
        raise InvalidRequest(f"{entity.name}.{relation.name} takes a Ref to a {relation.target}")
    return {"id": _id(value.id, relation.target)}


def _id(value: Any, entity: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest(f"the id of a {entity} is a whole number, not a {type(value).__name__}")
    return value


def _checked(entity: Entity, attribute: Attribute, value: Any) -> Any:
    """The value, if it is of the attribute's type."""
    if not _FITS[attribute.type](value):
        raise InvalidRequest(f"{entity.name}.{attribute.name} is a {attribute.type}, not {_described(value)}")
    if attribute.is_enum and value not in schema().enums[attribute.type]:
        raise InvalidRequest(f"{entity.name}.{attribute.name} is one of {', '.join(schema().enums[attribute.type])}")
    return value


def _described(value: Any) -> str:
    naive = isinstance(value, datetime) and value.tzinfo is None
    return "a datetime without time zone" if naive else f"a {type(value).__name__} like this"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" or c == "\0" for c in value)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**1023 and math.isfinite(value)
    )


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "String": _is_text,
    "Long": _is_integer,
    "Integer": _is_integer,
    "Double": _is_number,
    "Boolean": lambda value: isinstance(value, bool),
    "Date": lambda value: isinstance(value, datetime) and value.tzinfo is not None,
    "ParameterValueType": _is_text,
    "StudyStatus": _is_text,
}


def _json_value(attribute: Attribute, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return float(value) if attribute.type == "Double" else value
