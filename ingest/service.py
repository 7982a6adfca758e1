"""The ingester put together from the settings: doors, inbox, worker. One process per installation
(folder `var`); several installations may share a store."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from drac_plugins.core.errors import DracError
from drac_plugins.core.inbox import Inbox
from drac_plugins.core.quarantine.metrics import exposition
from drac_plugins.core.settings import Ingest, Settings, SettingsError
from drac_plugins.core.storage import Store, upgrade
from icat_schema.gateway import Catalogue, GatewaySettings, Session
from ingest.consumer import Consumer, installation
from ingest.nightly import Nightly
from ingest.publishing import Publisher
from ingest.transport.frames import FrameLimits
from ingest.transport.keeper import Keeper
from ingest.transport.listener import Listener, ListenerLimits
from ingest.transport.monitor import Monitor
from ingest.transport.queues import Queues
from ingest.transport.sender import Sender
from ingest.transport.subscriber import BrokerSettings, Subscriber
from ingest.worker import Worker

log = logging.getLogger(__name__)

_STOMP_PORT, _STOMP_TLS_PORT = 61613, 61614
_TLS = ("stomp+ssl://", "ssl://")


class AnotherIngester(DracError):
    """There is a process that works on this inbox already."""

    code = "ingester.running"


def open_store(settings: Settings) -> Store:
    """The store, brought up to date if the settings say so."""
    store = Store(settings.store.url)
    if settings.store.auto_upgrade:
        upgrade(store)
    return store


@contextmanager
def alone(var: Path) -> Iterator[None]:
    """Hold the lock of the one ingester of this installation; it falls with the process, however that ends. Raises
    AnotherIngester."""
    var.mkdir(parents=True, exist_ok=True)
    path = var / "ingester.lock"
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            text = f"Another ingester (process {file.read().strip() or 'unknown'}) works on this inbox; stop it first"
            raise AnotherIngester(f"{text} ({path})") from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def build_worker(settings: Settings, store: Store, inbox: Inbox) -> Worker:
    """The worker with its consumer; nothing is asked of the catalogue yet. Raises SettingsError."""
    return Worker(inbox, Consumer(settings, writing_session(settings), store), settings)


def writing_session(settings: Settings) -> Session:
    """Of the ingester's account; it logs in when it is first used. Raises SettingsError."""
    icat, account = settings.icat, settings.icat.ingester
    try:
        gateway = GatewaySettings(
            icat.url, icat.soap_path, icat.rest_path, icat.timeout_seconds, icat.verify, icat.pool_size
        )
    except ValueError as error:
        raise SettingsError(f"icat: {error}") from error
    return Catalogue(gateway).service_session(account.plugin, account.username, account.password.get_secret_value())


class Ingester:
    """Doors and worker over one store. `start` raises OSError when a port is taken; `stop` finishes what has begun."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        ingest = settings.ingest
        inbox = Inbox.from_settings(store, settings, owner=installation(settings))
        session = writing_session(settings)
        consumer = Consumer(settings, session, store)
        self.worker = Worker(inbox, consumer, settings)
        self.queues = Queues.from_settings(ingest)
        self.keeper = Keeper(inbox, self.worker.wake)
        self.listener = self._listener() if ingest.listen else None
        self.subscribers = [Subscriber(broker, self.queues, self.keeper) for broker in _brokers(ingest, ingest.brokers)]
        listening = list(_brokers(ingest, settings.events.brokers))
        self.publisher = Publisher(settings, store, session, Sender(listening) if listening else None)
        self.nightly = Nightly(settings, consumer.links)
        self.monitor = self._monitor(store) if ingest.monitor else None

    def _monitor(self, store: Store) -> Monitor:
        assert self._settings.ingest.monitor is not None
        return Monitor(address(self._settings.ingest.monitor), self.consumers, lambda: exposition(store))

    def _listener(self) -> Listener:
        ingest = self._settings.ingest
        assert ingest.listen is not None
        limits = ListenerLimits(
            connections=ingest.max_connections, frame=FrameLimits(frame_bytes=ingest.max_frame_bytes)
        )
        return Listener(
            address(ingest.listen),
            self.queues,
            self.keeper,
            limits=limits,
            heartbeat_seconds=ingest.heartbeat_seconds,
        )

    def start(self) -> list[str]:
        """Open the doors; returns where, in words."""
        self.worker.start()
        doors = []
        try:
            if self.listener is not None:
                doors.append("stomp://{}:{}".format(*self.listener.start()))
            if self.monitor is not None:
                doors.append("http://{}:{} (health)".format(*self.monitor.start()))
        except OSError:
            self.stop()
            raise
        for subscriber in self.subscribers:
            subscriber.start()
        self.publisher.start()
        self.nightly.start()
        return doors + [f"subscribed to {broker}" for broker in self._settings.ingest.brokers]

    def stop(self) -> None:
        """Close the doors first, then finish what is being worked on. What is in the inbox waits for the next start."""
        if self.monitor is not None:
            self.monitor.stop()
        if self.listener is not None:
            self.listener.stop()
        for subscriber in self.subscribers:
            subscriber.stop()
        self.keeper.stop()
        self.nightly.stop()
        self.worker.stop()
        self.publisher.stop()

    def consumers(self, queue: str) -> int | None:
        """Consumers of a queue: our listener and each confirmed subscription; none while nothing can be kept or nobody
        works. None for an unknown queue."""
        if self.queues.kind(queue) is None:
            return None
        if not (self.keeper.able and self.worker.alive):
            return 0
        listening = self.listener is not None and self.listener.alive
        return int(listening) + sum(subscriber.subscribed(queue) for subscriber in self.subscribers)


def address(text: str, default_port: int | None = None) -> tuple[str, int]:
    """`host:port`, `[::1]:port`, with or without `tcp://`. Raises SettingsError."""
    bare = text.split("://", 1)[-1].rstrip("/")
    host, colon, port = bare.rpartition(":")
    if not colon or bare.endswith("]"):
        host, port = bare, str(default_port or "")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"{text!r} is no address; write host:port, for example 127.0.0.1:61613")
    return host.strip("[]"), int(port)


def _brokers(ingest: Ingest, addresses: Sequence[str]) -> Iterator[BrokerSettings]:
    for broker in addresses:
        tls = broker.startswith(_TLS)
        host, port = address(broker, _STOMP_TLS_PORT if tls else _STOMP_PORT)
        yield BrokerSettings(
            host,
            port,
            login=ingest.broker_login,
            passcode=ingest.broker_passcode.get_secret_value() if ingest.broker_passcode else None,
            vhost=ingest.broker_vhost,
            tls=tls,
            ca_file=ingest.broker_ca_file,
            prefetch=ingest.prefetch,
            heartbeat_seconds=ingest.heartbeat_seconds,
            pauses=ingest.reconnect_seconds,
        )
