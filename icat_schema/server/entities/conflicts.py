"""Why the database refused rows: objects that exist already, and relations to objects that do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, select, tuple_

from icat_schema.server.entities.columns import Columns, Row, columns_of, key_values
from icat_schema.server.entities.validate import portions
from icat_schema.server.errors import IcatError
from icat_schema.server.store.tables import table

Key = tuple[Any, ...]


class Stored(Protocol):
    """A row that should be stored. `index` is its place in the batch, `id` its own id."""

    @property
    def columns(self) -> Columns: ...
    @property
    def row(self) -> Row: ...
    @property
    def id(self) -> int: ...
    @property
    def index(self) -> int: ...


def first_conflict(connection: Connection, candidates: Sequence[Stored]) -> IcatError | None:
    """The first row, in the given order, that clashes with a stored object or an earlier row, or that refers to
    nothing; its offset is the index of the row. None of the rows may be stored, except as what they replace (same id).
    """
    by_entity: dict[str, list[Stored]] = {}
    for candidate in candidates:
        by_entity.setdefault(candidate.columns.entity.name, []).append(candidate)
    owners = {name: _owners(connection, rows) for name, rows in by_entity.items()}
    known = _known_ids(connection, by_entity)
    seen: dict[tuple[str, Key], int] = {}
    for candidate in candidates:
        name = candidate.columns.entity.name
        error = _duplicate(candidate, owners[name], seen) or _dangling(candidate, known)
        if error is not None:
            return error.at(candidate.index)
    return None


def _owners(connection: Connection, candidates: list[Stored]) -> dict[Key, int]:
    """Ids of the stored objects by those keys that the candidates want."""
    columns = candidates[0].columns
    wanted = {key for c in candidates if (key := key_values(columns, c.row)) is not None}
    if not wanted:
        return {}
    made = table(columns.entity.name)
    parts = [made.c[part.column] for part in columns.key]
    owners: dict[Key, int] = {}
    for portion in portions(wanted):
        statement = select(made.c.id, *parts).where(tuple_(*parts).in_(portion))
        owners.update({tuple(row[1:]): row[0] for row in connection.execute(statement)})
    return owners


def _known_ids(connection: Connection, by_entity: dict[str, list[Stored]]) -> dict[str, set[int]]:
    """For every entity that is referred to: which of the wanted ids exist, stored or among the candidates."""
    wanted: dict[str, set[int]] = {}
    for name, candidates in by_entity.items():
        for relation, column in columns_of(name).relations:
            ids = {c.row[column] for c in candidates} - {None}
            wanted.setdefault(relation.target, set()).update(ids)
    known = {name: {c.id for c in by_entity.get(name, ())} for name in wanted}
    for name, ids in wanted.items():
        made = table(name)
        for portion in portions(ids - known[name]):
            known[name].update(connection.execute(select(made.c.id).where(made.c.id.in_(portion))).scalars())
    return known


def _duplicate(candidate: Stored, owners: dict[Key, int], seen: dict[tuple[str, Key], int]) -> IcatError | None:
    key = key_values(candidate.columns, candidate.row)
    if key is None:
        return None
    name = candidate.columns.entity.name
    if owners.get(key, candidate.id) != candidate.id:
        return _exists(candidate, key, stored=True)
    if seen.setdefault((name, key), candidate.id) != candidate.id:
        return _exists(candidate, key, stored=False)
    return None


def _exists(candidate: Stored, key: Key, *, stored: bool) -> IcatError:
    shown = (
        f"{part.field} = '{_show(part.target, value, stored=stored)}'"
        for part, value in zip(candidate.columns.key, key, strict=True)
    )
    return IcatError("OBJECT_ALREADY_EXISTS", f"{candidate.columns.entity.name} exists with {', '.join(shown)}")


def _show(target: str | None, value: Any, *, stored: bool) -> str:
    """ICAT shows a relation by entity and id, or by id alone when both objects come in one call."""
    if target is not None:
        return f"{target if stored else 'id'}:{value}"
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)


def _dangling(candidate: Stored, known: dict[str, set[int]]) -> IcatError | None:
    for relation, column in candidate.columns.relations:
        related = candidate.row[column]
        if related is not None and related not in known[relation.target]:
            return not_found(relation.target, related)
    return None


def not_found(entity: str, id_: int) -> IcatError:
    return IcatError("NO_SUCH_OBJECT_FOUND", f"{entity}[id:{id_}] not found.")


def stored_rows(connection: Connection, entity: str, ids: Iterable[int]) -> dict[int, Row]:
    """The complete stored rows among these ids."""
    made = table(entity)
    found: dict[int, Row] = {}
    for portion in portions(list(ids)):
        for row in connection.execute(select(made).where(made.c.id.in_(portion))).mappings():
            found[row["id"]] = dict(row)
    return found
