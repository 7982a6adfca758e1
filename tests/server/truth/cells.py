"""The cells of the truth table: what is expected of a user and an entity, and what the server says."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from icat_schema.definitions import Entity, schema
from tests.server.truth.calls import Calls, bean
from tests.server.truth.candidates import as_rest, candidates
from tests.server.truth.graph import Graph, Thing
from tests.server.truth.rights import Rights

MISSING = 10**12
"""An id that nothing has."""
NEW_OBJECTS = 4
"""Of each entity, tried to be created."""
DENIED = "INSUFFICIENT_PRIVILEGES"


@dataclass
class Table:
    """Compares one user after the other. `full`: every single object is looked at in every way. Otherwise it is one of
    those that are allowed and one of those that are not, and the calls that say the same in other words take turns."""

    graph: Graph
    roots: frozenset[str]
    now: datetime
    full: bool

    def differences(self, calls: Calls) -> Iterator[str]:
        rights = Rights(self.graph, self.roots, self.now)
        for turn, entity in enumerate(schema().entities.values()):
            row = Row(self, rights, entity, calls)
            for part in row.parts(turn + len(calls.user)):
                for what, expected, found in part():
                    if expected != found:
                        yield f"{calls.user} {entity.name} {what}: expected {expected}, the server says {found}"

    def picks(self, entity: str, holds: Callable[[Thing], bool]) -> list[tuple[Thing, bool]]:
        """Objects with the answer expected for them, such that hold and such that do not."""
        things = list(self.graph.things[entity].values())
        random.Random(entity).shuffle(things)  # the same ones for all users
        return self.some([(thing, holds(thing)) for thing in things])

    def some(self, answers: list[tuple[Thing, bool]]) -> list[tuple[Thing, bool]]:
        """Of the answers, one of each kind unless everything is wanted."""
        return answers if self.full else [*{answer: (thing, answer) for thing, answer in answers}.values()]

    def summary(self, user: str, entity: Entity) -> str:
        """How many objects the user finds, may change, may delete, and of how many new ones he may create."""
        rights = Rights(self.graph, self.roots, self.now)
        things = self.graph.things[entity.name].values()
        news = candidates(self.graph, entity, NEW_OBJECTS)
        counts = (
            len(rights.found(user, entity.name) or ()),
            sum(rights.may(user, "U", thing) for thing in things),
            sum(rights.may_delete(user, thing) for thing in things),
            sum(self.may_create(user, new) for new in news),
        )
        return " ".join(map(str, counts))

    def may_create(self, user: str, new: Thing) -> bool:
        """Rules look at the object as it is stored, with its maker."""
        new.values.update(createId=user, modId=user, createTime=self.now, modTime=self.now)
        self.graph.add(new)
        try:
            return Rights(self.graph, self.roots, self.now).may(user, "C", new)
        finally:
            self.graph.remove(new)
            for name in ("createId", "modId", "createTime", "modTime"):
                del new.values[name]


Cells = Iterator[tuple[str, Any, Any]]


@dataclass
class Row:
    """One entity for one user: pairs of what is expected and what is found."""

    table: Table
    rights: Rights
    entity: Entity
    calls: Calls

    def parts(self, turn: int) -> list[Callable[[], Cells]]:
        always = [self.search, self.include, self.update, self.delete, self.create]
        others = [self.count, self.get, self.read_access, self.update_access, self.delete_access, self.create_access]
        return [*always, *others] if self.table.full else [*always, others[turn % len(others)]]

    def search(self) -> Cells:
        expected = self.rights.found(self.calls.user, self.entity.name)
        yield "search", sorted(expected or ()), sorted(self.calls.search(f"SELECT o.id FROM {self.entity.name} o"))

    def count(self) -> Cells:
        expected = self.rights.found(self.calls.user, self.entity.name)
        yield "count", [len(expected or ())], self.calls.search(f"SELECT COUNT(o) FROM {self.entity.name} o")

    def include(self) -> Cells:
        """All relations at once."""
        names = [r.name for r in (*self.entity.one, *self.entity.many)]
        if not names:
            return
        steps = ", ".join(f"o.{name}" for name in names)
        records = self.calls.search(f"SELECT o FROM {self.entity.name} o INCLUDE {steps}")
        for record in (r[self.entity.name] for r in records):
            thing = self.rights.graph.things[self.entity.name][record["id"]]
            for name in names:
                expected = self.rights.included(self.calls.user, thing, name)
                yield f"include of {name} in {thing}", expected, _ids(record.get(name))

    def read_access(self) -> Cells:
        return self._access("READ", "R")

    def update_access(self) -> Cells:
        return self._access("UPDATE", "U")

    def delete_access(self) -> Cells:
        return self._access("DELETE", "D")

    def _access(self, access: str, flag: str) -> Cells:
        """isAccessAllowed, for stored objects and for one that is not there."""
        for thing, expected in self._picks(flag):
            yield f"{access} of {thing}", str(expected).lower(), self._allowed({"id": thing.id}, access)
        missing = self.rights.may_without_object(self.calls.user, flag, self.entity.name)
        yield f"{access} of nothing", str(missing).lower(), self._allowed({"id": MISSING}, access)

    def get(self) -> Cells:
        for thing, expected in self._picks("R"):
            yield f"get of {thing}", "ok" if expected else DENIED, self.calls.get(thing.entity, thing.id)

    def update(self) -> Cells:
        """Every change is taken back by an impossible one behind it."""
        for thing, allowed in self._picks("U"):
            change = _harmless_change(self.entity, thing)
            fields = self.rights.fields_to_change(self.calls.user, thing)
            expected = "VALIDATION" if allowed or change.keys() <= fields else DENIED
            found = self.calls.write({thing.entity: {"id": thing.id, **change}}, self._impossible())
            yield f"update of {thing} with {change}", expected, found

    def delete(self) -> Cells:
        for thing, expected in self.table.picks(
            self.entity.name, lambda thing: self.rights.may_delete(self.calls.user, thing)
        ):
            (other,) = self._impossible()
            found = self.calls.delete({thing.entity: {"id": thing.id}}, {other: {"id": MISSING}})
            yield f"delete of {thing}", "NO_SUCH_OBJECT_FOUND" if expected else DENIED, found

    def create(self) -> Cells:
        for new, expected in self._news():
            found = self.calls.write({self.entity.name: as_rest(new)}, self._impossible())
            yield f"create {as_rest(new)}", "VALIDATION" if expected else DENIED, found

    def create_access(self) -> Cells:
        for new, expected in self._news():
            yield f"CREATE of {as_rest(new)}", str(expected).lower(), self._allowed(as_rest(new), "CREATE")

    def _news(self) -> list[tuple[Thing, bool]]:
        news = candidates(self.table.graph, self.entity, NEW_OBJECTS)
        answers = [(new, self.table.may_create(self.calls.user, new)) for new in news]
        return self.table.some(answers)

    def _picks(self, flag: str) -> list[tuple[Thing, bool]]:
        return self.table.picks(self.entity.name, lambda thing: self.rights.may(self.calls.user, flag, thing))

    def _allowed(self, values: dict[str, Any], access: str) -> str:
        return self.calls.is_access_allowed(bean(self.entity.name, values), access)

    def _impossible(self) -> dict[str, Any]:
        """An object of another type that is refused for want of a name, after what stands before it was carried out."""
        return {"Grouping" if self.entity.name == "Facility" else "Facility": {}}


def _ids(found: Any) -> set[int]:
    records = found if isinstance(found, list) else [found] if found else []
    return {record["id"] for record in records}


def _harmless_change(entity: Entity, thing: Thing) -> dict[str, Any]:
    """A field with the value that it has."""
    own = [a for a in entity.attributes if not a.base and a.type not in ("Date", "StudyStatus")]
    for attribute in own:
        if attribute.name in thing.values:
            return {attribute.name: thing.values[attribute.name]}
    for name, target in thing.one.items():
        if target is not None:
            return {name: {"id": target.id}}
    return {"doi": "10.5072/none"}
