"""The health monitor that producers ask: an answer in the form of ActiveMQ's Jolokia, for nothing but consumer counts;
and the figures of the ingester for Prometheus at `/metrics`.

`GET /api/jolokia/read/<bean>/ConsumerCount`, the bean of queue Q being
`org.apache.activemq:type=Broker,brokerName=metadata,destinationType=Queue,destinationName=Q`.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.server import create_server

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.quarantine.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

ConsumerCount = Callable[[str], int | None]
"""Consumers of a queue at this moment; None for a queue that does not exist."""

_PATH = re.compile(r"/api/jolokia/read/(?P<domain>[^:/]+):(?P<keys>[^/]+)/ConsumerCount/?")
_BEAN = {"type": "Broker", "brokerName": "metadata", "destinationType": "Queue"}


class Monitor:
    """Serves in threads of its own. `start` binds (raises OSError when it cannot) and returns the address."""

    def __init__(
        self, address: tuple[str, int], consumers: ConsumerCount, metrics: Callable[[], bytes] | None = None
    ) -> None:
        self._address = address
        self._consumers = consumers
        self._metrics = metrics
        self._server: Any = None
        self._sockets: dict[int, Any] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> tuple[str, int]:
        host, port = self._address
        self._server = create_server(
            self._answer,
            map=self._sockets,
            host=host,
            port=port,
            threads=2,
            ident="drac-ingest",
            channel_timeout=30,
            connection_limit=50,
        )
        self._thread = threading.Thread(target=self._run, name="monitor")
        self._thread.start()
        return str(self._server.effective_host), int(self._server.effective_port)

    def _run(self) -> None:
        self._server.run()

    def stop(self) -> None:
        """The loop of waitress ends when its sockets are gone; they are closed from inside it. It has to wait until we
        let go of its lock: one that was awake anyhow would close the trigger under our hands."""
        if self._thread is None:
            return
        trigger = next(item for item in self._sockets.values() if hasattr(item, "pull_trigger"))
        with trigger.lock:
            trigger.thunks.append(lambda: wasyncore.close_all(self._sockets))
            trigger._physical_pull()
        self._thread.join()
        self._server.task_dispatcher.shutdown()

    def _answer(self, request: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if request["REQUEST_METHOD"] != "GET":
            return _send(start, "405 Method Not Allowed", {"error": "Only GET is answered", "status": 405})
        path = request["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        if path == "/metrics" and self._metrics is not None:
            return _figures(start, self._metrics)
        found = _PATH.fullmatch(path)
        if found is None:
            return _send(start, "404 Not Found", {"error": "Only the ConsumerCount of queues is told", "status": 404})
        keys = dict(pair.partition("=")[::2] for pair in found["keys"].split(","))
        queue = keys.pop("destinationName", "")
        consumers = self._consumers(queue) if keys == _BEAN and found["domain"] == "org.apache.activemq" else None
        return _send(start, "200 OK", _read(queue, found["domain"], keys, consumers))


def _figures(start: StartResponse, metrics: Callable[[], bytes]) -> Iterable[bytes]:
    try:
        body = metrics()
    except Unavailable as error:
        return _send(start, "503 Service Unavailable", {"error": error.message, "status": 503})
    start("200 OK", [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))])
    return [body]


def _read(queue: str, domain: str, keys: dict[str, str], consumers: int | None) -> dict[str, Any]:
    """Jolokia tells an unknown bean with status 404 inside an HTTP 200."""
    bean = f"{domain}:" + ",".join(
        f"{key}={value}" for key, value in sorted({**keys, "destinationName": queue}.items())
    )
    answer: dict[str, Any] = {"request": {"mbean": bean, "attribute": "ConsumerCount", "type": "read"}}
    if consumers is None:
        kind = "javax.management.InstanceNotFoundException"
        return {**answer, "error_type": kind, "error": f"{kind} : {bean}", "status": 404}
    return {**answer, "value": consumers, "timestamp": int(time.time()), "status": 200}


def _send(start: StartResponse, status: str, document: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(document).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
