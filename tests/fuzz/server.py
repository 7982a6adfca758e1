"""The server under attack: its connection, its memory, its log."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.fuzz.requests import FORM, Request
from tests.support.catalogue import RunningCatalogue

SECONDS = 5.0
"""After which a call counts as hanging."""
UNFORESEEN = re.compile(
    r"unexpected failure|database trouble|Traceback \(most recent call last\)|Exception while serving"
)


@dataclass(frozen=True)
class Reply:
    """`status` 0: the connection was closed without an answer."""

    status: int
    content_type: str
    body: bytes
    seconds: float


class Hanging(Exception):
    """No complete answer in time."""


class Target:
    """One server, one connection that is opened again when the server closes it."""

    def __init__(self, catalogue: RunningCatalogue, patience: float = SECONDS) -> None:
        self._catalogue = catalogue
        self._patience = patience
        self._address = urlsplit(catalogue.url)
        self._socket: socket.socket | None = None

    def send(self, request: Request, session: str) -> Reply:
        raw, started = request.raw(session), time.monotonic()
        try:
            return self._exchange(raw, request.method, started)
        except TimeoutError:
            self.close()
            raise Hanging from None
        except (http.client.HTTPException, ConnectionError):
            self.close()
            return Reply(0, "", b"", time.monotonic() - started)

    def _exchange(self, raw: bytes, method: str, started: float) -> Reply:
        if self._socket is None:
            host, port = self._address.hostname, self._address.port
            self._socket = socket.create_connection((host, port), timeout=self._patience)
        self._socket.sendall(raw)
        with http.client.HTTPResponse(self._socket, method=method) as reply:
            reply.begin()
            body = reply.read()
            closing, status, kind = reply.will_close, reply.status, reply.headers.get("Content-Type", "")
        if closing:
            self.close()
        return Reply(status, kind, body, time.monotonic() - started)

    def login(self, plugin: str, user: str, password: str) -> str:
        credentials = [{"username": user}, {"password": password}]
        form = urlencode({"json": json.dumps({"plugin": plugin, "credentials": credentials})})
        reply = self.send(Request("POST", "/icat/session", {"Content-Type": FORM}, form.encode()), "")
        session: str = json.loads(reply.body)["sessionId"]
        return session

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def is_alive(self) -> bool:
        return self._catalogue.process.poll() is None

    def megabytes(self) -> float:
        """Resident memory of the server."""
        status = Path(f"/proc/{self._catalogue.process.pid}/status").read_text(encoding="ascii", errors="replace")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0

    def unforeseen(self) -> list[str]:
        """Lines of the log that tell of failures which nobody foresaw."""
        lines = self._catalogue.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if UNFORESEEN.search(line)]
