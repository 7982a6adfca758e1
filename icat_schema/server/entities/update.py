"""Change stored objects: SOAP replaces every field, REST only those that are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import bindparam, update
from sqlalchemy.exc import IntegrityError

from icat_schema.server.entities.columns import Columns, Row, columns_of, complete_row, given_columns
from icat_schema.server.entities.conflicts import first_conflict, not_found, stored_rows
from icat_schema.server.entities.validate import EntityChecks, field_problem, text_problem
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.entities.work import Placed, Work, denied, required_id
from icat_schema.server.errors import IcatError
from icat_schema.server.store.tables import table

KEY_PARAMETER = "changed_id"


@dataclass(slots=True)
class Change:
    """One row to update: as it is stored, the columns to set, and as it becomes."""

    columns: Columns
    id: int
    index: int
    offset: int
    stored: Row
    given: Row
    row: Row

    def moved_relation(self) -> bool:
        """Whether a to-one relation of the unique key gets another target, which ICAT calls a change of identity."""
        return any(
            part.target is not None and self.row[part.column] != self.stored[part.column] for part in self.columns.key
        )


class Updater:
    """Changes objects, with one statement per entity and set of columns."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def replace(self, placed: Placed) -> None:
        """Set every attribute and to-one relation; what is absent becomes null or its default. Lists are ignored."""
        changes = self._changes([placed], complete_row)
        name = placed.value.entity.name
        self._drop_dangling(changes[0])
        if changes[0].id not in self._work.allowed(name, [changes[0].id], "U"):
            raise denied("UPDATE", name, placed.offset)
        self._carry_out(changes, "DELETE access to this")

    def _drop_dangling(self, change: Change) -> None:
        """A relation outside the key that leads to nothing becomes null: that is what the original makes of it."""
        key = {part.column for part in change.columns.key}
        for relation, column in change.columns.relations:
            id_ = change.row[column]
            if id_ in (None, change.stored[column]) or column in key:
                continue
            if not stored_rows(self._work.connection, relation.target, [id_]):
                change.row[column] = change.given[column] = None

    def patch(self, objects: Sequence[Placed]) -> None:
        """Set only the given fields. Without UPDATE on an object, attribute rules may allow each of its fields."""
        for _, batch in groupby(objects, key=lambda o: o.value.entity.name):
            for group in _without_repetition(list(batch)):
                changes = self._changes(group, given_columns)
                self._authorize(group, changes)
                self._carry_out(changes, "DELETE access implied by UPDATE to this")

    def _changes(self, objects: Sequence[Placed], columns_to_set: Callable[[EntityValue], Row]) -> list[Change]:
        name = objects[0].value.entity.name
        stored = stored_rows(self._work.connection, name, [required_id(p) for p in objects])
        changes = []
        for index, placed in enumerate(objects):
            id_ = required_id(placed)
            if id_ not in stored:
                raise not_found(name, id_).at(placed.offset)
            try:
                given = columns_to_set(placed.value)
            except IcatError as error:
                raise error.at(placed.offset) from None
            row = {**stored[id_], **given}
            changes.append(Change(columns_of(name), id_, index, placed.offset, stored[id_], given, row))
        return changes

    def _authorize(self, objects: Sequence[Placed], changes: list[Change]) -> None:
        name = changes[0].columns.entity.name
        allowed = set(self._work.allowed(name, [c.id for c in changes], "U"))
        for placed, change in zip(objects, changes, strict=True):
            if change.id not in allowed and not self._fields_allowed(placed.value, change.id):
                raise denied("UPDATE", name, change.offset)

    def _fields_allowed(self, value: EntityValue, id_: int) -> bool:
        work = self._work
        wanted = (value.attributes.keys() - {"id"}) | value.one.keys() | value.many.keys()
        return wanted <= work.rules.allowed_fields(work.connection, work.caller, value.entity.name, id_)

    def _carry_out(self, changes: list[Change], deletion_text: str) -> None:
        moved = [c for c in changes if c.moved_relation()]
        self._check_identity(moved, deletion_text)
        self._check_rows(changes)
        self._store(changes)
        name = changes[0].columns.entity.name
        allowed = set(self._work.allowed(name, [c.id for c in moved], "C"))
        for change in moved:
            if change.id not in allowed:
                raise denied("CREATE", name, change.offset)

    def _check_identity(self, moved: list[Change], deletion_text: str) -> None:
        if not moved:
            return
        name = moved[0].columns.entity.name
        allowed = set(self._work.allowed(name, [c.id for c in moved], "D"))
        for change in moved:
            if change.id not in allowed:
                text = f"{deletion_text} {name} is not allowed."
                raise IcatError("INSUFFICIENT_PRIVILEGES", text, change.offset)

    def _check_rows(self, changes: list[Change]) -> None:
        checks = EntityChecks(self._work.connection, self._work.rules, changes)
        for change in changes:
            error = (
                text_problem(change.columns, change.row)
                or checks.problem(change, created=False)
                or field_problem(change.columns, change.row)
            )
            if error is not None:
                raise error.at(change.offset)
            if "crudFlags" in change.given:
                change.given["crudFlags"] = change.row["crudFlags"]

    def _store(self, changes: list[Change]) -> None:
        work, name = self._work, changes[0].columns.entity.name
        by_columns: dict[tuple[str, ...], list[Row]] = {}
        for change in changes:
            values = {**change.given, "modId": work.caller.user_name, "modTime": work.caller.now}
            by_columns.setdefault(tuple(sorted(values)), []).append({**values, KEY_PARAMETER: change.id})
        made = table(name)
        try:
            with work.connection.begin_nested():
                for rows in by_columns.values():  # the columns to set are those named in the rows
                    work.connection.execute(update(made).where(made.c.id == bindparam(KEY_PARAMETER)), rows)
        except IntegrityError as error:
            conflict = first_conflict(work.connection, changes)
            if conflict is not None:
                offset = changes[conflict.offset].offset
                raise IcatError(conflict.type, conflict.message, offset) from None
            text = f"Unexpected DB response {type(error.orig).__name__} {error.orig}"
            raise IcatError("INTERNAL", text, changes[0].offset) from error


def _without_repetition(objects: list[Placed]) -> list[list[Placed]]:
    """Cut the list so that no part holds an id twice: a second change must see the first."""
    parts: list[list[Placed]] = [[]]
    seen: set[int | None] = set()
    for placed in objects:
        if placed.value.id in seen:
            parts.append([])
            seen = set()
        seen.add(placed.value.id)
        parts[-1].append(placed)
    return parts
