"""Entities in the JSON that the REST interface reads."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from icat_schema.definitions import Attribute, Entity, ToOne, schema
from icat_schema.server.dates import from_json
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.entities.work import Placed
from icat_schema.server.errors import IcatError

BOUNDS = {"Long": 2**63, "Integer": 2**31}
SHOWN_LENGTH = 1_000
ATTRIBUTES = ("USER", "ALL")


@dataclass
class Change:
    """What one top-level element asks for: objects to change, then objects to create. `id` in the element itself
    decides which of the two it is; objects that it refers to with more than their id are changed as well."""

    patches: list[Placed] = field(default_factory=list)
    creations: list[Placed] = field(default_factory=list)


def read_changes(text: str) -> list[Change]:
    """The elements of POST entityManager in order. Raises IcatError with the offset of the element."""
    document = _parse(text, offset=0)
    elements = document if isinstance(document, list) else [document]
    return [_read_change(element, offset) for offset, element in enumerate(elements)]


def read_references(text: str) -> list[Placed]:
    """The objects of DELETE entityManager, each with nothing but its id."""
    document = _parse(text, offset=-1)
    elements = document if isinstance(document, list) else [document]
    return [Placed(_read_reference(element, offset), offset) for offset, element in enumerate(elements)]


def read_copy(name: str, id_: int, keys: str) -> EntityValue:
    """What POST cloner asks for: the id of the original and the key attributes that the copy gets."""
    entity = entity_named(name)
    found = _parse(keys, offset=-1)
    if not isinstance(found, dict):
        raise IcatError("BAD_PARAMETER", f"keys must be a JSON object, not {_shown(found)}")
    for key in found:
        if key not in entity.unique_key or entity.to_one(key) is not None:
            raise IcatError("BAD_PARAMETER", f"{key} is not a constraint field of {name}")
    value = _Reader(Change(), -1).read(entity, found)
    value.attributes["id"] = id_
    return value


def parse_object(text: str) -> dict[str, Any]:
    """A JSON object. Raises ValueError."""
    found = json.loads(text, parse_constant=_no_constant)
    if not isinstance(found, dict):
        raise TypeError("a JSON object is needed")
    return found


def parse_port_request(text: str, keys: Collection[str]) -> dict[str, str]:
    """The JSON that says what is to be exported or imported: texts under some of these keys.

    Raises IcatError of type BAD_PARAMETER.
    """
    try:
        document = parse_object(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise IcatError("BAD_PARAMETER", f"{error} in json") from None
    for key, value in document.items():
        if key not in keys:
            raise IcatError("BAD_PARAMETER", f"{key} is not an expected key in the json")
        if not isinstance(value, str):
            raise IcatError("BAD_PARAMETER", f"{key} must be a string")
    return document


def wants_system_attributes(document: Mapping[str, str]) -> bool:
    """Whether createId and its kin are meant as well. Raises IcatError of type BAD_PARAMETER."""
    attributes = document.get("attributes", "USER").upper()
    if attributes not in ATTRIBUTES:
        raise IcatError("BAD_PARAMETER", f"attributes must be one of {', '.join(ATTRIBUTES)}")
    return attributes == "ALL"


def entity_named(name: str, offset: int = -1) -> Entity:
    entity = schema().entities.get(name)
    if entity is None:
        raise IcatError("BAD_PARAMETER", f"{name} is not an EntityBaseBean", offset)
    return entity


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _parse(text: str, offset: int) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise IcatError("BAD_PARAMETER", f"{error} in json {_cut(text)}", offset) from None


def _shown(value: Any) -> str:
    return _cut(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def _cut(text: str) -> str:
    """As much of the request as fits a message."""
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"


def _named_content(element: Any, offset: int) -> tuple[Entity | str, Mapping[str, Any]]:
    if isinstance(element, list):
        raise IcatError("BAD_PARAMETER", f"Unexpected array found in JSON {_shown(element)}", offset)
    if not isinstance(element, dict) or len(element) != 1:
        text = f"Entity must have one keyword followed by its values in json {_shown(element)}"
        raise IcatError("BAD_PARAMETER", text, offset)
    ((name, content),) = element.items()
    if not isinstance(content, dict):
        raise IcatError("BAD_PARAMETER", f"Badly formatted object {_shown(content)} for {name}", offset)
    return name, content


def _read_change(element: Any, offset: int) -> Change:
    name, content = _named_content(element, offset)
    change = Change()
    reader = _Reader(change, offset)
    value = reader.read(entity_named(str(name), offset), content)
    (change.creations if value.id is None else change.patches).append(Placed(value, offset))
    return change


def _read_reference(element: Any, offset: int) -> EntityValue:
    name, content = _named_content(element, offset)
    entity = entity_named(str(name))
    if "id" not in content:
        raise IcatError("BAD_PARAMETER", f"entity must have the id value specified in json {_shown(element)}", offset)
    if len(content) > 1:
        text = f"entity must have only the id value specified in json {_shown(element)}"
        raise IcatError("BAD_PARAMETER", text, offset)
    return EntityValue(entity, {"id": _read_id(content["id"], offset)})


def _read_id(value: Any, offset: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= BOUNDS["Long"]:
        raise IcatError("BAD_PARAMETER", f"Badly formatted id: {_shown(value)}", offset)
    return value


class _Reader:
    """Reads one top-level element; what it refers to with more than an id is added to the patches of the change."""

    def __init__(self, change: Change, offset: int) -> None:
        self._change = change
        self._offset = offset

    def read(self, entity: Entity, content: Mapping[str, Any]) -> EntityValue:
        value = EntityValue(entity)
        for name, found in content.items():
            field_ = entity.fields.get(name)
            if field_ is None:
                self._refuse(f"Field {name} not found in {entity.name}")
            if name == "id":
                value.attributes["id"] = _read_id(found, self._offset)
            elif isinstance(field_, Attribute):
                value.attributes[name] = self._attribute(entity, field_, found)
            elif isinstance(field_, ToOne):
                value.one[name] = None if found is None else self._related(field_, found)
            else:
                value.many[name] = self._children(schema().entities[field_.target], found)
        return value

    def _related(self, relation: ToOne, found: Any) -> EntityValue:
        if not isinstance(found, dict):
            self._refuse(f"Badly formatted relationship object {_shown(found)}")
        if "id" not in found:
            self._refuse(f"One to many related objects should have the id value set: {_shown(found)}")
        value = self.read(schema().entities[relation.target], found)
        if len(found) > 1:
            self._change.patches.append(Placed(value, self._offset))
        return EntityValue(value.entity, {"id": value.id})

    def _children(self, target: Entity, found: Any) -> list[EntityValue]:
        if not isinstance(found, list):
            self._refuse(f"Badly formatted list of {target.name}: {_shown(found)}")
        children = []
        for child in found:
            if not isinstance(child, dict):
                self._refuse(f"Badly formatted object {_shown(child)} for {target.name}")
            if "id" in child:
                self._refuse(f"Many to one related objects should have the id value set: {_shown(child)}")
            children.append(self.read(target, child))
        return children

    def _attribute(self, entity: Entity, attribute: Attribute, found: Any) -> Any:
        name = attribute.name
        if attribute.base:
            self._refuse(f"Field {name} of {entity.name} is set by the server")
        if found is None:
            return None
        if attribute.type == "Boolean":
            if not isinstance(found, bool):
                self._refuse(f"Field {name} must be true or false in {entity.name}")
            return found
        if attribute.type == "StudyStatus":  # as in ICAT 5, where REST does not know this type
            self._refuse(f"Badly formatted relationship object {_shown(found)}")
        read = self._number if attribute.type in ("Long", "Integer", "Double") else self._text
        return read(entity, attribute, found)

    def _number(self, entity: Entity, attribute: Attribute, found: Any) -> int | float:
        if isinstance(found, bool) or not isinstance(found, int | float):
            self._refuse(f"Field {attribute.name} must be a number in {entity.name}")
        if attribute.type == "Double":
            try:
                number = float(found)
            except OverflowError:
                number = math.inf
            if not math.isfinite(number):
                self._refuse(f"Field {attribute.name} must be a finite number in {entity.name}")
            return number
        bound = BOUNDS[attribute.type]
        if not isinstance(found, int) or not -bound <= found < bound:
            self._refuse(f"Field {attribute.name} must be an integer of type {attribute.type} in {entity.name}")
        return found

    def _text(self, entity: Entity, attribute: Attribute, found: Any) -> Any:
        if not isinstance(found, str):
            self._refuse(f"Field {attribute.name} must be a string in {entity.name}")
        if attribute.type == "Date":
            try:
                return from_json(found)
            except ValueError as error:
                self._refuse(f"Badly formatted date {error}")
        if attribute.is_enum:
            constants = schema().enums[attribute.type]
            if found.upper() not in constants:
                self._refuse(f"Field {attribute.name} must be one of {', '.join(constants)} in {entity.name}")
            return found.upper()
        return found

    def _refuse(self, text: str) -> NoReturn:
        raise IcatError("BAD_PARAMETER", text, self._offset)
