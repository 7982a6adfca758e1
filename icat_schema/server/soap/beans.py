"""Entities in SOAP requests."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from icat_schema.definitions import Attribute, Entity, ToOne, schema
from icat_schema.server.dates import from_xml
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.soap.envelope import XSI

XSI_TYPE, XSI_NIL = f"{{{XSI}}}type", f"{{{XSI}}}nil"
INTEGER = re.compile(r"[+-]?\d{1,19}")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
BOUNDS = {"Long": 2**63, "Integer": 2**31}
TRUTH = {"true": True, "1": True, "false": False, "0": False}


def read_bean(element: etree._Element, zone: ZoneInfo) -> EntityValue:
    """An entity whose type is told by xsi:type. Raises IcatError of type BAD_PARAMETER."""
    name = element.get(XSI_TYPE, "").rpartition(":")[2].strip()
    entity = schema().by_wsdl_name.get(name)
    if entity is None:
        raise IcatError("BAD_PARAMETER", f"'{name}' in xsi:type is not an ICAT entity" if name else "xsi:type missing")
    return read_entity(element, entity, zone)


def read_entity(element: etree._Element, entity: Entity, zone: ZoneInfo) -> EntityValue:
    """The content of an element that is known to be such an entity.

    Elements that the entity does not have are ignored, empty ones count as not given unless they are texts. Of a
    to-one relation only the id is read.
    """
    value = EntityValue(entity)
    for child, name in _children(element):
        field = entity.fields.get(name)
        if isinstance(field, Attribute):
            _read_attribute(value, field, child, zone)
        elif isinstance(field, ToOne):
            value.one[name] = _read_reference(child, field)
        elif field is not None:
            target = schema().entities[field.target]
            value.many.setdefault(name, []).append(read_entity(child, target, zone))
    return value


def _children(element: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    for child in element:
        if isinstance(child.tag, str) and child.get(XSI_NIL) not in ("true", "1"):
            yield child, child.tag.rpartition("}")[2]


def _read_attribute(value: EntityValue, field: Attribute, element: etree._Element, zone: ZoneInfo) -> None:
    if field.base and field.name != "id":
        return  # the server's own business
    text = element.text or ""
    if field.type != "String":
        text = text.strip()
        if not text:
            return
    try:
        value.attributes[field.name] = parse_value(field, text, zone)
    except ValueError as error:
        raise IcatError("BAD_PARAMETER", f"{value.entity.name}: {field.name} is malformed: {error}") from None


def _read_reference(element: etree._Element, relation: ToOne) -> EntityValue:
    target = schema().entities[relation.target]
    reference = EntityValue(target)
    # Not findtext: a look at the children is many times faster, and there are thousands of references.
    text = next((child.text or "" for child in element if child.tag == "id"), "").strip()
    if text:
        try:
            reference.attributes["id"] = parse_integer(text, "Long")
        except ValueError as error:
            raise IcatError("BAD_PARAMETER", f"id of {relation.name} is malformed: {error}") from None
    return reference


def parse_value(field: Attribute, text: str, zone: ZoneInfo) -> Any:
    """The value of an attribute from its text. Raises ValueError."""
    match field.type:
        case "String":
            return text
        case "Long" | "Integer":
            return parse_integer(text, field.type)
        case "Double":
            return _parse_number(text)
        case "Boolean":
            if text.lower() not in TRUTH:
                raise ValueError(f"'{text}' is neither true nor false")
            return TRUTH[text.lower()]
        case "Date":
            return from_xml(text, zone)
        case _:
            return _parse_constant(field, text)


def parse_integer(text: str, type_: str) -> int:
    """Raises ValueError for what is no integer of ICAT's Long (64 bits) or Integer (32 bits)."""
    number = int(text) if INTEGER.fullmatch(text) else None
    if number is None or not -BOUNDS[type_] <= number < BOUNDS[type_]:
        raise ValueError(f"'{text}' is not an integer of type {type_}")
    return number


def _parse_number(text: str) -> float:
    number = float(text) if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise ValueError(f"'{text}' is not a finite number")
    return number


def _parse_constant(field: Attribute, text: str) -> str:
    constants = schema().enums[field.type]
    if text not in constants:
        raise ValueError(f"'{text}' is not one of {', '.join(constants)}")
    return text
