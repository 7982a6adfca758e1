"""One facade over a catalogue with a data service, filled like that of the table of who sees what."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from drac_plugins.app import create_app
from icat_schema.gateway import New
from tests.access.conftest import catalogue, provider, questionnaires, visitor
from tests.access.places import VISITOR, seed
from tests.access.world import World
from tests.support.catalogue import RunningCatalogue
from tests.support.facade import facade_settings, running_facade

__all__ = ["catalogue", "provider", "questionnaires", "visitor"]


@pytest.fixture(scope="session")
def world(
    catalogue: RunningCatalogue, questionnaires: str, visitor: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    settings = {
        "plugin": {"dmp": {"url": questionnaires}, "cod": {"url": questionnaires}},
        "ingest": {"path_map": {VISITOR: visitor}},
    }
    with running_facade(catalogue, tmp_path_factory.mktemp("facade"), settings=settings) as running:
        running.root.write([New("User", {"name": f"simple/{name}"}) for name in ("contact", "other", "guest")])
        yield World(running, seed(running, visitor))


@pytest.fixture(scope="session")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a facade whose catalogue does not answer."""
    app = create_app(facade_settings("http://127.0.0.1:9", tmp_path_factory.mktemp("lonely")))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
