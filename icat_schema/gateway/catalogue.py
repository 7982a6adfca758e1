"""The catalogue: where sessions come from."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from icat_schema.gateway.counting import CallCount, CallCounter
from icat_schema.gateway.redaction import guard_library_logs
from icat_schema.gateway.rest import Rest
from icat_schema.gateway.session import Doors, ServiceSession, Session
from icat_schema.gateway.settings import GatewaySettings, ServerProperties
from icat_schema.gateway.wire import Wire
from icat_schema.gateway.zone import ServerZone

if TYPE_CHECKING:
    from icat_schema.gateway.soap import Soap


class Catalogue:
    """One ICAT server. Thread-safe; make one per process. Nothing goes over the wire before the first call."""

    def __init__(self, settings: GatewaySettings) -> None:
        guard_library_logs()
        self.settings = settings
        self._counter = CallCounter()
        self._wire = Wire(settings, self._counter)
        self._rest = Rest(settings, self._wire)
        self._soap: Soap | None = None
        self._properties: ServerProperties | None = None
        self._lock, self._soap_lock = threading.Lock(), threading.Lock()
        self._doors = Doors(settings, self._rest, self.soap, ServerZone(settings.zone), self.properties)

    def __repr__(self) -> str:
        return f"<Catalogue at {self.settings.base}>"

    def properties(self) -> ServerProperties:
        """Version, limits and authenticators of the server; asked for once."""
        with self._lock:
            if self._properties is None:
                self._properties = self._rest.properties(self._counter)
            return self._properties

    def soap(self) -> Soap:
        """The calls over SOAP. python-icat takes long to load, and most processes never need it."""
        with self._soap_lock:
            if self._soap is None:
                from icat_schema.gateway.soap import Soap

                guard_library_logs()
                self._soap = Soap(self.settings, self._wire, self._counter)
            return self._soap

    def login(self, plugin: str, credentials: Mapping[str, str], address: str = "") -> Session:
        """A new session; LoginRefused when the authenticator `plugin` does not accept the credentials. `address`: for
        whom we ask; a server that counts failures by address, and trusts ours as a proxy, finds it in
        X-Forwarded-For."""
        return Session(self._doors, self._rest.login(plugin, credentials, address))

    def session(self, session_id: str) -> Session:
        """The session of this id, which only the first call proves; SessionInvalid when it cannot be one."""
        return Session(self._doors, session_id)

    def service_session(self, plugin: str, username: str, password: str) -> ServiceSession:
        """A session of an account of ours that renews itself."""
        return ServiceSession(self._doors, plugin, username, password)

    def counting(self) -> AbstractContextManager[CallCount]:
        """Counts the calls that this thread makes inside the block: `with catalogue.counting() as count: ...`."""
        return self._counter.counting()

    def close(self) -> None:
        """Close idle connections."""
        self._wire.close()
