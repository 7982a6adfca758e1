"""One catalogue with the seed of `seed.py` for all tests here; tests that write make sessions of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from drac_plugins.app import create_app
from drac_plugins.core.reads.view import View
from drac_plugins.core.services import Services
from drac_plugins.core.settings import Settings
from icat_schema.gateway import Catalogue, GatewaySettings, Session
from tests.catalogue.seed import Facility, Seeder, seed
from tests.support.catalogue import RunningCatalogue, start_catalogue

API_KEY = "elogbook-00000000-0000-0000-0000-000000000000"
ZONE = ZoneInfo("Europe/Paris")


@pytest.fixture(scope="session")
def icat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    server = start_catalogue(tmp_path_factory.mktemp("icat"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def gateway(icat: RunningCatalogue) -> Iterator[Catalogue]:
    catalogue = Catalogue(GatewaySettings(icat.url))
    yield catalogue
    catalogue.close()


@pytest.fixture(scope="session")
def root(gateway: Catalogue) -> Session:
    return gateway.login("simple", {"username": "root", "password": "root"})


@pytest.fixture(scope="session")
def facility(root: Session) -> Facility:
    return seed(root)


@pytest.fixture(scope="session")
def seeder(root: Session, facility: Facility) -> Seeder:
    """For tests that need more than the seed; they delete what they made."""
    return Seeder(root)


@pytest.fixture(scope="session")
def sessions(gateway: Catalogue, facility: Facility) -> Callable[[str], Session]:
    """Sessions by login, logged in once."""
    known: dict[str, Session] = {}

    def session(login: str) -> Session:
        if login not in known:
            known[login] = gateway.login("simple", {"username": login, "password": login})
        return known[login]

    return session


@pytest.fixture(scope="session")
def views(sessions: Callable[[str], Session]) -> Callable[[str], View]:
    return lambda login: View(sessions(login), ZONE)


def settings_for(icat: RunningCatalogue, folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "var": str(folder),
            "icat": {"url": icat.url},
            "auth": {"default_plugin": "simple", "api_keys": {"beamline": API_KEY}},
            "store": {"url": f"sqlite:///{folder / 'drac.sqlite'}"},
            "plugins": {"enabled": ["session", "catalogue", "dataacquisition"]},
        }
    )


@pytest.fixture(scope="session")
def app(icat: RunningCatalogue, facility: Facility, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return create_app(settings_for(icat, tmp_path_factory.mktemp("facade")))


@pytest.fixture
def services(app: Flask) -> Services:
    found: Services = app.extensions["drac"]
    return found


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def get(http: FlaskClient, sessions: Callable[[str], Session]) -> Callable[..., Any]:
    """`get("ada", "/catalogue/{s}/samples", investigationId=12)` -> the answer; the login's session stands for `{s}`
    and is the bearer token; None is nobody."""

    def ask(login: str | None, path: str, /, **query: object) -> Any:
        session_id = sessions(login).id if login else ""
        headers = {"Authorization": f"Bearer {session_id}"} if login else {}
        return http.get(path.replace("{s}", session_id), query_string=query, headers=headers)

    return ask


@pytest.fixture(scope="session")
def facade(app: Flask) -> Iterator[str]:
    """Address of the facade on a real socket, for unmodified clients."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
