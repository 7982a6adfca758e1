"""Dump files in YAML, as python-icat's backend YAML reads and writes them: one document per chunk.

Writing is in constant memory. Reading holds one document at a time, since a document says nothing about the order of
what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import IO, Any

import yaml

from icat_schema.definitions import Attribute, Entity, ToOne, schema
from icat_schema.server.dump.records import DumpError, Record
from icat_schema.server.dump.shape import ORDER
from icat_schema.server.dump.snapshot import META

LINES_IN_FRONT = 2
"""What stands in front of an object when it is written alone: the entity and the key of the mapping."""


class YamlWriter:
    """Writes chunks as they come; the objects of a chunk come entity by entity."""

    def __init__(self, out: IO[bytes], header: Mapping[str, str]) -> None:
        self._out = out
        lines = "".join(f"# {name}: {text}\n" for name, text in header.items())
        out.write(f"%YAML 1.1\n{lines}".encode())

    def write_chunk(self, records: Iterator[Record]) -> None:
        current = None
        for record in records:
            name = record.entity.wsdl_name
            document = {name: {record.key: _mapping(record)}}
            text = yaml.dump(document, Dumper=yaml.CSafeDumper, default_flow_style=False).encode()
            if current is None:
                self._out.write(b"---\n")
            # One object at a time, indented as if it stood among the others.
            self._out.write(text if name != current else text[len(name) + LINES_IN_FRONT :])
            current = name

    def close(self) -> None:
        """Nothing ends a YAML file."""


def _mapping(record: Record) -> dict[str, Any]:
    found = {name: _scalar(value) for name, value in record.attributes.items()}
    found.update(record.one)
    for name, members in record.many.items():
        found[name] = [_mapping(member) for member in members]
    return found


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


def read_yaml(source: IO[bytes]) -> Iterator[Iterator[Record]]:
    """The chunks of a file. Raises DumpError."""
    try:
        for document in yaml.load_all(source, Loader=yaml.CSafeLoader):
            if document is not None:
                yield _chunk(document)
    except yaml.YAMLError as error:
        raise DumpError(f"The file is not YAML: {error}") from None


def _chunk(document: Any) -> Iterator[Record]:
    if not isinstance(document, dict):
        raise DumpError("A document of the file is not a mapping of entities")
    by_name = {schema().entities[name].wsdl_name: name for name in ORDER}
    for name in document:
        if name not in by_name:
            raise DumpError(f"'{name}' is not an entity that stands for itself in a dump")
    seen: set[int] = set()
    for tag, name in by_name.items():
        objects = document.pop(tag, {})
        if not isinstance(objects, dict):
            raise DumpError(f"'{tag}' is not a mapping of keys to objects")
        for key in sorted(objects, key=str):
            yield _read(schema().entities[name], str(key), objects[key], seen)


def _read(entity: Entity, key: str | None, content: Any, seen: set[int]) -> Record:
    if not isinstance(content, dict):
        raise DumpError(f"{entity.name} {key or ''}: this is not a mapping of fields")
    if id(content) in seen:
        raise DumpError(f"{entity.name} {key or ''}: aliases (*name) are not read")
    seen.add(id(content))
    record = Record(entity, key)
    for name, value in content.items():
        field = entity.fields.get(name)
        if isinstance(field, Attribute) and (name in META or not field.base):
            record.attributes[name] = _plain(record, name, value)
        elif isinstance(field, ToOne):
            record.one[name] = str(value)
        elif field is not None and not isinstance(field, Attribute):
            record.many[name] = _members(record, name, schema().entities[field.target], value, seen)
        else:
            raise DumpError(f"{record.label} has no field '{name}'")
    return record


def _members(record: Record, name: str, target: Entity, value: Any, seen: set[int]) -> list[Record]:
    if not isinstance(value, list):
        raise DumpError(f"{record.label}: {name} is not a list")
    return [_read(target, None, content, seen) for content in value]


def _plain(record: Record, name: str, value: Any) -> Any:
    if isinstance(value, datetime):  # YAML knows unquoted dates
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if value is not None and not isinstance(value, str | bool | int | float):
        raise DumpError(f"{record.label}: {name} is not a single value")
    return value
