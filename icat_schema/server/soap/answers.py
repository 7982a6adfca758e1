"""Entities, values and information in SOAP replies, as XML text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from icat_schema.definitions import Attribute, schema
from icat_schema.definitions.model import Field, ToMany
from icat_schema.server.authn import AuthenticatorInfo
from icat_schema.server.dates import to_xml
from icat_schema.server.entities.info import EntityInfo, FieldInfo
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.search import SearchResult
from icat_schema.server.soap.envelope import escaped
from icat_schema.server.soap.wsdl import XML_TYPES

Writer = Callable[[Any], str]


class AnswerWriter:
    """Writes one answer, with dates in the server's zone. An object that many others refer to is written once and its
    text repeated."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._related: dict[int, str] = {}
        self._dates: dict[datetime, str] = {}
        self._writers: dict[str, Writer] = {
            "String": escaped,
            "Long": lambda value: str(int(value)),  # sums come out of PostgreSQL as exact decimals
            "Integer": str,
            "Double": lambda value: repr(float(value)),
            "Boolean": lambda value: "true" if value else "false",
            "Date": self._date,
        }

    def results(self, found: SearchResult) -> Iterator[str]:
        """One `return` per result. Nulls are left out, alone and in rows, as ICAT 5.0 does."""
        if found.kind == "entities":
            for value in found.rows:
                yield self.entity("return", value)
        elif found.kind == "scalars":
            start, write = self._typed("return", found.types[0])
            for value in found.rows:
                if value is not None:
                    yield f"{start}{write(value)}</return>"
        else:
            yield from self._rows(found)

    def entity(self, tag: str, value: EntityValue) -> str:
        """An element that names its entity by xsi:type."""
        return f'<{tag} xsi:type="ns2:{value.entity.wsdl_name}">{self._content(value)}</{tag}>'

    def _rows(self, found: SearchResult) -> Iterator[str]:
        columns = [self._typed("fields", type_) for type_ in found.types]
        for row in found.rows:
            cells = "".join(
                f"{start}{write(value)}</fields>"
                for (start, write), value in zip(columns, row, strict=True)
                if value is not None
            )
            yield f'<return xsi:type="ns2:fieldSet">{cells}</return>'

    def _typed(self, tag: str, type_: str) -> tuple[str, Writer]:
        return f'<{tag} xsi:type="{XML_TYPES[type_].replace("tns:", "ns2:")}">', self._writers.get(type_, escaped)

    def _content(self, value: EntityValue) -> str:
        parts: list[str] = []
        attributes = value.attributes
        for field, start, end in _in_schema_order()[value.entity.name]:
            if isinstance(field, Attribute):
                found = attributes.get(field.name)
                if found is not None:
                    parts.append(start + self._writers.get(field.type, escaped)(found) + end)
            elif isinstance(field, ToMany):
                parts += [start + self._content(child) + end for child in value.many.get(field.name, ())]
            else:
                related = value.one.get(field.name)
                if related is not None:
                    parts.append(start + self._shared(related) + end)
        return "".join(parts)

    def _date(self, value: datetime) -> str:
        """Objects that were stored together share their times."""
        text = self._dates.get(value)
        if text is None:
            text = self._dates[value] = to_xml(value, self._zone)
        return text

    def _shared(self, value: EntityValue) -> str:
        """The search hands out one object per id and place, so the object itself is the key."""
        text = self._related.get(id(value))
        if text is None:
            text = self._related[id(value)] = self._content(value)
        return text


@cache
def _in_schema_order() -> dict[str, tuple[tuple[Field, str, str], ...]]:
    """Fields with their tags, by entity: the base attributes, what Parameter declares, then the rest, each by name."""
    return {
        name: tuple((f, f"<{f.name}>", f"</{f.name}>") for f in sorted(entity.fields.values(), key=_rank))
        for name, entity in schema().entities.items()
    }


def _rank(field: Field) -> tuple[int, str]:
    if isinstance(field, Attribute) and field.base:
        return 0, field.name
    return (1 if not isinstance(field, ToMany) and field.inherited else 2), field.name


def texts(values: Sequence[str]) -> list[str]:
    """A list of strings as untyped `return` elements."""
    return [f"<return>{escaped(value)}</return>" for value in values]


def authenticator_info(info: AuthenticatorInfo) -> str:
    keys = "".join(
        f"<keys><hide>{str(key.hide).lower()}</hide><name>{escaped(key.name)}</name></keys>" for key in info.keys
    )
    return (
        f"<return><admin>{str(info.admin).lower()}</admin>{keys}<mnemonic>{escaped(info.mnemonic)}</mnemonic></return>"
    )


def entity_info(info: EntityInfo) -> str:
    constraint = "".join(f"<fieldNames>{name}</fieldNames>" for name in info.constraint)
    constraints = f"<constraints>{constraint}</constraints>" if constraint else ""
    return f"<return>{constraints}{''.join(map(_field_info, info.fields))}</return>"


def _field_info(field: FieldInfo) -> str:
    length = "" if field.string_length is None else f"<stringLength>{field.string_length}</stringLength>"
    return (
        f"<fields><name>{field.name}</name><notNullable>{str(field.not_nullable).lower()}</notNullable>"
        f"<relType>{field.relation}</relType>{length}<type>{field.type}</type></fields>"
    )
