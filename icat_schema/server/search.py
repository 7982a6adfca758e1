"""Answer searches and get calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Select, select
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, ProgrammingError

from icat_schema.server.authz import Grant, Grants, Rules
from icat_schema.server.caller import Caller
from icat_schema.server.entities.frames import Frame, values_of
from icat_schema.server.entities.reader import FrameReader, references, step_statement
from icat_schema.server.errors import IcatError
from icat_schema.server.jpql import tree
from icat_schema.server.jpql.compile import Compiled, compile_query, entity_columns
from icat_schema.server.jpql.complain import bad
from icat_schema.server.jpql.concise import include_by_type, known_entity, translate
from icat_schema.server.jpql.forms import LONGEST_KEPT, Forms, TakenApart, with_slots
from icat_schema.server.jpql.include import Included, include_tree
from icat_schema.server.jpql.parser import is_select, parse_concise, parse_fetch, parse_query
from icat_schema.server.store.deadline import deadline, was_stopped
from icat_schema.server.store.fetch import Column, fetch
from icat_schema.server.store.tables import occurrence

CACHED_QUERIES = 64
PORTION = 2_000
"""Rows of values that are in memory at the same time."""
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
    when an INCLUDE is filled, and objects in memory. `max_seconds`: for the result, from its first row to its last."""

    max_entities: int = 10_000
    max_ids_in_query: int = 500
    max_seconds: float = 60.0


T = TypeVar("T")
NOTHING: Iterator[Any] = iter(())


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`types`: the Java type of each column, or the one entity. The result comes in portions, once: `frames` of
    objects, or `columns` of values, in which None stands for null. As long as it comes, it can end in an IcatError."""

    kind: Literal["entities", "scalars", "rows"]
    types: tuple[str, ...]
    columns: Iterator[list[Column]] = NOTHING
    frames: Iterator[Frame] = NOTHING

    @property
    def rows(self) -> Iterator[Any]:
        """EntityValue objects, single values, or sequences of values."""
        if self.kind == "entities":
            yield from values_of(self.frames)
        for columns in self.columns:
            if self.kind == "scalars":
                yield from columns[0]
            else:
                yield from zip(*columns, strict=True)


class Catalogue:
    """Searches with the clocks of one facility. Thread-safe; compiled queries are kept, by their text."""

    def __init__(self, engine: Engine, zone: ZoneInfo, limits: Limits) -> None:
        self.engine = engine
        self.rules = Rules(zone)
        self._zone = zone
        self._limits = limits
        self._forms = Forms(self._compile)
        self._step_cached = lru_cache(CACHED_QUERIES)(
            partial(step_statement, self.rules, engine.dialect.name == "postgresql")
        )
        self._authorized_cached = lru_cache(CACHED_QUERIES)(self._authorize)

    def search(self, connection: Connection, caller: Caller, query: str) -> SearchResult:
        """Everything that matches and that the caller may read; what he may not read is not there, without an error.

        Raises IcatError: BAD_PARAMETER for a query that means nothing, VALIDATION for a result that is too large.
        """
        short = len(query) <= LONGEST_KEPT
        compiled, values = self._forms.compiled(query)
        entities = {target.entity.name for target in compiled.targets}
        grants = self.rules.grants(connection, caller, entities | _included_entities(compiled))
        if any(grants[name].nothing for name in entities):
            return SearchResult(compiled.kind, compiled.types, iter([[[0]]] if compiled.single_count else []))
        granted = tuple((name, grants[name]) for name in sorted(entities))
        make = self._authorized_cached if short else self._authorize
        parameters = {**self.rules.parameters(caller), **values}
        columns = self._columns(connection, parameters, compiled, make(compiled, granted))
        if compiled.include is None:
            return SearchResult(compiled.kind, compiled.types, columns=_begun(self._guarded(connection, columns)))
        frames = self._frames(columns, self._reader(connection, caller, compiled.include, grants), compiled.include)
        return SearchResult("entities", compiled.types, frames=_begun(self._guarded(connection, frames)))

    def get(self, connection: Connection, caller: Caller, query: str, id_: int) -> Frame:
        """One object. Raises IcatError: BAD_PARAMETER, NO_SUCH_OBJECT_FOUND, or INSUFFICIENT_PRIVILEGES, in this
        order."""
        included = _fetched(parse_fetch(query))
        name = included.entity.name
        rows = occurrence(name)
        statement = select(*entity_columns(rows, included.entity, references(included))).where(rows.c.id == id_)
        columns = next(fetch(connection, statement, {}, 1), None) if abs(id_) < 2**63 else None
        if columns is None:
            raise IcatError("NO_SUCH_OBJECT_FOUND", f"{name}[id:{id_}] not found.")
        if id_ not in self.rules.allowed(connection, caller, name, [id_], "R"):
            raise IcatError("INSUFFICIENT_PRIVILEGES", f"READ access to this {name} is not allowed.")
        grants = self.rules.grants(connection, caller, included.entities())
        with self.refusals(connection):
            return self._reader(connection, caller, included, grants).frame(columns, included)

    # Statements ------------------------------------------------------------------------------------------------------

    def _compile(self, text: str, taken: TakenApart) -> Compiled:
        query = parse_query(text) if is_select(text) else translate(parse_concise(text))
        return compile_query(with_slots(query, taken), self._zone, self._limits.max_entities)

    def _authorize(self, compiled: Compiled, granted: tuple[tuple[str, Grant], ...]) -> Select[Any]:
        """The statement with the conditions of the caller's rules on every item."""
        grants = dict(granted)
        statement = compiled.statement
        for target in compiled.targets:
            grant = grants[target.entity.name]
            if not grant.everything:
                statement = statement.where(
                    self.rules.filter(grant, target.entity, target.id, target.row, target.joins)
                )
                statement = statement.where(target.id.is_not(None)) if target.nullable else statement
        return statement

    # Portions --------------------------------------------------------------------------------------------------------

    def _columns(
        self, connection: Connection, parameters: Mapping[str, Any], compiled: Compiled, statement: Select[Any]
    ) -> Iterator[list[Column]]:
        size = PORTION if compiled.include is None else self._limits.max_ids_in_query
        total = 0
        for columns in fetch(connection, statement, parameters, size):
            total += len(columns[0])
            if total > self._limits.max_entities:
                raise IcatError("VALIDATION", f"attempt to process more than {self._limits.max_entities} entities")
            yield columns[: compiled.width]

    @staticmethod
    def _frames(portions: Iterator[list[Column]], reader: FrameReader, included: Included) -> Iterator[Frame]:
        for columns in portions:
            yield reader.frame(columns, included)

    def _reader(self, connection: Connection, caller: Caller, included: Included, grants: Grants) -> FrameReader:
        steps = set() if caller.is_root or not included.steps else self.rules.public_steps(connection)
        return FrameReader(
            connection,
            self._step_cached,
            {name: grant.one_by_one() for name, grant in grants.items()},
            steps,
            self.rules.parameters(caller),
            self._limits.max_entities,
            self._limits.max_ids_in_query,
        )

    def _guarded(self, connection: Connection, portions: Iterator[T]) -> Iterator[T]:
        with self.refusals(connection):
            yield from portions

    @contextmanager
    def refusals(self, connection: Connection) -> Iterator[None]:
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


def _begun(portions: Iterator[T]) -> Iterator[T]:
    """The same portions, the first one made: what is wrong with a query mostly shows there."""
    for first in portions:
        return chain((first,), portions)
    return iter(())


def _reason(error: DBAPIError) -> str:
    """The database's own words, without the statement."""
    return str(error.orig).strip().splitlines()[0]
