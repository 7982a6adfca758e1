"""python-icat for what only SOAP does right: a pool of its clients on our connections.

Loading it and making its first client takes as long as everything else that happens before the first answer, so both
wait until something needs it (`Catalogue.soap`).

One client is connection, session, schema and factory at once and is not made for threads. Here a client belongs to
one call at a time, gets the session id for that time only and never logs anybody out by itself. What makes clients slow
to build (service description, entity information) is read once and shared.
"""

from __future__ import annotations

import pickle
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from queue import Empty, Full, LifoQueue
from typing import Any

import icat
import icat.exception
import suds.cache
import suds.sudsobject
import suds.transport

from icat_schema.gateway.counting import CallCounter
from icat_schema.gateway.errors import CatalogueBroken, of_status, unreadable
from icat_schema.gateway.paths import entity_of
from icat_schema.gateway.redaction import guard_library_logs
from icat_schema.gateway.settings import GatewaySettings
from icat_schema.gateway.soap_errors import translating_soap
from icat_schema.gateway.wire import Wire


class _Transport(suds.transport.Transport):  # type: ignore[misc]
    """Lets suds speak over our connections."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def open(self, request: Any) -> BytesIO:
        reply = self._wire.send("GET", request.url)
        if reply.status_code != 200:
            raise of_status(reply.status_code, reply.reason or "")
        if b"definitions" not in reply.content and b"schema" not in reply.content:
            raise unreadable()
        return BytesIO(reply.content)

    def send(self, request: Any) -> Any:
        reply = self._wire.send("POST", request.url, data=request.message, headers=request.headers)
        if reply.status_code == 200:
            return suds.transport.Reply(200, reply.headers, reply.content)
        if reply.status_code == 500 and b"Envelope" in reply.content:
            raise suds.transport.TransportError(reply.reason or "", 500, BytesIO(reply.content))
        raise of_status(reply.status_code, reply.reason or "")


class _Descriptions(suds.cache.Cache):  # type: ignore[misc]
    """Keeps the parsed service description as bytes: every client gets a copy of its own, so threads share nothing."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, id: str) -> Any:  # noqa: A002 - suds' name
        kept = self._kept.get(id)
        return None if kept is None else pickle.loads(kept)  # noqa: S301 - written below by this process

    def put(self, id: str, object: Any) -> Any:  # noqa: A002
        self._kept[id] = pickle.dumps(object, pickle.HIGHEST_PROTOCOL)
        return object

    def purge(self, id: str) -> None:  # noqa: A002
        self._kept.pop(id, None)

    def clear(self) -> None:
        self._kept.clear()


