"""What the catalogue can do, whatever the wire: sessions, information, search and transactions of writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from icat_schema.server.authn import Authenticators
from icat_schema.server.authz import Access
from icat_schema.server.caller import Caller
from icat_schema.server.dates import whole_seconds
from icat_schema.server.entities.conflicts import stored_rows
from icat_schema.server.entities.delete import Deleter
from icat_schema.server.entities.frames import Frame
from icat_schema.server.entities.update import Updater
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.entities.work import Placed, Work
from icat_schema.server.entities.writer import Creator
from icat_schema.server.errors import IcatError
from icat_schema.server.search import Catalogue, Limits, SearchResult
from icat_schema.server.sessions import Sessions
from icat_schema.server.settings import Settings
from icat_schema.server.store.engine import create_tables, open_engine, reading, writing
from icat_schema.server.text.index import TextIndex
from icat_schema.server.text.query import read_query
from icat_schema.server.text.search import Hit, TextSearch

SessionId = str | None
AccessType = Literal["READ", "UPDATE", "DELETE", "CREATE"]

ACCESS: Mapping[AccessType, Access] = {"READ": "R", "UPDATE": "U", "DELETE": "D", "CREATE": "C"}


current_user: ContextVar[str | None] = ContextVar("current_user", default=None)
"""The user name of the session of the call in progress, for the log."""

current_address: ContextVar[str] = ContextVar("current_address", default="")
"""Where the call in progress came from."""


class _Undo(Exception):
    """Ends a transaction that was only tried."""


class Service:
    """One catalogue. Thread-safe; every call is one transaction of its own."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.settings = settings
        self.engine = open_engine(settings.database)
        create_tables(self.engine)
        self.authenticators = Authenticators(settings)
        self.text_index = TextIndex(self.engine) if settings.text_search else None
        if self.text_index is not None:
            self.text_index.prepare()
        limits = Limits(settings.max_entities, settings.max_ids_in_query, settings.max_query_seconds)
        self._catalogue = Catalogue(self.engine, settings.zone, limits)
        self.rules = self._catalogue.rules
        self._sessions = Sessions(settings.lifetime_minutes, clock)
        self._clock = clock

    def now(self) -> datetime:
        return self._clock()

    def close(self) -> None:
        self.engine.dispose()

    # Sessions

    def login(self, plugin: str | None, credentials: Mapping[str, str]) -> str:
        """Open a session. The password is checked before the database is locked for writing."""
        with reading(self.engine) as connection:
            user_name = self.authenticators.authenticate(connection, plugin, credentials, current_address.get())
        with writing(self.engine) as connection:
            return self._sessions.open(connection, user_name)

    def logout(self, session_id: SessionId) -> None:
        with writing(self.engine) as connection:
            self._sessions.close(connection, session_id)

    def refresh(self, session_id: SessionId) -> None:
        with writing(self.engine) as connection:
            self._sessions.refresh(connection, session_id)

    def user_name(self, session_id: SessionId) -> str:
        with reading(self.engine) as connection:
            return self._sessions.user_name(connection, session_id)

    def remaining_minutes(self, session_id: SessionId) -> float:
        with reading(self.engine) as connection:
            return self._sessions.remaining_minutes(connection, session_id)

    def is_logged_in(self, user_name: str) -> bool:
        with reading(self.engine) as connection:
            return self._sessions.is_logged_in(connection, user_name)

    def caller(self, session_id: SessionId) -> Caller:
        """Who asks. Raises IcatError of type SESSION."""
        with reading(self.engine) as connection:
            return self._caller(connection, session_id)

    def properties(self, session_id: SessionId) -> list[tuple[str, str]]:
        """The configuration, for root users only."""
        self.require_root(session_id)
        return self.settings.properties()

    # Reading

    @contextmanager
    def search(self, session_id: SessionId, query: str | None) -> Iterator[SearchResult]:
        """The results may only be read inside the context: they come from the open transaction."""
        with reading(self.engine) as connection:
            caller = self._caller(connection, session_id)
            yield self._catalogue.search(connection, caller, self._query(query))

    @contextmanager
    def search_as(self, caller: Caller, query: str) -> Iterator[SearchResult]:
        """Search without a session, for the operator of the server."""
        with reading(self.engine) as connection:
            yield self._catalogue.search(connection, caller, query)

    def get(self, session_id: SessionId, query: str | None, id_: int) -> Frame:
        with reading(self.engine) as connection:
            caller = self._caller(connection, session_id)
            return self._catalogue.get(connection, caller, self._query(query), id_)

    def text_hits(self, session_id: SessionId, text: str, max_count: int) -> list[Hit]:
        """Free-text search, see `text.query`; nothing is found where it is switched off."""
        with reading(self.engine) as connection:
            caller = self._caller(connection, session_id)
            query = read_query(text)
            if self.text_index is None:
                return []
            with self._catalogue.refusals(connection):
                search = TextSearch(connection, self.text_index, self.rules, caller)
                return search.hits(query, min(max_count, self.settings.max_entities))

    def require_root(self, session_id: SessionId) -> Caller:
        """Raises IcatError of type INSUFFICIENT_PRIVILEGES for everybody else."""
        caller = self.caller(session_id)
        if not caller.is_root:
            raise IcatError("INSUFFICIENT_PRIVILEGES", "user must be in rootUserNames")
        return caller

    def _query(self, text: str | None) -> str:
        if text is None:
            raise IcatError("BAD_PARAMETER", "query is not set")
        longest = self.settings.max_query_length
        if len(text) > longest:
            raise IcatError("BAD_PARAMETER", f"The query has {len(text)} characters, more than {longest}")
        return text

    # Writing

    @contextmanager
    def work(self, caller: Caller) -> Iterator[Work]:
        """One transaction of writes: all or nothing."""
        with writing(self.engine) as connection:
            yield Work(connection, caller, self.rules)

    def create(self, caller: Caller, value: EntityValue) -> int:
        with self.work(caller) as work:
            return Creator(work).create([Placed(value)], nested_need_permission=False)[0]

    def create_many(self, caller: Caller, values: Sequence[EntityValue]) -> list[int]:
        with self.work(caller) as work:
            return Creator(work).create(_placed(values), nested_need_permission=False)

    def update(self, caller: Caller, value: EntityValue) -> None:
        with self.work(caller) as work:
            Updater(work).replace(Placed(value))

    def delete(self, caller: Caller, values: Sequence[EntityValue]) -> None:
        with self.work(caller) as work:
            Deleter(work).delete(_placed(values))

    def is_access_allowed(self, caller: Caller, value: EntityValue, access: AccessType) -> bool:
        """CREATE really creates, and takes it back: what is wrong with the object is raised, a refusal is False."""
        if access == "CREATE":
            return self._may_create(caller, value)
        if caller.is_root:
            return True
        with reading(self.engine) as connection:
            return self._is_allowed(Work(connection, caller, self.rules), value, ACCESS[access])

    @staticmethod
    def _is_allowed(work: Work, value: EntityValue, access: Access) -> bool:
        """An object that does not exist may only be read, by those who may read everything of its entity."""
        id_, name = value.id or 0, value.entity.name
        if id_ not in work.allowed(name, [id_], access):
            return False
        return access == "R" or bool(stored_rows(work.connection, name, [id_]))

    def _may_create(self, caller: Caller, value: EntityValue) -> bool:
        try:
            with writing(self.engine) as connection:
                work = Work(connection, caller, self.rules)
                Creator(work).create([Placed(value)], nested_need_permission=False)
                raise _Undo
        except _Undo:
            return True
        except IcatError as error:
            if error.type == "INSUFFICIENT_PRIVILEGES":
                return False
            raise

    def _caller(self, connection: Connection, session_id: SessionId) -> Caller:
        user_name = self._sessions.user_name(connection, session_id)
        current_user.set(user_name)
        return Caller(user_name, user_name in self.settings.root_user_names, whole_seconds(self._clock()))


def _placed(values: Sequence[EntityValue]) -> list[Placed]:
    return [Placed(value, offset) for offset, value in enumerate(values)]
