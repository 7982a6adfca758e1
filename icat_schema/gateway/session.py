"""What one user does in the catalogue."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from icat_schema.gateway.changes import Change, New, Operation, as_json, as_values, needs_soap
from icat_schema.gateway.conditions import Value
from icat_schema.gateway.errors import CatalogueBroken, InvalidRequest, SessionInvalid
from icat_schema.gateway.paths import entity_of
from icat_schema.gateway.query import Select
from icat_schema.gateway.ranges import Part, along
from icat_schema.gateway.reading import Reader, Row
from icat_schema.gateway.rest import Rest
from icat_schema.gateway.settings import GatewaySettings, ServerProperties
from icat_schema.gateway.zone import ServerZone

if TYPE_CHECKING:  # see Catalogue.soap
    from icat_schema.gateway.soap import Soap

Result = TypeVar("Result")

_SESSION_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")


@dataclass(frozen=True, slots=True)
class Doors:
    """What sessions of one catalogue share."""

    settings: GatewaySettings
    rest: Rest
    soap: Callable[[], Soap]
    zone: ServerZone
    properties: Callable[[], ServerProperties]


class Session:
    """Acts with the rights of whoever logged in. Every method raises a `CatalogueError`; thread-safe."""

    def __init__(self, doors: Doors, session_id: str) -> None:
        if not _SESSION_ID.fullmatch(session_id):
            raise SessionInvalid("this is not the id of a session; log in")
        self._doors = doors
        self._id = session_id
        self._user_name: str | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._user_name or 'somebody'}>"

    @property
    def id(self) -> str:
        """The session id: a secret, as good as the password until the session ends."""
        return self._id

    def _call(self, operation: Callable[[str], Result]) -> Result:
        """Run one call on the wire with the session id."""
        return operation(self._id)

    def user_name(self) -> str:
        """As ICAT writes it (`simple/ada`); asked for once, as it never changes."""
        if self._user_name is None:
            self._user_name = self._call(self._doors.rest.session_state)[0]
        return self._user_name

    def remaining_minutes(self) -> float:
        """Minutes until the session ends if nobody refreshes it."""
        self._user_name, minutes = self._call(self._doors.rest.session_state)
        return minutes

    def refresh(self) -> None:
        """Let the session's time begin anew."""
        self._call(self._doors.rest.refresh)

    def logout(self) -> None:
        """End the session; one that has ended already is fine."""
        self._call(self._doors.rest.logout)

    def rows(self, select: Select) -> list[Row]:
        """Every row; one call per `maxEntities` rows. Dates are aware (UTC)."""
        return self._reader().rows(select)

    def rows_for(self, select: Select, path: str, values: Collection[Value]) -> list[Row]:
        """Every row whose value at `path` is one of these; one call per some hundred values."""
        return self._reader().rows_for(select, path, values)

    def parts(self, select: Select, owners: Sequence[int]) -> Iterator[Part]:
        """Rows that belong to many objects, some objects after the other, see `ranges.along`. What fails shows when the
        part is asked for."""
        return along(self._reader(), select, owners)

    def page(self, select: Select) -> list[Row]:
        """The rows from `select.offset` on, `select.limit` of them, in one call; without limit all that follow."""
        return self._reader().page(select)

    def count(self, select: Select) -> int:
        """How many objects fulfil the condition."""
        return self._reader().count(select)

    def write(self, operations: Iterable[Operation]) -> list[int]:
        """Create and change objects: all or nothing. The ids of the `New` ones in their order; `offset` of an error is
        the position in the list. What ICAT does over SOAP only (changes of an Investigation and of what is above it,
        the status of a Study) has a transaction of its own: such a change stands alone in the list."""
        wanted = list(operations)
        if any(needs_soap(operation) for operation in wanted):
            return self._write_by_soap(wanted)
        if not wanted:
            return []
        entities = [as_json(operation) for operation in wanted]
        ids = self._call(lambda session_id: self._doors.rest.write(session_id, entities))
        if len(ids) != sum(isinstance(operation, New) for operation in wanted):
            raise CatalogueBroken("the catalogue did not say the ids of all new objects")
        return ids

    def delete(self, entity: str, ids: Iterable[int]) -> None:
        """Delete objects with all that belongs to them: all or nothing."""
        name = entity_of(entity).name
        doomed = list(ids)
        if doomed:
            self._call(lambda session_id: self._doors.soap().delete_many(session_id, name, doomed))

    def _write_by_soap(self, operations: list[Operation]) -> list[int]:
        first = operations[0]
        if isinstance(first, Change) and len(operations) == 1:
            change, values = first, as_values(first)
            self._call(lambda session_id: self._doors.soap().update(session_id, change.entity, change.id, values))
            return []
        if all(isinstance(o, New) and o.entity == first.entity for o in operations):
            objects = [(o.entity, as_values(o)) for o in operations]
            return self._call(lambda session_id: self._doors.soap().create_many(session_id, objects))
        alone = next(o.entity for o in operations if needs_soap(o))
        raise InvalidRequest(f"the catalogue writes this {alone} in a transaction of its own; write it separately")

    def _reader(self) -> Reader:
        doors = self._doors
        return Reader(
            lambda query: self._call(lambda session_id: doors.rest.search(session_id, query)),
            doors.zone,
            doors.properties().max_entities,
            doors.settings.query_bytes,
        )


class ServiceSession(Session):
    """The session of an account of ours: logs in when it is first used, and again when the session has ended; the call
    that found that out is repeated once."""

    def __init__(self, doors: Doors, plugin: str, username: str, password: str) -> None:
        self._doors = doors
        self._plugin = plugin
        self._credentials = {"username": username, "password": password}
        self._user_name = None
        self._current: str | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<ServiceSession of {self._plugin}/{self._credentials['username']}>"

    @property
    def id(self) -> str:
        return self._valid(ended=None)

    def logout(self) -> None:
        """End the session if there is one; the next call begins a new one."""
        with self._lock:
            ended, self._current = self._current, None
        if ended is not None:
            self._doors.rest.logout(ended)

    def _call(self, operation: Callable[[str], Result]) -> Result:
        session_id = self._valid(ended=None)
        try:
            return operation(session_id)
        except SessionInvalid:
            pass
        return operation(self._valid(ended=session_id))

    def _valid(self, ended: str | None) -> str:
        """The current session id, a new one if there is none or if the current one is known to have ended."""
        with self._lock:
            if self._current is None or self._current == ended:
                self._current = None
                self._current = self._doors.rest.login(self._plugin, self._credentials)
            return self._current
