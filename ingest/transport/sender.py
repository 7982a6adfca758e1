"""Sends messages to the first STOMP broker that answers; returns when the broker has them on disk."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Mapping, Sequence

import stomp
from stomp.exception import StompException
from stomp.utils import Frame

from drac_plugins.core.errors import Unavailable
from ingest.transport.subscriber import BrokerSettings

_ANSWER_SECONDS = 10.0


class _Receipts(stomp.ConnectionListener):  # type: ignore[misc]  # stomp.py has no types
    """Which messages the broker has confirmed. Called in the thread of stomp.py."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._confirmed: set[str] = set()
        self._ended: str | None = None

    def wait(self, receipt: str) -> None:
        """Raises Unavailable when the connection ends before, or nothing comes."""
        with self._news:
            self._news.wait_for(lambda: receipt in self._confirmed or self._ended is not None, _ANSWER_SECONDS)
            if receipt not in self._confirmed:
                raise Unavailable(self._ended or "the broker does not confirm a message")
            self._confirmed.discard(receipt)

    def on_receipt(self, frame: Frame) -> None:
        with self._news:
            self._confirmed.add(frame.headers.get("receipt-id", ""))
            self._news.notify_all()

    def on_error(self, frame: Frame) -> None:
        self._end(frame.headers.get("message") or "the broker refuses a message")

    def on_disconnected(self) -> None:
        self._end("the broker has closed the connection")

    def _end(self, text: str) -> None:
        with self._news:
            self._ended = self._ended or text
            self._news.notify_all()


class Sender:
    """Used by one thread. Connects when first needed, and again after a failure."""

    def __init__(self, brokers: Sequence[BrokerSettings]) -> None:
        self._brokers = brokers
        self._connection: stomp.StompConnection11 | None = None
        self._receipts = _Receipts()

    def send(self, destination: str, text: str, headers: Mapping[str, str]) -> None:
        """Raises Unavailable; then the message may or may not have arrived."""
        connection = self._connected()
        receipt = uuid.uuid4().hex
        try:
            connection.send(destination, text, headers={**headers, "persistent": "true", "receipt": receipt})
            self._receipts.wait(receipt)
        except (StompException, OSError) as error:
            self.close()
            raise Unavailable(f"no broker takes messages: {error}") from error
        except Unavailable:
            self.close()
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(StompException, OSError):
                connection.disconnect()

    def _connected(self) -> stomp.StompConnection11:
        if self._connection is None:
            complaints = []
            for broker in self._brokers:
                try:
                    self._connection = self._connect(broker)
                    break
                except (StompException, OSError) as error:
                    complaints.append(f"{broker}: {error or type(error).__name__}")
            else:
                raise Unavailable(f"no broker answers ({'; '.join(complaints)})")
        return self._connection

    def _connect(self, broker: BrokerSettings) -> stomp.StompConnection11:
        """Without content-length ActiveMQ makes text messages, which is what listeners expect."""
        connection = stomp.StompConnection11(
            [(broker.host, broker.port)],
            reconnect_attempts_max=1,
            timeout=_ANSWER_SECONDS,
            vhost=broker.vhost,
            auto_content_length=False,
        )
        receipts = _Receipts()
        connection.set_listener("", receipts)
        broker.secured(connection)
        connection.connect(broker.login, broker.passcode, wait=True)
        self._receipts = receipts
        return connection
