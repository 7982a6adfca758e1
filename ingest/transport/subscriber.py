"""Consumer of one STOMP broker (Apache ActiveMQ, RabbitMQ): into the inbox, committed, then acknowledged."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import stomp
from stomp.exception import StompException
from stomp.utils import Frame

from drac_plugins.core.inbox import Incoming
from ingest.transport.keeper import Keeper, Stopped
from ingest.transport.queues import Queues

log = logging.getLogger(__name__)

_ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """How to reach one broker. `vhost`: RabbitMQ's virtual host. `tls`: its certificate and host name are checked
    against `ca_file`, or against the authorities of the system. `pauses`: seconds before each try to connect again;
    the last one repeats."""

    host: str
    port: int
    login: str | None = None
    passcode: str | None = None
    tls: bool = False
    ca_file: Path | None = None
    vhost: str | None = None
    prefetch: int = 50
    heartbeat_seconds: float = 10.0
    pauses: Sequence[float] = (0.25, 0.5, 1, 2, 5, 10, 30)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def secured(self, connection: stomp.StompConnection11) -> stomp.StompConnection11:
        """The connection, told to use TLS if this broker wants it."""
        if self.tls:
            authorities = str(self.ca_file) if self.ca_file else None
            connection.set_ssl([(self.host, self.port)], ca_certs=authorities, verify=True)
        return connection


class _Vhost(str):
    """Sent as it is, also when it is empty (as pyicat-plus does); stomp.py would send the host's name instead."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class _Delivery:
    connection: stomp.StompConnection11
    message: Incoming
    message_id: str
    subscription: str


class _Session(stomp.ConnectionListener):  # type: ignore[misc]  # stomp.py has no types
    """One connection from its CONNECTED to its end. Called in the thread of stomp.py, so nothing here waits."""

    def __init__(
        self,
        connection: stomp.StompConnection11,
        queues: Queues,
        source: str,
        deliveries: queue.SimpleQueue[_Delivery | None],
    ) -> None:
        self._connection = connection
        self._queues = queues
        self._source = source
        self._deliveries = deliveries
        self.connected = threading.Event()
        self.ended = threading.Event()
        self.subscribed: set[str] = set()
        self.complaint: str | None = None

    def on_connected(self, _frame: Frame) -> None:
        self.connected.set()

    def on_receipt(self, frame: Frame) -> None:
        self.subscribed.add(frame.headers.get("receipt-id", ""))

    def on_message(self, frame: Frame) -> None:
        headers: Mapping[str, str] = frame.headers
        body = frame.body if isinstance(frame.body, bytes) else (frame.body or "").encode()
        name = headers.get("subscription", "")
        message = self._queues.incoming(f"{self._queues.prefix}{name}", body, headers, self._source)
        self._deliveries.put(_Delivery(self._connection, message, headers["message-id"], name))

    def on_error(self, frame: Frame) -> None:
        body = frame.body.decode("utf-8", "replace") if isinstance(frame.body, bytes) else frame.body
        self.complaint = frame.headers.get("message") or (body or "")[:300]
        self.ended.set()

    def on_heartbeat_timeout(self) -> None:
        self.complaint = "no heart-beat"
        self.ended.set()

    def on_disconnected(self) -> None:
        self.subscribed.clear()
        self.ended.set()


class Subscriber:
    """Two threads: one keeps the connection and the subscriptions up, one commits and acknowledges. A message whose
    acknowledgement is lost comes again and is counted as a repetition."""

    def __init__(self, broker: BrokerSettings, queues: Queues, keeper: Keeper) -> None:
        self._broker = broker
        self._queues = queues
        self._keeper = keeper
        self._stop = threading.Event()
        self._session: _Session | None = None
        self._deliveries: queue.SimpleQueue[_Delivery | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._supervise, name=f"broker {broker}"),
            threading.Thread(target=self._commit, name=f"inbox of {broker}"),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._session is not None:
            self._session.ended.set()
        self._deliveries.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def subscribed(self, name: str) -> bool:
        """Whether the broker has confirmed the subscription to this queue and is still connected."""
        session = self._session
        return session is not None and not session.ended.is_set() and name in session.subscribed

    # ------------------------------------------------------------------ the connection

    def _supervise(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            if self._attend():
                attempt = 0
            pause = self._broker.pauses[min(attempt, len(self._broker.pauses) - 1)]
            attempt += 1
            self._stop.wait(pause)

    def _attend(self) -> bool:
        """One connection from begin to end; whether it ever stood."""
        connection = self._connection()
        session = _Session(connection, self._queues, f"broker {self._broker}", self._deliveries)
        connection.set_listener("ingest", session)
        try:
            connection.connect(self._broker.login, self._broker.passcode, wait=False)
            if not self._wait_for(session):
                log.warning("Broker %s: %s", self._broker, session.complaint or "no answer to CONNECT")
                return False
            self._subscribe(connection)
            self._session = session
            log.info("Broker %s: connected", self._broker)
            session.ended.wait()
            if not self._stop.is_set():
                log.warning("Broker %s: connection lost: %s", self._broker, session.complaint or "closed by the broker")
        except (StompException, OSError) as error:
            log.warning("Broker %s cannot be reached: %s", self._broker, error or type(error).__name__)
            return False
        finally:
            self._session = None
            self._close(connection)
        return True

    def _connection(self) -> stomp.StompConnection11:
        beat = int(self._broker.heartbeat_seconds * 1000)
        connection = stomp.StompConnection11(
            [(self._broker.host, self._broker.port)],
            prefer_localhost=False,
            try_loopback_connect=False,
            reconnect_attempts_max=1,
            timeout=_ANSWER_SECONDS,
            heartbeats=(beat, beat),
            keepalive=True,
            vhost=None if self._broker.vhost is None else _Vhost(self._broker.vhost),
            auto_decode=False,
        )
        return self._broker.secured(connection)

    def _wait_for(self, session: _Session) -> bool:
        for _ in range(int(_ANSWER_SECONDS * 10)):
            if session.connected.wait(0.1):
                return True
            if session.ended.is_set() or self._stop.is_set():
                return False
        return False

    def _subscribe(self, connection: stomp.StompConnection11) -> None:
        """The receipt of each subscription carries the queue's name, so that we know which ones stand."""
        for name in self._queues.kinds:
            connection.subscribe(
                f"{self._queues.prefix}{name}",
                id=name,
                ack="client-individual",
                headers={
                    "receipt": name,
                    "activemq.prefetchSize": str(self._broker.prefetch),
                    "prefetch-count": str(self._broker.prefetch),
                },
            )

    def _close(self, connection: stomp.StompConnection11) -> None:
        with contextlib.suppress(StompException, OSError):
            if connection.is_connected():
                connection.disconnect()
        connection.transport.disconnect_socket()

    # ------------------------------------------------------------------ the messages

    def _commit(self) -> None:
        while (delivery := self._deliveries.get()) is not None:
            batch = [delivery]
            while len(batch) < self._broker.prefetch and not self._deliveries.empty():
                following = self._deliveries.get()
                if following is None:
                    return
                batch.append(following)
            try:
                self._keeper.keep([item.message for item in batch])
            except Stopped:
                return
            for item in batch:
                with contextlib.suppress(StompException, OSError):
                    item.connection.ack(item.message_id, item.subscription)
