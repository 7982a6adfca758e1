"""An object in a dump file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from icat_schema.definitions import Entity

Reference = str | Mapping[str, str]
"""What tells a related object: its key, or values of its attributes (`name.ref` holds the key of a relation)."""


class DumpError(Exception):
    """The file cannot be read, or holds what cannot be stored; the text says where and what."""


@dataclass(slots=True)
class Record:
    """One object with what is embedded in it. `key`: how others of the file refer to it (None: not at all).

    Attribute values are as the file has them when it is read, and as the catalogue has them when it is written. None
    is an explicit null; an attribute that is missing takes its default. `reference`: the record stands for an object
    that exists already.
    """

    entity: Entity
    key: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    one: dict[str, Reference] = field(default_factory=dict)
    many: dict[str, list[Record]] = field(default_factory=dict)
    reference: Reference | None = None

    def walk(self) -> Iterator[Record]:
        """The record and everything embedded, owners first."""
        yield self
        for members in self.many.values():
            for member in members:
                yield from member.walk()

    @property
    def label(self) -> str:
        """For messages."""
        return f"{self.entity.name} {self.key or self.attributes.get('name') or ''}".rstrip()
