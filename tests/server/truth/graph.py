"""The content of a catalogue as objects in memory, read as root."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from icat_schema.definitions import Entity, schema


@dataclass(eq=False, slots=True)
class Thing:
    """One object. Dates are aware; attributes that are null are absent."""

    entity: str
    id: int
    values: dict[str, Any] = field(default_factory=dict)
    one: dict[str, Thing | None] = field(default_factory=dict)
    many: dict[str, list[Thing]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.entity}:{self.id}"


class Graph:
    """Everything, linked both ways."""

    def __init__(self) -> None:
        self.things: dict[str, dict[int, Thing]] = {name: {} for name in schema().entities}

    @classmethod
    def dumped(cls, search: Callable[[str], list[Any]]) -> Graph:
        """`search` asks the REST interface as root."""
        graph = cls()
        references: list[tuple[Thing, str, str, int]] = []
        for entity in schema().entities.values():
            for record in search(f"SELECT o FROM {entity.name} o INCLUDE 1"):
                found = record[entity.name]
                thing = Thing(entity.name, found["id"], attributes_of(entity, found))
                graph.things[entity.name][thing.id] = thing
                references += [(thing, r.name, r.target, found[r.name]["id"]) for r in entity.one if found.get(r.name)]
        graph._link(references)
        return graph

    def _link(self, references: list[tuple[Thing, str, str, int]]) -> None:
        for thing, relation, target, id_ in references:
            thing.one[relation] = self.things[target][id_]
        for thing in self:
            entity = schema().entities[thing.entity]
            for one in entity.one:
                thing.one.setdefault(one.name, None)
            for many in entity.many:
                others = self.things[many.target].values()
                thing.many[many.name] = [other for other in others if other.one.get(many.inverse) is thing]

    def __iter__(self) -> Iterator[Thing]:
        for things in self.things.values():
            yield from things.values()

    def add(self, thing: Thing) -> None:
        """Put a new object in, into the lists of those it refers to as well."""
        entity = schema().entities[thing.entity]
        self.things[thing.entity][thing.id] = thing
        for one in entity.one:
            target = thing.one.setdefault(one.name, None)
            if target is not None and one.inverse:
                target.many[one.inverse].append(thing)
        for many in entity.many:
            thing.many.setdefault(many.name, [])

    def remove(self, thing: Thing) -> None:
        """The opposite of `add`, for an object that nothing refers to."""
        del self.things[thing.entity][thing.id]
        for one in schema().entities[thing.entity].one:
            target = thing.one[one.name]
            if target is not None and one.inverse:
                target.many[one.inverse].remove(thing)

    def with_descendants(self, thing: Thing) -> set[Thing]:
        """The object and everything that hangs from it."""
        found, waiting = {thing}, [thing]
        while waiting:
            for things in waiting.pop().many.values():
                waiting += [t for t in things if t not in found]
                found.update(things)
        return found


def attributes_of(entity: Entity, record: dict[str, Any]) -> dict[str, Any]:
    """The attributes in an object of the REST interface."""
    values = {a.name: record[a.name] for a in entity.attributes if record.get(a.name) is not None}
    for attribute in entity.attributes:
        if attribute.type == "Date" and attribute.name in values:
            values[attribute.name] = datetime.fromisoformat(values[attribute.name])
    return values
