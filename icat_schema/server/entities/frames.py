"""Objects on their way out: columns of values, so that thousands of them cost little more than their texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from icat_schema.definitions import Entity
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.store.fetch import Column

ID_POSITION = 2
"""Place of the id among the attributes: createId, createTime, id, modId, modTime come first in every entity."""


@dataclass(slots=True)
class One:
    """What a to-one relation leads to: for each object the position of the related one, None if there is none."""

    frame: Frame
    positions: Sequence[int | None]


@dataclass(slots=True)
class Many:
    """What a to-many relation leads to: for each object the positions of the related ones."""

    frame: Frame
    positions: Sequence[Sequence[int]]


@dataclass(slots=True)
class Frame:
    """Objects of one entity at one place of an INCLUDE tree, each once.

    `columns` are those of the entity's attributes; only included relations are in `one` and `many`. `order`: positions
    of the results, if objects occur more often than once among them; None: all in their order.
    """

    entity: Entity
    columns: Sequence[Column]
    one: dict[str, One] = field(default_factory=dict)
    many: dict[str, Many] = field(default_factory=dict)
    order: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def ids(self) -> Column:
        return self.columns[ID_POSITION] if self.columns else ()

    def results(self, objects: Sequence[Any]) -> Sequence[Any]:
        """What was made of each object, once for each result."""
        return objects if self.order is None else [objects[position] for position in self.order]

    def values(self) -> list[EntityValue]:
        """The objects as such, in their order."""
        names = [attribute.name for attribute in self.entity.attributes]
        made = [EntityValue(self.entity, dict(zip(names, row, strict=True))) for row in zip(*self.columns, strict=True)]
        for name, one in self.one.items():
            related = one.frame.values()
            for value, position in zip(made, one.positions, strict=True):
                value.one[name] = None if position is None else related[position]
        for name, many in self.many.items():
            children = many.frame.values()
            for value, positions in zip(made, many.positions, strict=True):
                value.many[name] = [children[position] for position in positions]
        return made


def values_of(frames: Iterator[Frame]) -> Iterator[EntityValue]:
    """The results as objects."""
    for frame in frames:
        yield from frame.results(frame.values())