class _Known:
    """What the server said about itself, once per process."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.descriptions = _Descriptions()
        self.version: str | None = None
        self.names: list[str] | None = None
        self.infos: dict[str, Any] = {}
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        """Unused (our transport has its own), but python-icat would load all authorities for each client."""


class _Client(icat.Client):  # type: ignore[misc]
    """A client that asks only for what is not known yet and that never ends a session by itself."""

    def __init__(self, url: str, location: str, known: _Known) -> None:
        self._known = known
        super().__init__(url, sslContext=known.tls, cache=known.descriptions, cachingpolicy=1, location=location)
        self.autoLogout = False

    def set_options(self, **options: Any) -> None:
        if "transport" in options:
            options["transport"] = _Transport(self._known.wire)  # suds ties a transport to its client
        super().set_options(**options)

    def getApiVersion(self) -> str:  # noqa: N802 - python-icat's name
        if self._known.version is None:
            self._known.version = str(super().getApiVersion())
        return self._known.version

    def getEntityNames(self) -> list[str]:  # noqa: N802
        if self._known.names is None:
            self._known.names = [str(name) for name in super().getEntityNames()]
        return self._known.names

    def getEntityInfo(self, beanName: str) -> Any:  # noqa: N802, N803
        if beanName not in self._known.infos:
            self._known.infos[beanName] = super().getEntityInfo(beanName)
        return self._known.infos[beanName]

    def _schedule_auto_refresh(self, _: object = None) -> None:
        """python-icat would ask for the remaining minutes after each login; sessions are refreshed on request."""
        super()._schedule_auto_refresh("never")

    def cleanup(self) -> None:
        """Called by the garbage collector and at exit: the session is not ours to end."""
        self.sessionId: str | None = None
        super().cleanup()


class Soap:
    """The calls; each raises a `CatalogueError`. Thread-safe."""

    def __init__(self, settings: GatewaySettings, wire: Wire, counter: CallCounter) -> None:
        self._location = settings.base + settings.soap_path
        self._counter = counter
        self._known = _Known(wire)
        self._idle: LifoQueue[_Client] = LifoQueue(settings.pool_size)
        self._building = threading.Lock()

    def create_many(self, session_id: str, objects: Sequence[tuple[str, Mapping[str, Any]]]) -> list[int]:
        """Create objects without relations to many in one transaction; to-one relations are given by id."""
        with self._borrowed(session_id) as client:
            beans = [_filled(client, client.new(entity_of(entity).wsdl_name), values) for entity, values in objects]
            return [int(i) for i in client.createMany(beans)]

    def update(self, session_id: str, entity: str, id_: int, values: Mapping[str, Any]) -> None:
        """Fetch the object with its to-one relations, replace these values, store it."""
        with self._borrowed(session_id) as client:
            bean = client.get(f"{entity} INCLUDE 1", id_)
            _keep_empty_texts(bean)
            client.update(_filled(client, bean, values))

    def delete_many(self, session_id: str, entity: str, ids: list[int]) -> None:
        """Delete objects and what belongs to them, all or none."""
        with self._borrowed(session_id) as client:
            client.deleteMany([_only_id(client, entity, i) for i in ids])

    @contextmanager
    def _borrowed(self, session_id: str) -> Iterator[Any]:
        with translating_soap(session_id), _known_types():
            client = self._taken()
            client.sessionId = session_id
            try:
                yield client
            finally:
                client.sessionId = None
                self._give_back(client)

    def _taken(self) -> _Client:
        try:
            return self._idle.get_nowait()
        except Empty:
            pass
        with self._building, self._counter.not_counting():
            client = _Client(f"{self._location}?wsdl", self._location, self._known)
        guard_library_logs()
        return client

    def _give_back(self, client: _Client) -> None:
        try:
            self._idle.put_nowait(client)
        except Full:
            client.cleanup()


@contextmanager
def _known_types() -> Iterator[None]:
    """python-icat looks the type of a fault up in a table and fails with KeyError when ICAT invents a new one."""
    try:
        yield
    except KeyError:
        raise CatalogueBroken("the catalogue reports a kind of error that ICAT does not have") from None


def _filled(client: Any, bean: Any, values: Mapping[str, Any]) -> Any:
    fields = entity_of(bean.BeanName)
    for name, value in values.items():
        relation = fields.to_one(name)
        related = None if relation is None or value is None else _only_id(client, relation.target, value)
        setattr(bean.instance, name, value if relation is None else related)
    return bean


def _keep_empty_texts(bean: Any) -> None:
    """suds reads an empty text as None and would send nothing, which makes it null; for a null field it has nothing."""
    for attribute in entity_of(bean.BeanName).own_attributes:
        if attribute.type == "String" and getattr(bean.instance, attribute.name, "") is None:
            setattr(bean.instance, attribute.name, "")


def _only_id(client: Any, entity: str, id_: int) -> Any:
    """An object that consists of type and id; python-icat's own `new` builds and discards the whole tree below it."""
    name = entity_of(entity).wsdl_name
    bean = suds.sudsobject.Factory.object(name, {"id": id_})
    bean.__metadata__.sxtype = client.factory.resolver.find(name).resolve()
    return bean
