"""An entity on its way in or out, whatever the wire format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from icat_schema.definitions import Entity


@dataclass(slots=True)
class EntityValue:
    """One object.

    A field that is missing from a mapping was *not given* (or not included); None means null. Attribute values are
    str, int, float, bool, aware UTC datetime, or the name of an enumeration constant. On the way in, a to-one value
    needs only its `id`; a to-many list holds new objects.
    """

    entity: Entity
    attributes: dict[str, Any] = field(default_factory=dict)
    one: dict[str, EntityValue | None] = field(default_factory=dict)
    many: dict[str, list[EntityValue]] = field(default_factory=dict)

    @property
    def id(self) -> int | None:
        return self.attributes.get("id")

    def children(self) -> Iterator[tuple[str, EntityValue]]:
        """Every object in the to-many lists with the name of its list."""
        for name, values in self.many.items():
            for value in values:
                yield name, value
