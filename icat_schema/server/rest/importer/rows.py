"""Rows of one table become objects and are stored, as many together as possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, update

from icat_schema.server.caller import Caller
from icat_schema.server.entities.columns import columns_of, complete_row, key_values
from icat_schema.server.entities.conflicts import stored_rows
from icat_schema.server.entities.update import Updater
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.entities.work import Placed, Work, denied
from icat_schema.server.entities.writer import Creator
from icat_schema.server.errors import IcatError
from icat_schema.server.rest.importer.cells import Cell, attribute_value
from icat_schema.server.rest.importer.header import Table
from icat_schema.server.rest.importer.related import Finder, Key, ids_by_key
from icat_schema.server.service import Service
from icat_schema.server.store.tables import table

Duplicate = Literal["THROW", "IGNORE", "CHECK", "OVERWRITE"]

SYSTEM_FIELDS = ("createId", "createTime", "modId", "modTime")
CHECK_TOLERANCE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A row and its number in the file, counted from 1."""

    number: int
    cells: Sequence[Cell]


@dataclass(slots=True)
class Object:
    """What a row means. `system`: given values of createId and its kin."""

    line: Line
    value: EntityValue
    key: Key | None
    system: dict[str, Any]


@dataclass(slots=True)
class Store:
    """Stores rows in the name of one caller. `system`: keep given values of createId and its kin."""

    service: Service
    caller: Caller
    duplicate: Duplicate
    system: bool
    local_names: dict[tuple[str, str], int] = field(default_factory=dict)

    def put(self, made: Table, lines: Sequence[Line]) -> None:
        """Store the rows in order. All rows before one that is refused stay stored, as in the original, where each is a
        transaction of its own. Raises IcatError with the number of the line.
        """
        try:
            self._put_together(made, lines)
        except IcatError:
            if len(lines) == 1:
                raise
            for line in lines:  # one by one, to keep what comes before the offending one
                self._put_together(made, [line])

    def _put_together(self, made: Table, lines: Sequence[Line]) -> None:
        with self.service.work(self.caller) as work:
            objects = self._objects(work, made, lines)
            ids = self._duplicates(work, made, objects)
            fresh = [o for o in objects if o.key is None or o.key not in ids]
            created = Creator(work).create([_placed(o) for o in fresh], nested_need_permission=False)
            names = self._names(made, fresh, created)
            known = [(o, ids[o.key]) for o in objects if o.key is not None and o.key in ids]
            if self.duplicate == "CHECK":
                self._check(work, known)
            elif self.duplicate == "OVERWRITE":
                self._overwrite(work, known)
                self._set_system(work, known)
            self._set_system(work, list(zip(fresh, created, strict=True)))
        self.local_names.update(names)

    def _objects(self, work: Work, made: Table, lines: Sequence[Line]) -> list[Object]:
        for line in lines:
            if len(line.cells) < made.width:
                text = f"{made.width} values are needed for {made.entity.name}, not {len(line.cells)}"
                raise IcatError("BAD_PARAMETER", text, line.number)
        finder = Finder(work.connection, self.service.settings.zone, self.local_names)
        rows = [line.cells for line in lines]
        related = {name: finder.ids(reference, rows) for name, reference in made.relations.items()}
        return [
            self._object(made, line, {name: ids[index] for name, ids in related.items()})
            for index, line in enumerate(lines)
        ]

    def _object(self, made: Table, line: Line, related: dict[str, int | IcatError | None]) -> Object:
        value, system = EntityValue(made.entity), dict[str, Any]()
        try:
            for name, column in made.attributes.items():
                attribute = made.entity.attribute(name)
                assert attribute is not None, "headers are read by the entity's own attributes"
                if attribute.base and not (self.system and name in SYSTEM_FIELDS):
                    continue
                if attribute.type == "StudyStatus" and not self.system and not line.cells[column].is_null:
                    raise IcatError("INTERNAL", f"{attribute.type} is imported only with attributes ALL")
                found = attribute_value(attribute, line.cells[column], self.service.settings.zone)
                (system if attribute.base else value.attributes)[name] = found
            for name, id_ in related.items():
                if isinstance(id_, IcatError):
                    raise id_
                relation = made.relations[name]
                value.one[name] = None if id_ is None else EntityValue(relation.entity, {"id": id_})
        except IcatError as error:
            raise IcatError(error.type, error.message, line.number) from None
        return Object(line, value, key_values(columns_of(made.entity.name), complete_row(value)), system)

    def _duplicates(self, work: Work, made: Table, objects: Sequence[Object]) -> dict[Key, int]:
        """Ids of stored objects that rows repeat; empty if that is an error anyway."""
        if self.duplicate == "THROW":
            return {}
        return ids_by_key(work.connection, made.entity, {o.key for o in objects if o.key is not None})

    @staticmethod
    def _names(made: Table, objects: Sequence[Object], ids: Sequence[int]) -> dict[tuple[str, str], int]:
        if made.local_name is None:
            return {}
        column = made.local_name
        return {(made.entity.name, o.line.cells[column].text): i for o, i in zip(objects, ids, strict=True)}

    @staticmethod
    def _check(work: Work, known: Sequence[tuple[Object, int]]) -> None:
        """Refuse rows that differ from what is stored."""
        if not known:
            return
        entity = known[0][0].value.entity
        ids = [id_ for _, id_ in known]
        readable, stored = set(work.allowed(entity.name, ids, "R")), stored_rows(work.connection, entity.name, ids)
        for found, id_ in known:
            if id_ not in readable:
                raise denied("READ", entity.name, found.line.number)
            name = _differing(found.value, stored[id_])
            if name is not None:
                text = f"Duplicate check fails for field {name} of {entity.name}"
                raise IcatError("VALIDATION", text, found.line.number)

    @staticmethod
    def _overwrite(work: Work, known: Sequence[tuple[Object, int]]) -> None:
        for found, id_ in known:
            found.value.attributes["id"] = id_
            Updater(work).replace(_placed(found))

    def _set_system(self, work: Work, stored: Sequence[tuple[Object, int]]) -> None:
        """Put given values of createId and its kin in the place of the caller's."""
        if not self.system or not stored:
            return
        made = table(stored[0][0].value.entity.name)
        by_names: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for found, id_ in stored:
            given = {name: value for name, value in found.system.items() if value is not None}
            if given:
                by_names.setdefault(tuple(sorted(given)), []).append({**given, "stored_id": id_})
        for rows in by_names.values():
            work.connection.execute(update(made).where(made.c.id == bindparam("stored_id")), rows)


def _placed(found: Object) -> Placed:
    return Placed(found.value, found.line.number)


def _differing(value: EntityValue, stored: dict[str, Any]) -> str | None:
    """The first field, in alphabetical order, that is not as it is stored."""
    columns, row = columns_of(value.entity.name), complete_row(value)
    fields = [(a.name, a.name) for a in columns.attributes] + [(r.name, column) for r, column in columns.relations]
    for name, column in sorted(fields):
        if not _alike(row[column], stored[column]):
            return name
    return None


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) <= CHECK_TOLERANCE
    return bool(one == other)
