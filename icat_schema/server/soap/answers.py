"""Entities, values and information in SOAP replies, as XML text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from icat_schema.definitions import Attribute, schema
from icat_schema.definitions.model import Field, ToMany
from icat_schema.server.authn import AuthenticatorInfo
from icat_schema.server.dates import to_xml
from icat_schema.server.entities.frames import Frame
from icat_schema.server.entities.info import EntityInfo, FieldInfo
from icat_schema.server.entities.texts import Member, Texts
from icat_schema.server.search import SearchResult
from icat_schema.server.soap.envelope import escaped
from icat_schema.server.soap.wsdl import XML_TYPES
from icat_schema.server.store.fetch import Column

ESCAPED = re.compile("[&<>\r]")
ROW_START, ROW_END = '<return xsi:type="ns2:fieldSet">', "</return>"


class AnswerWriter:
    """Writes one answer, with dates in the server's zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._texts = _XmlTexts(zone)

    def results(self, found: SearchResult) -> Iterator[bytes]:
        """One `return` per result. Nulls are left out, alone and in rows, as ICAT 5.0 does."""
        if found.kind == "entities":
            for frame in found.frames:
                yield self.entities("return", frame).encode()
        for columns in found.columns:
            yield self._values(columns, found).encode()

    def entities(self, tag: str, frame: Frame) -> str:
        """Elements that name their entity by xsi:type."""
        start = f'<{tag} xsi:type="ns2:{frame.entity.wsdl_name}">'
        return "".join(f"{start}{content}</{tag}>" for content in frame.results(self._texts.contents(frame)))

    def _values(self, columns: Sequence[Column], found: SearchResult) -> str:
        if found.kind == "scalars":
            return "".join(self._typed(columns[0], "return", found.types[0]))
        last = len(columns) - 1
        cells = [
            # The first field opens the row, the last one closes it.
            self._typed(column, "fields", type_, ROW_START if not n else "", ROW_END if n == last else "")
            for n, (column, type_) in enumerate(zip(columns, found.types, strict=True))
        ]
        return "".join(chain.from_iterable(zip(*cells, strict=True)))

    def _typed(self, column: Column, tag: str, type_: str, before: str = "", behind: str = "") -> list[str]:
        start = f'{before}<{tag} xsi:type="{XML_TYPES[type_].replace("tns:", "ns2:")}">'
        return self._texts.cells(column, type_, start, f"</{tag}>{behind}", null=before + behind)


class _XmlTexts(Texts):
    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def members(self, entity: str) -> Sequence[Member]:
        return _in_schema_order()[entity]

    def escaped(self, texts: Iterable[str]) -> Sequence[str]:
        found = list(texts)
        return found if ESCAPED.search("".join(found)) is None else [escaped(text) for text in found]

    def date(self, moment: datetime) -> str:
        return to_xml(moment, self._zone)

    def double(self, number: float) -> str:
        return repr(float(number))

    def long(self, number: Any) -> str:
        return str(int(number))

    def related(self, member: Member, contents: Sequence[str]) -> str:
        between = member.end + member.start
        return f"{member.start}{between.join(contents)}{member.end}" if contents else ""


@cache
def _in_schema_order() -> dict[str, tuple[Member, ...]]:
    """Fields with their tags, by entity: the base attributes, what Parameter declares, then the rest, each by name."""
    orders = {}
    for name, entity in schema().entities.items():
        place = {attribute.name: position for position, attribute in enumerate(entity.attributes)}
        fields = sorted(entity.fields.values(), key=_rank)
        orders[name] = tuple(Member(f, f"<{f.name}>", f"</{f.name}>", place.get(f.name, -1)) for f in fields)
    return orders


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
    friendly = f"<friendly>{escaped(info.friendly)}</friendly>" if info.friendly else ""
    return (
        f"<return><admin>{str(info.admin).lower()}</admin>{friendly}{keys}"
        f"<mnemonic>{escaped(info.mnemonic)}</mnemonic></return>"
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
