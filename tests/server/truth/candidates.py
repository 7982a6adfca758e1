"""New objects of every entity, made from the schema and the content, for asking who may create them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from icat_schema.definitions import Attribute, Entity, schema
from tests.server.truth.graph import Graph, Thing

UNUSED = "not stored yet"
NEW = 2**31
"""The id of an object that is not stored. Rules are asked once it has one, which is higher than all others."""
SPECIAL: dict[str, dict[str, Any]] = {
    "Rule": {"crudFlags": "R", "what": "Study"},
    "PublicStep": {"origin": "Dataset", "field": "dataCollectionDatasets"},
}
"""Attributes with a meaning of their own."""
PARAMETER_VALUES = {
    "NUMERIC": {"numericValue": 7},
    "STRING": {"stringValue": "some text"},
    "DATE_AND_TIME": {"dateTimeValue": "2012-07-26T12:00:00.000+02:00"},
}


def candidates(graph: Graph, entity: Entity, number: int) -> list[Thing]:
    """At most this many objects that could be created, as different in what they refer to as the content allows; none
    when every combination of what they could refer to is taken."""
    found: list[Thing] = []
    for one in _relations(graph, entity):
        thing = Thing(entity.name, NEW, _attributes(entity, one), {r.name: one.get(r.name) for r in entity.one})
        if not _is_stored(graph, entity, thing):
            found.append(thing)
    return found[:: max(1, len(found) // number)][:number]


def as_rest(thing: Thing) -> dict[str, Any]:
    """The object as the REST interface takes it."""
    relations = {name: {"id": target.id} for name, target in thing.one.items() if target is not None}
    return {**thing.values, **relations}


def _relations(graph: Graph, entity: Entity) -> Iterator[dict[str, Thing]]:
    """Targets for the relations that must be there, in every combination."""
    needed = [r for r in entity.one if not r.nullable or r.name in entity.unique_key]
    choices = [list(graph.things[r.target].values()) for r in needed]
    for targets in itertools.product(*choices):
        one = dict(zip((r.name for r in needed), targets, strict=True))
        if "type" not in one or one["type"].entity != "ParameterType" or _applicable(entity, one["type"]):
            yield one


def _applicable(entity: Entity, type_: Thing) -> bool:
    owner = entity.name.removesuffix("Parameter")
    allowed = owner == "PermissibleStringValue" or type_.values.get(f"applicableTo{owner}", False)
    return bool(allowed) and not type_.many["permissibleStringValues"] and not _bounds(type_)


def _bounds(type_: Thing) -> bool:
    return any(name in type_.values for name in ("minimumNumericValue", "maximumNumericValue"))


def _attributes(entity: Entity, one: dict[str, Thing]) -> dict[str, Any]:
    if entity.name in SPECIAL:
        return dict(SPECIAL[entity.name])
    type_ = one.get("type")
    if entity.extends == "Parameter" and type_ is not None:
        return dict(PARAMETER_VALUES[type_.values["valueType"]])
    needed = [a for a in entity.attributes if not a.base and not a.nullable and a.default is None]
    key = [a for a in entity.attributes if a.name in entity.unique_key and a not in needed]
    defaults = {a.name: a.default for a in entity.attributes if a.default is not None}
    return {**defaults, **{a.name: _value(a) for a in (*needed, *key)}}


def _value(attribute: Attribute) -> Any:
    if attribute.is_enum:
        return schema().enums[attribute.type][0]
    values = {"String": UNUSED, "Date": "2012-07-26T12:00:00.000+02:00", "Boolean": True}
    return values.get(attribute.type, 7)


def _is_stored(graph: Graph, entity: Entity, thing: Thing) -> bool:
    def key(one: Thing) -> list[Any]:
        return [one.one.get(f, one.values.get(f)) for f in entity.unique_key]

    wanted = key(thing)
    return bool(entity.unique_key) and any(key(other) == wanted for other in graph.things[entity.name].values())
