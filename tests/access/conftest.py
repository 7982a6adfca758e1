"""One facade with every plugin over a catalogue with a data service, seeded once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from icat_schema.gateway import New
from tests.access.callers import Caller, callers
from tests.access.places import VISITOR, seed
from tests.access.world import World
from tests.support.catalogue import USERS, RunningCatalogue, start_catalogue
from tests.support.facade import RunningFacade, running_facade
from tests.support.openid import CLIENT, OpenIdProvider, openid_provider


@pytest.fixture(scope="session")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `/data/visitor` means."""
    return tmp_path_factory.mktemp("visitor")


@pytest.fixture(scope="session")
def provider() -> Iterator[OpenIdProvider]:
    """The facility's OpenID provider. Its users are those of `simple`."""
    with openid_provider() as running:
        yield running


@pytest.fixture(scope="session")
def catalogue(
    visitor: Path, provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningCatalogue]:
    files = ("--data", f"{VISITOR}={visitor}", "--archive", str(tmp_path_factory.mktemp("archive")))
    options = (*files, *provider.options, "--proxies", "1")
    server = start_catalogue(
        tmp_path_factory.mktemp("catalogue"), *options, users=(*USERS, "contact", "other", "guest")
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def questionnaires() -> Iterator[str]:
    """Address of a service that has one questionnaire for every investigation."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps([{"uuid": "a questionnaire"}]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/questionnaires"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def facade(
    catalogue: RunningCatalogue,
    provider: OpenIdProvider,
    questionnaires: str,
    visitor: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningFacade]:
    openid = {"issuer": provider.url, "client_id": CLIENT, "plugin": "esrf"}
    settings = {
        "auth": {"openid": openid},
        "web": {"trusted_proxies": ["127.0.0.1"]},
        "plugin": {"dmp": {"url": questionnaires}, "cod": {"url": "http://cod.example.org/search"}},
        "ingest": {"path_map": {VISITOR: visitor}},
    }
    with running_facade(catalogue, tmp_path_factory.mktemp("facade"), settings=settings) as running:
        people = [("contact", "Lou LOCAL"), ("other", "Oz OTHER"), ("guest", "Gil GUEST")]
        running.root.write([New("User", {"name": f"simple/{login}", "fullName": name}) for login, name in people])
        yield running


@pytest.fixture(scope="session")
def world(facade: RunningFacade, visitor: Path) -> World:
    return World(facade, seed(facade, visitor))


@pytest.fixture(scope="session")
def everybody(facade: RunningFacade) -> list[Caller]:
    """One caller per column of the table."""
    return callers(facade)
