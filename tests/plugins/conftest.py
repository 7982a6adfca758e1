"""One facade with every plugin, and a neighbour that fails on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from icat_schema.gateway import New, Ref, Select
from icat_schema.gateway.conditions import Eq
from tests.support.catalogue import RunningCatalogue, start_catalogue
from tests.support.facade import RunningFacade, running_facade

VISITOR = "/data/visitor"
CONTENT = {"apple.h5": b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 8, "sub/frame.cbf": b"frame"}


@pytest.fixture(scope="session")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `/data/visitor` means."""
    return tmp_path_factory.mktemp("visitor")


@pytest.fixture(scope="session")
def catalogue(visitor: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    """With a data service of two levels."""
    archive = tmp_path_factory.mktemp("archive")
    server = start_catalogue(
        tmp_path_factory.mktemp("catalogue"), "--data", f"{VISITOR}={visitor}", "--archive", str(archive)
    )
    yield server
    server.stop()


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
    catalogue: RunningCatalogue, neighbour: Neighbour, visitor: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningFacade]:
    settings = {
        "ingest": {"data_roots": ["/data"], "path_map": {VISITOR: visitor}},
        "plugin": {
            "dmp": {"url": neighbour.url, "token": "for the neighbour", "timeout_seconds": 0.5},
            "cod": {"url": "http://cod.example.org/search?copy=1"},
        },
    }
    with running_facade(catalogue, tmp_path_factory.mktemp("facade"), settings=settings) as running:
        yield running


@dataclass(frozen=True)
class Measured:
    """Datasets of ada's session at ID30A-1 with files on disk: `first` has those of `CONTENT`, `second` has one."""

    investigation: int
    sample: int
    first: int
    second: int
    location: str
    files: dict[str, int]


@pytest.fixture(scope="session")
def measured(facade: RunningFacade, visitor: Path) -> Measured:
    root = facade.root
    mx = Eq("investigationInstruments.instrument.name", "ID30A-1")
    ada = Eq("investigationUsers.user.name", "simple/ada")
    rows = [set(root.rows(Select("Investigation", ["id", "facility.id"], one))) for one in (mx, ada)]
    investigation, facility = min(rows[0] & rows[1])
    (kind,) = root.write([New("DatasetType", {"name": "files", "facility": Ref(facility)})])
    (sample,) = root.write([New("Sample", {"name": "apple", "investigation": Ref(investigation)})])
    made = []
    for name, content in (("first", CONTENT), ("second", {"one.txt": b"one"})):
        location = f"{VISITOR}/mx/{name}"
        for path, text in content.items():
            file = visitor / "mx" / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
        datafiles = [
            New("Datafile", {"name": path, "location": f"{location}/{path}", "fileSize": len(text)})
            for path, text in content.items()
        ]
        fields = {"name": name, "location": location, "investigation": Ref(investigation), "type": Ref(kind)}
        made += root.write([New("Dataset", {**fields, "sample": Ref(sample), "datafiles": datafiles})])
    files = dict(root.rows(Select("Datafile", ["name", "id"], Eq("dataset.id", made[0]))))
    return Measured(investigation, sample, made[0], made[1], f"{VISITOR}/mx/first", files)
