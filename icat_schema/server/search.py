"""Answer searches and get calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, ProgrammingError

from icat_schema.server.authz import Grant, Grants, Rules
from icat_schema.server.caller import Caller
from icat_schema.server.entities.reader import IncludeReader, Level
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.compile import Compiled, compile_query, entity_columns
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.concise import include_by_type, known_entity, translate
from icat_schema.server.jpql.include import Included, include_tree
from icat_schema.server.jpql.parser import CACHED_LENGTH, is_select, parse_concise, parse_fetch, parse_query
from icat_schema.server.store.deadline import deadline, was_stopped
from icat_schema.server.store.tables import table

CACHED_QUERIES = 1_024
TOO_COMPLEX = (
    "Expression tree is too large",
    "integer overflow",
    "parser stack overflow",
    "stack depth limit",
    "string or blob too big",
    "too many SQL variables",
)
"""What the databases say of queries that they could not work on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_entities`: rows of a result, and objects including the included ones. `max_ids_in_query`: ids per statement
    when an INCLUDE is filled. `max_seconds`: of the database's work for the rows, and again for what is included."""

    max_entities: int = 10_000
    max_ids_in_query: int = 500
    max_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`types`: the Java type of each column, or the one entity. Rows are EntityValue objects, single values, or
    sequences of values; None stands for null."""

    kind: Literal["entities", "scalars", "rows"]
    types: tuple[str, ...]
    rows: Iterable[Any]


class Catalogue:
    """Searches with the clocks of one facility. Thread-safe; compiled queries are kept, by their text."""

    def __init__(self, engine: Engine, zone: ZoneInfo, limits: Limits) -> None:
        self.engine = engine
        self.rules = Rules(zone)
        self._zone = zone
        self._limits = limits
        self._compiled_cached = lru_cache(CACHED_QUERIES)(self._compile)
        self._authorized_cached = lru_cache(CACHED_QUERIES)(self._authorize)

    def search(self, connection: Connection, caller: Caller, query: str) -> SearchResult:
        """Everything that matches and that the caller may read; what he may not read is not there, without an error.

        Raises IcatError: BAD_PARAMETER for a query that means nothing, VALIDATION for a result that is too large.
        """
        short = len(query) <= CACHED_LENGTH
        compiled = self._compiled_cached(query) if short else self._compile(query)
        entities = {target.entity.name for target in compiled.targets}
        grants = self.rules.grants(connection, caller, entities | _included_entities(compiled))
        if any(grants[name].nothing for name in entities):
            return SearchResult(compiled.kind, compiled.types, [0] if compiled.single_count else [])
        granted = tuple((name, grants[name]) for name in sorted(entities))
        make = self._authorized_cached if short else self._authorize
        rows = self._fetch(connection, caller, make(compiled, granted))
        if compiled.include is not None:
            return SearchResult("entities", compiled.types, self._objects(connection, caller, compiled, grants, rows))
        return SearchResult(compiled.kind, compiled.types, _values(compiled, rows))

    def get(self, connection: Connection, caller: Caller, query: str, id_: int) -> EntityValue:
        """One object. Raises IcatError: BAD_PARAMETER, NO_SUCH_OBJECT_FOUND, or INSUFFICIENT_PRIVILEGES, in this
        order."""
        included = _fetched(parse_fetch(query))
        name = included.entity.name
        rows = table(name).alias()
        references = tuple(n for n in included.steps if included.entity.to_one(n))
        statement = select(*entity_columns(rows, included.entity, references)).where(rows.c.id == id_)
        row = connection.execute(statement).one_or_none() if abs(id_) < 2**63 else None
        if row is None:
            raise IcatError("NO_SUCH_OBJECT_FOUND", f"{name}[id:{id_}] not found.")
        if id_ not in self.rules.allowed(connection, caller, name, [id_], "R"):
            raise IcatError("INSUFFICIENT_PRIVILEGES", f"READ access to this {name} is not allowed.")
        level = Level()
        value = level.add(included.entity, row, references, 1)
        self._include(connection, caller, level, included, self.rules.grants(connection, caller, included.entities()))
        return value

    # Statements ------------------------------------------------------------------------------------------------------

    def _compile(self, text: str) -> Compiled:
        query = parse_query(text) if is_select(text) else translate(parse_concise(text))
        return compile_query(query, self._zone, self._limits.max_entities)

    def _authorize(self, compiled: Compiled, granted: tuple[tuple[str, Grant], ...]) -> Select[Any]:
        """The statement with the conditions of the caller's rules on every item."""
        grants = dict(granted)
        statement = compiled.statement
        for target in compiled.targets:
            grant = grants[target.entity.name]
            if not grant.everything:
                statement = statement.where(self.rules.filter(grant, target.entity, target.id, target.table))
                statement = statement.where(target.id.is_not(None)) if target.nullable else statement
        return statement

    def _fetch(self, connection: Connection, caller: Caller, statement: Select[Any]) -> Sequence[Any]:
        with self._refusals(connection):
            rows = connection.execute(statement, self.rules.parameters(caller)).fetchall()
        if len(rows) > self._limits.max_entities:
            raise IcatError("VALIDATION", f"attempt to process more than {self._limits.max_entities} entities")
        return rows

    # Objects ---------------------------------------------------------------------------------------------------------

    def _objects(
        self, connection: Connection, caller: Caller, compiled: Compiled, grants: Grants, rows: Sequence[Any]
    ) -> list[EntityValue]:
        assert compiled.include is not None
        level = Level()
        entity = compiled.include.entity
        width = compiled.width
        values = [level.add(entity, row[:width], compiled.references, 1) for row in rows]
        self._include(connection, caller, level, compiled.include, grants)
        return values

    def _include(
        self, connection: Connection, caller: Caller, level: Level, included: Included, grants: Grants
    ) -> None:
        if not included.steps:
            return
        steps = set() if caller.is_root else self.rules.public_steps(connection)
        reader = IncludeReader(
            connection,
            self.rules,
            {name: grant.one_by_one() for name, grant in grants.items()},
            steps,
            self.rules.parameters(caller),
            self._limits.max_entities,
            self._limits.max_ids_in_query,
            total=sum(level.times.values()),
        )
        with self._refusals(connection):
            reader.fill(level, included)

    @contextmanager
    def _refusals(self, connection: Connection) -> Iterator[None]:
        """Tell the caller what the database does not do for him, as far as it is about the query."""
        try:
            with deadline(connection, self._limits.max_seconds):
                yield
        except DataError as error:
            raise bad(f"The database cannot calculate this: {_reason(error)}") from error
        except ProgrammingError as error:
            raise bad(f"The database does not understand this: {_reason(error)}") from error
        except OperationalError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: OperationalError) -> IcatError:
        if was_stopped(error):
            return IcatError("VALIDATION", f"The query takes longer than {self._limits.max_seconds:g} s: ask for less.")
        if any(sign in str(error.orig) for sign in TOO_COMPLEX):
            return bad(f"The query is too complex: {_reason(error)}")
        return IcatError("INTERNAL", f"Unexpected DB response {type(error).__name__} {_reason(error)}")


def _fetched(fetch: tree.Fetch) -> Included:
    """The entity and INCLUDE of a get call."""
    entity = known_entity(fetch.entity)
    if fetch.include is None:
        return Included(entity)
    if fetch.variable is None and not isinstance(fetch.include, tree.IncludeOne):
        names = [step.path.name for step in fetch.include]
        return include_tree(entity, f"{entity.name}$", include_by_type(entity.name, names))
    return include_tree(entity, fetch.variable, fetch.include)


def _included_entities(compiled: Compiled) -> set[str]:
    return set() if compiled.include is None else compiled.include.entities()


def _values(compiled: Compiled, rows: Sequence[Any]) -> Iterable[Any]:
    if compiled.kind == "scalars":
        return [row[0] for row in rows]
    width = compiled.width
    return rows if not rows or len(rows[0]) == width else [row[:width] for row in rows]


def _reason(error: DBAPIError) -> str:
    """The database's own words, without the statement."""
    return str(error.orig).strip().splitlines()[0]
