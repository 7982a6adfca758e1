"""Dump files in XML, as python-icat's backend XML reads and writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any

from lxml import etree

from icat_schema.definitions import Attribute, Entity, ToMany, ToOne, schema
from icat_schema.server.dump.records import DumpError, Record, Reference
from icat_schema.server.dump.snapshot import META

ROOT = "icatdata"
OBJECT_DEPTH = 3
"""Objects stand in a chunk (`data`), chunks in the root."""


class XmlWriter:
    """Writes chunks as they come."""

    def __init__(self, out: IO[bytes], header: Mapping[str, str]) -> None:
        self._out = out
        head = etree.Element("head")
        for name, text in header.items():
            etree.SubElement(head, name).text = text
        out.write(b'<?xml version="1.0" encoding="utf-8"?>\n<icatdata>\n')
        out.write(etree.tostring(head, pretty_print=True))

    def write_chunk(self, records: Iterator[Record]) -> None:
        empty = True
        for record in records:
            data = etree.Element("data")
            element = _element(record, record.entity.wsdl_name)
            element.set("id", record.key or "")
            data.append(element)
            # One object at a time, indented as if it stood among the others.
            text = etree.tostring(data, pretty_print=True)
            self._out.write(text[0 if empty else len(b"<data>\n") : -len(b"</data>\n")])
            empty = False
        if not empty:
            self._out.write(b"</data>\n")

    def close(self) -> None:
        self._out.write(b"</icatdata>\n")


def _element(record: Record, tag: str) -> etree._Element:
    element = etree.Element(tag)
    for name in sorted(record.attributes):
        try:
            etree.SubElement(element, name).text = _text(record.attributes[name])
        except ValueError as error:
            raise DumpError(f"{record.label}: {name} cannot be written as XML: {error}") from None
    for name in sorted(record.one):
        etree.SubElement(element, name, ref=str(record.one[name]))
    for name in sorted(record.many):
        element.extend(_element(member, name) for member in record.many[name])
    return element


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


def read_xml(source: IO[bytes]) -> Iterator[Iterator[Record]]:
    """The chunks of a file, object by object. Raises DumpError."""
    reader = _Reader(source)
    while reader.next_chunk():
        yield reader.records()


class _Reader:
    """Follows the tags of a file and keeps no more than one object."""

    def __init__(self, source: IO[bytes]) -> None:
        self._events = etree.iterparse(
            source,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=True,
            remove_comments=True,
            remove_pis=True,
        )
        self._depth = 0

    def next_chunk(self) -> bool:
        """Go to the next chunk; False at the end of the file."""
        for event, element in self._steps():
            if event == "start" and self._depth == OBJECT_DEPTH - 1 and element.tag == "data":
                return True
            if event == "end" and self._depth == 1:
                element.clear()
        return False

    def records(self) -> Iterator[Record]:
        for event, element in self._steps():
            if event == "end" and self._depth == OBJECT_DEPTH - 1:
                yield _record_of(element)
                _forget(element)
            elif event == "end" and self._depth == OBJECT_DEPTH - 2:
                _forget(element)
                return

    def _steps(self) -> Iterator[tuple[str, etree._Element]]:
        """Tags, with the depth behind each."""
        try:
            for event, element in self._events:
                self._depth += 1 if event == "start" else -1
                if event == "start" and self._depth == 1:
                    _check_root(element)
                yield event, element
        except etree.XMLSyntaxError as error:
            raise DumpError(f"The file is not well-formed XML: {error.msg}") from None


def _check_root(element: etree._Element) -> None:
    if element.tag != ROOT:
        raise DumpError(f"The file is no dump: it starts with <{element.tag!s}>, not with <{ROOT}>")
    if element.getroottree().docinfo.doctype:
        raise DumpError("The file has a DOCTYPE, which dumps do not have")


def _forget(element: etree._Element) -> None:
    """Free what has been read: the element and everything in front of it."""
    element.clear()
    while element.getprevious() is not None:
        parent = element.getparent()
        assert parent is not None
        del parent[0]


def _record_of(element: etree._Element) -> Record:
    key, tag = element.get("id"), str(element.tag)
    entity = schema().by_wsdl_name.get(tag)
    if entity is not None:
        return _read(element, entity, key)
    entity = schema().by_wsdl_name.get(tag.removesuffix("Ref"))
    if entity is None:
        raise DumpError(f"Line {element.sourceline}: <{tag}> is not an ICAT entity")
    return Record(entity, key, reference=_reference(element))


def _read(element: etree._Element, entity: Entity, key: str | None) -> Record:
    record = Record(entity, key)
    for child in element:
        name = str(child.tag)
        field = entity.fields.get(name)
        if isinstance(field, Attribute) and (name in META or not field.base):
            empty = field.type != "String" and not (child.text or "").strip()
            record.attributes[name] = None if empty else child.text or ""
        elif isinstance(field, ToOne):
            record.one[name] = _reference(child)
        elif isinstance(field, ToMany):
            target = schema().entities[field.target]
            record.many.setdefault(name, []).append(_read(child, target, None))
        else:
            raise DumpError(f"Line {child.sourceline}: {entity.name} has no field '{name}'")
    return record


def _reference(element: etree._Element) -> Reference:
    found = {str(name): str(value) for name, value in element.attrib.items() if name != "id"}
    if not found:
        raise DumpError(f"Line {element.sourceline}: <{element.tag!s}> needs a ref or attributes that tell the object")
    return found.get("ref", found)
