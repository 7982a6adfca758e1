"""GET port: objects as the text that ICAT's import reads.

A table per entity: a header `Entity(field:column, relation(key:column, …), …)` and a row per object. Relations are told
by the unique keys of what they lead to, so that the text means the same in another catalogue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, FromClause, select

from icat_schema.definitions import Attribute, Entity, schema
from icat_schema.server.caller import Caller
from icat_schema.server.dates import to_json
from icat_schema.server.entities.reader import portions
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.jpql.compile_functions import among
from icat_schema.server.rest.requests import parse_port_request, wants_system_attributes
from icat_schema.server.service import Service
from icat_schema.server.store.engine import reading
from icat_schema.server.store.tables import occurrence, relation_column

VERSION = "1.0"
PORTION = 500
ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\r": "\\r", "\n": "\\n", "\f": "\\f", "\b": "\\b"},
)
KEYS = ("sessionId", "query", "attributes")


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Without a query the whole catalogue is meant; `system` adds createId and its kin."""

    session_id: str | None
    query: str | None
    system: bool


def read_request(text: str) -> ExportRequest:
    """Raises IcatError of type BAD_PARAMETER."""
    document = parse_port_request(text, KEYS)
    return ExportRequest(document.get("sessionId"), document.get("query"), wants_system_attributes(document))


def export(service: Service, caller: Caller, wanted: ExportRequest) -> str:
    """The text of the export; empty if there is nothing that could be exported."""
    if wanted.query is None:
        objects = _everything(service, caller)
    else:
        with service.search_as(caller, wanted.query) as found:
            objects = _collect(found.rows) if found.kind == "entities" else {}
    if not objects:
        return ""
    with reading(service.engine) as connection:
        lines = _document(connection, service.settings.zone, caller.user_name, objects, wanted.system)
        return "".join(f"{line}\n" for line in lines)


def _everything(service: Service, caller: Caller) -> dict[str, set[int]]:
    """Ids of all objects that the caller may read, by entity, in windows of what one search returns."""
    size = service.settings.max_entities
    objects: dict[str, set[int]] = {}
    for name in schema().export_order:
        ids = objects[name] = set()
        last, full = -1, True
        while full:
            query = f"SELECT o.id FROM {name} o WHERE o.id > {last} ORDER BY o.id LIMIT 0, {size}"  # noqa: S608 - ICAT's language, and names of our own
            with service.search_as(caller, query) as found:
                window = list(found.rows)
            ids.update(window)
            full = len(window) == size
            last = window[-1] if window else last
    return objects


def _collect(values: Iterable[EntityValue]) -> dict[str, set[int]]:
    """Ids of the objects and of everything included below them, by entity."""
    found: dict[str, set[int]] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        assert value.id is not None, "stored objects have ids"
        found.setdefault(value.entity.name, set()).add(value.id)
        waiting += (related for related in value.one.values() if related is not None)
        waiting += (child for _, child in value.children())
    return found


def _document(
    connection: Connection, zone: ZoneInfo, user: str, objects: Mapping[str, Collection[int]], system: bool
) -> Iterator[str]:
    """The lines of the export, with the tables in an order in which they can be imported."""
    yield f"# ICAT Export file written by {user}"
    yield VERSION
    for name in schema().export_order:
        if name in objects:
            layout = _Layout(schema().entities[name], system)
            yield ""
            yield layout.header
            for part in portions(objects[name], PORTION):
                yield from layout.lines(connection, zone, part)


@dataclass(frozen=True, slots=True)
class _Relation:
    """Where the columns of a relation are, and the column that is null if there is nothing behind it."""

    first: int
    end: int
    reference: ColumnElement[Any]


@dataclass(slots=True)
class _Columns:
    """The columns of one table as they come up, and the joins that they need."""

    source: FromClause
    columns: list[ColumnElement[Any]] = field(default_factory=list)
    plain: list[bool] = field(default_factory=list)
    relations: list[_Relation] = field(default_factory=list)

    def attribute(self, label: str, column: ColumnElement[Any], enumeration: bool = False) -> str:
        self.columns.append(column)
        self.plain.append(enumeration)
        return f"{label}:{len(self.columns) - 1}"

    def field(self, entity: Entity, rows: FromClause, name: str) -> str:
        """Header text of a field; its columns are taken along."""
        found = entity.fields[name]
        if isinstance(found, Attribute):
            return self.attribute(name, rows.c[name], found.is_enum)
        target = schema().entities[found.target]
        related = occurrence(target.name)
        reference = rows.c[relation_column(name)]
        self.source = self.source.outerjoin(related, related.c.id == reference)
        first = len(self.columns)
        parts = [self.field(target, related, key) for key in sorted(target.unique_key)]
        parts = parts or [self.attribute("?", related.c.id)]
        self.relations.append(_Relation(first, len(self.columns), reference))
        return f"{name}({','.join(parts)})"


class _Layout:
    """The header of an entity's table and the statement that reads its rows."""

    def __init__(self, entity: Entity, system: bool) -> None:
        self._rows = occurrence(entity.name)
        made = _Columns(self._rows)
        names = [a.name for a in entity.attributes if a.base and a.name != "id"] if system else []
        names += sorted([a.name for a in entity.own_attributes] + [r.name for r in entity.one])
        parts = [] if entity.unique_key else [made.attribute("?", self._rows.c.id)]
        parts += [made.field(entity, self._rows, name) for name in names]
        self.header = f"{entity.name}({','.join(parts)})"
        self._made = made

    def lines(self, connection: Connection, zone: ZoneInfo, ids: Sequence[int]) -> Iterator[str]:
        made = self._made
        references = [relation.reference for relation in made.relations]
        statement = select(*made.columns, *references).select_from(made.source)
        rows = connection.execute(statement.where(among(self._rows.c.id, ids)).order_by(self._rows.c.id))
        width = len(made.columns)
        for row in rows:
            cells = [_cell(value, plain, zone) for value, plain in zip(row[:width], made.plain, strict=True)]
            for relation, reference in zip(made.relations, row[width:], strict=True):
                if reference is None:
                    cells[relation.first : relation.end] = ["NULL"] + ["NA"] * (relation.end - relation.first - 1)
            yield ",".join(cells)


def _cell(value: Any, plain: bool, zone: ZoneInfo) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return to_json(value, zone)
    if isinstance(value, str) and not plain:
        return f'"{value.translate(ESCAPES)}"'
    return str(value)
