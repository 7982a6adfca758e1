"""The full-text index, kept by the database itself in the transaction of every write.

SQLite: an FTS5 table per entity over the entity's own table, filled by triggers. PostgreSQL: an expression index per
entity. Either way nothing is between a write and the index: a crash leaves both or neither.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, Engine, Select, String, Table, bindparam, func, insert, select, text
from sqlalchemy import delete as delete_rows
from sqlalchemy.sql.expression import ColumnElement, column, literal_column
from sqlalchemy.sql.expression import table as named

from icat_schema.server.errors import IcatError
from icat_schema.server.store.engine import writing
from icat_schema.server.store.tables import metadata, table
from icat_schema.server.text.words import SEPARATORS, Term

INDEXED: dict[str, tuple[str, ...]] = {
    "Investigation": ("name", "visitId", "title", "summary", "doi"),
    "Dataset": ("name", "description", "doi"),
    "Datafile": ("name", "description", "location", "doi"),
    "Sample": ("name",),
    "SampleType": ("name", "molecularFormula"),
    "User": ("name", "fullName"),
    "Facility": ("name", "fullName"),
    "InvestigationType": ("name",),
    "DatasetType": ("name",),
    "DatafileFormat": ("name",),
}
"""Attributes whose words are found, by entity."""

ADVISORY_LOCK = 0x1CA7_7E97
"""Only one process at a time prepares the index."""

emptied = Table("server_text_emptied", metadata, Column("entity", String(64), primary_key=True))
"""Entities in which nothing is found until they are populated again."""


class TextIndex:
    """The index of one catalogue. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._populating: set[str] = set()

    def prepare(self) -> None:
        """Make what is missing, and fill it."""
        with writing(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
            for entity in INDEXED:
                _prepare(connection, entity)

    def matching(self, connection: Connection, entity: str, term: Term) -> Select[tuple[int]]:
        """Ids of the entity's objects in which the words stand."""
        if connection.dialect.name == "postgresql":
            rows = table(entity)
            wanted = func.to_tsquery(literal_column("'simple'::regconfig"), _tsquery(term))
            return select(rows.c.id).where(_document(entity).op("@@")(wanted))
        index = named(_index_name(entity), column("rowid"))
        matches = literal_column(f'"{_index_name(entity)}"').op("MATCH")(_fts5(term))
        return select(index.c.rowid).where(matches)

    # For operators

    def populating(self) -> list[str]:
        """Entities whose index is being made anew by this process."""
        with self._lock:
            return sorted(self._populating)

    def populate(self, entity: str) -> None:
        """Make the index of an entity anew; nothing happens for one that has none."""
        if entity not in INDEXED:
            return
        with self._marked(entity), writing(self._engine) as connection:
            connection.execute(delete_rows(emptied).where(emptied.c.entity == entity))
            name = _index_name(entity)
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f'REINDEX INDEX "{name}"')
            else:
                connection.exec_driver_sql(f'INSERT INTO "{name}"("{name}") VALUES (\'rebuild\')')  # noqa: S608 - names of our own

    def commit(self) -> None:
        """Everything that is stored is found already; this only puts the index in order."""
        with writing(self._engine) as connection:
            for name in map(_index_name, INDEXED):
                if connection.dialect.name == "postgresql":
                    connection.execute(select(func.gin_clean_pending_list(func.to_regclass(f'"{name}"'))))
                else:
                    connection.exec_driver_sql(f'INSERT INTO "{name}"("{name}", rank) VALUES (\'merge\', 100)')  # noqa: S608 - names of our own

    def clear(self) -> None:
        """Find nothing any more, until the entities are populated again."""
        with writing(self._engine) as connection:
            connection.execute(delete_rows(emptied))
            connection.execute(insert(emptied), [{"entity": entity} for entity in INDEXED])

    def is_empty(self, connection: Connection, entity: str) -> bool:
        return connection.execute(select(emptied.c.entity).where(emptied.c.entity == entity)).first() is not None

    @contextmanager
    def _marked(self, entity: str) -> Iterator[None]:
        with self._lock:
            if entity in self._populating:
                raise IcatError("BAD_PARAMETER", f"{entity} is being populated already")
            self._populating.add(entity)
        try:
            yield
        finally:
            with self._lock:
                self._populating.discard(entity)


def _index_name(entity: str) -> str:
    return f"text_{entity}"


def _prepare(connection: Connection, entity: str) -> None:
    name = _index_name(entity)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f'CREATE INDEX IF NOT EXISTS "{name}" ON "{entity}" USING gin ({_document_sql(entity)})'.replace("%", "%%")
        )
        return
    known = text("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name")
    if connection.execute(known, {"name": name}).first() is None:
        for statement in _fts5_statements(entity, name):
            connection.exec_driver_sql(statement)


def _fts5_statements(entity: str, name: str) -> Iterator[str]:
    """An FTS5 table that keeps no copy of the texts, and the triggers that tell it of every change."""
    fields = INDEXED[entity]
    columns = ", ".join(f'"{field}"' for field in fields)
    old, new = (", ".join(f'{row}."{field}"' for field in fields) for row in ("old", "new"))
    forget = f'INSERT INTO "{name}"("{name}", rowid, {columns}) VALUES (\'delete\', old.id, {old})'  # noqa: S608 - names of our own
    learn = f'INSERT INTO "{name}"(rowid, {columns}) VALUES (new.id, {new})'  # noqa: S608 - names of our own
    yield (
        f"CREATE VIRTUAL TABLE \"{name}\" USING fts5({columns}, content='{entity}', content_rowid='id', "
        "tokenize='unicode61 remove_diacritics 0')"
    )
    yield f'CREATE TRIGGER "{name}_insert" AFTER INSERT ON "{entity}" BEGIN {learn}; END'
    yield f'CREATE TRIGGER "{name}_delete" AFTER DELETE ON "{entity}" BEGIN {forget}; END'
    yield f'CREATE TRIGGER "{name}_update" AFTER UPDATE OF {columns} ON "{entity}" BEGIN {forget}; {learn}; END'
    yield f'INSERT INTO "{name}"("{name}") VALUES (\'rebuild\')'  # noqa: S608 - names of our own


def _fts5(term: Term) -> ColumnElement[str]:
    return bindparam(None, f'"{" ".join(term.words)}"{"*" if term.prefix else ""}', unique=True)


def _tsquery(term: Term) -> str:
    """Quoted words: none holds a quote or backslash, both part words."""
    return " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.prefix else "")


def _document(entity: str) -> ColumnElement[str]:
    return literal_column(_document_sql(entity))


def _document_sql(entity: str) -> str:
    """The words of an object; written out, because the index is used only for exactly this expression."""
    texts = " || ' ' || ".join(f'coalesce("{entity}"."{field}", \'\')' for field in INDEXED[entity])
    separators = SEPARATORS.replace("'", "''")
    return f"to_tsvector('simple'::regconfig, translate({texts}, '{separators}', '{' ' * len(SEPARATORS)}'))"
