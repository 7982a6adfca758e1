"""One facade with every plugin, and a neighbour that fails on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.catalogue import RunningCatalogue, catalogue
from tests.support.facade import RunningFacade, running_facade

__all__ = ["catalogue"]


@dataclass
class Neighbour:
    """An HTTP service that answers what it is told to, and remembers what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"[]"
    seconds: float = 0.0
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def answer(self, value: Any, status: int = 200) -> None:
        self.status, self.body = status, json.dumps(value).encode()
        self.seconds = 0.0


@pytest.fixture(scope="session")
def neighbour() -> Iterator[Neighbour]:
    told = Neighbour()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(parse_qs(urlsplit(self.path).query))
            told.headers.append(dict(self.headers))
            if told.seconds:
                told.released.wait(told.seconds)
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/questionnaires"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    told.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def facade(
    catalogue: RunningCatalogue, neighbour: Neighbour, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningFacade]:
    settings = {
        "plugin": {
            "dmp": {"url": neighbour.url, "token": "for the neighbour", "timeout_seconds": 0.5},
            "cod": {"url": "http://cod.example.org/search?copy=1"},
        }
    }
    with running_facade(catalogue, tmp_path_factory.mktemp("facade"), settings=settings) as running:
        yield running
