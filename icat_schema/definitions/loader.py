"""Read the entity definitions that ship with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from icat_schema.definitions.model import Attribute, Entity, Schema, ToMany, ToOne


@cache
def schema() -> Schema:
    """The schema of ICAT 5.0 (52 entities, 577 fields), read once per process."""
    text = resources.files("icat_schema.definitions").joinpath("icat-5.0.json").read_text(encoding="utf-8")
    return read(json.loads(text))


def read(document: Mapping[str, Any]) -> Schema:
    """Build the records from the parsed document. Raises KeyError or TypeError when a fact is missing or unknown."""
    base = tuple(_attribute(a, base=True) for a in document["base"])
    return Schema(
        version=document["icat"],
        entities={name: _entity(name, body, base) for name, body in document["entities"].items()},
        abstract={name: _entity(name, body, base) for name, body in document["abstract"].items()},
        enums={name: tuple(values) for name, values in document["enums"].items()},
        http_status=dict(document["httpStatus"]),
        export_order=tuple(document["exportOrder"]),
    )


def _attribute(fact: Mapping[str, Any], *, base: bool = False) -> Attribute:
    nullable = fact["nullable"]
    return Attribute(
        name=fact["name"],
        type=fact["type"],
        nullable=nullable,
        reported_not_nullable=fact.get("reportedNotNullable", not nullable),
        max_length=fact.get("maxLength"),
        default=fact.get("default"),
        inherited=fact.get("inherited", False),
        base=base,
    )


def _entity(name: str, body: Mapping[str, Any], base: tuple[Attribute, ...]) -> Entity:
    return Entity(
        name=name,
        attributes=base + tuple(_attribute(a) for a in body["attributes"]),
        one=tuple(ToOne(**relation) for relation in body["one"]),
        many=tuple(ToMany(**relation) for relation in body["many"]),
        unique_key=tuple(body["uniqueKey"]),
        extends=body.get("extends"),
    )
