"""The database itself: tables, columns, indexes, constraints, files, counters of ids, relations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Index, Table, UniqueConstraint, func, inspect, select, text

from icat_schema.definitions import schema
from icat_schema.server.integrity.findings import Finding, Repair
from icat_schema.server.store.tables import metadata, relation_column, table

SHOWN = 5
"""Examples in one finding."""


def missing_parts(connection: Connection) -> Iterator[Finding]:
    """Tables, columns, indexes and unique constraints that this version of the catalogue has and the database lacks."""
    seen = inspect(connection)
    known = set(seen.get_table_names())
    for made in metadata.sorted_tables:
        if made.name not in known:
            entity = made.name in schema().entities  # the others come and go with versions of the server
            text = f"table {made.name} is missing" + ("" if entity else ": it is made when the server starts")
            yield Finding(text, fault=entity, repair=_create_table(made))
            continue
        columns = {column["name"] for column in seen.get_columns(made.name)}
        for column in made.columns:
            if column.name not in columns:
                yield Finding(f"column {column.name} of {made.name} is missing: the schema is another version's")
        indexes = {index["name"] for index in seen.get_indexes(made.name)}
        for index in sorted(made.indexes, key=lambda i: str(i.name)):
            if index.name not in indexes and _is_for(index, connection.dialect.name):
                yield Finding(f"index {index.name} is missing", repair=_create_index(index))
        if not seen.get_unique_constraints(made.name) and _unique(made):
            yield from _doubles(connection, made)


def _is_for(index: Index, dialect: str) -> bool:
    """Some indexes are different ones on each database."""
    condition = getattr(index, "_ddl_if", None)
    return condition is None or condition.dialect in (None, dialect)


def _create_table(made: Table) -> Repair:
    return lambda connection: made.create(connection, checkfirst=True)


def _create_index(index: Index) -> Repair:
    return lambda connection: index.create(connection, checkfirst=True)


def _unique(made: Table) -> UniqueConstraint | None:
    return next((c for c in made.constraints if isinstance(c, UniqueConstraint)), None)


def _doubles(connection: Connection, made: Table) -> Iterator[Finding]:
    """Without its constraint, a key may have been given twice."""
    constraint = _unique(made)
    assert constraint is not None
    columns = list(constraint.columns)
    twice = select(*columns).group_by(*columns).having(func.count() > 1).subquery()
    count = connection.execute(select(func.count()).select_from(twice)).scalar_one()
    yield Finding(f"unique constraint of {made.name} is missing; {count} keys are taken more than once")


def damaged_file(connection: Connection) -> Iterator[Finding]:
    """What SQLite says of its own file."""
    if connection.dialect.name == "sqlite":
        for line in connection.execute(text("PRAGMA integrity_check(20)")).scalars():
            if line != "ok":
                yield Finding(f"the file is damaged: {line}")


def dangling_relations(connection: Connection) -> Iterator[Finding]:
    """Rows that refer to rows that do not exist."""
    for entity in schema().entities.values():
        made = table(entity.name)
        for relation in entity.one:
            target = table(relation.target).alias()
            column = made.c[relation_column(relation.name)]
            joined = made.outerjoin(target, target.c.id == column)
            lost = select(made.c.id).select_from(joined).where(column.is_not(None), target.c.id.is_(None))
            ids = connection.execute(lost.limit(SHOWN + 1)).scalars().all()
            if ids:
                yield Finding(f"{entity.name}.{relation.name} leads nowhere: {shown_ids(entity.name, ids)}")


def counters(connection: Connection) -> Iterator[Finding]:
    """The next id of every table must be one that nobody has."""
    for name in schema().entities:
        made = table(name)
        highest = connection.execute(select(func.max(made.c.id))).scalar() or 0
        last = last_id(connection, name)
        if last < highest:
            yield Finding(
                f"the counter of {name} is at {last}, but there is an id {highest}", repair=_set(name, highest)
            )


def last_id(connection: Connection, name: str) -> int:
    """The highest id that has been given away."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": name}).scalar()
        return found or 0
    sequence = connection.execute(_sequence(name)).scalar_one()
    row = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608 - PostgreSQL's own quoted name
    return int(row.last_value) if row.is_called else int(row.last_value) - 1


def _sequence(name: str) -> Any:
    return select(func.pg_get_serial_sequence(f'"{name}"', "id"))


def _set(name: str, highest: int) -> Repair:
    def repair(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
            values = {"name": name, "highest": highest}
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :highest)"), values)
        else:
            sequence = func.pg_get_serial_sequence(f'"{name}"', "id")
            connection.execute(select(func.setval(sequence, highest)))

    return repair


def shown_ids(name: str, ids: Any) -> str:
    """A few ids, and that there are more."""
    more = ", …" if len(ids) > SHOWN else ""
    return f"{name} " + ", ".join(str(id_) for id_ in list(ids)[:SHOWN]) + more
