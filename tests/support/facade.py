"""The facade on a free port in front of a real embedded catalogue, for every test that talks to it.

Import the fixtures in a conftest.py: `from tests.support.catalogue import catalogue` and
`from tests.support.facade import facade`. The catalogue is set up like that of the demonstration: users ada (principal
investigator), bo (team), cy (instrument scientist of ID30A-1), dee (stranger) with their names as passwords, groups,
rules, instruments and investigations.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import icat_plus_client
import pytest
import requests
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from drac_plugins.app import create_app
from drac_plugins.core.plugins import GROUP, Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.settings import Settings
from drac_plugins.demo import facility
from icat_schema.gateway import Session
from tests.support.catalogue import RunningCatalogue

API_KEY = "elogbook-00000000-0000-0000-0000-000000000000"


@dataclass
class RunningFacade:
    """A started facade. `root` is a gateway session of a root user, to make what a test needs."""

    url: str
    app: Flask
    catalogue: RunningCatalogue
    root: Session
    api_key: str = API_KEY
    _sessions: dict[str, str] = field(default_factory=dict)

    @property
    def services(self) -> Services:
        found: Services = self.app.extensions["drac"]
        return found

    def log_in(self, user: str) -> str:
        """Session id of this user (password = name), got over the wire; the same one for the whole run."""
        if user not in self._sessions:
            credentials = {"plugin": "simple", "username": user, "password": user}
            reply = requests.post(f"{self.url}/session", json=credentials, timeout=30)
            reply.raise_for_status()
            self._sessions[user] = reply.json()["sessionId"]
        return self._sessions[user]

    def request(self, method: str, path: str, user: str | None = None, **options: Any) -> requests.Response:
        """One request; `user` is sent as bearer token."""
        headers: dict[str, str] = dict(options.pop("headers", {}))
        if user is not None:
            headers["Authorization"] = f"Bearer {self.log_in(user)}"
        return requests.request(method, self.url + path, headers=headers, timeout=30, **options)

    def get(self, path: str, user: str | None = None, **query: Any) -> requests.Response:
        return self.request("GET", path, user, params=query)

    def client(self, user: str | None = None) -> icat_plus_client.ApiClient:
        """The unmodified generated client; with a user as bearer."""
        token = self.log_in(user) if user is not None else None
        return icat_plus_client.ApiClient(icat_plus_client.Configuration(host=self.url, access_token=token))


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """The app logs by itself."""


@contextmanager
def running_facade(
    catalogue: RunningCatalogue,
    folder: Path,
    plugins: tuple[Plugin, ...] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Iterator[RunningFacade]:
    """Serve until the end of the block. `settings` are sections to change; `plugins` replaces the installed ones."""
    app = create_app(facade_settings(catalogue.url, folder, settings), plugins)
    root = app.extensions["drac"].catalogue.login("simple", {"username": "root", "password": "root"})
    facility.set_up(root)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield RunningFacade(f"http://127.0.0.1:{server.server_port}", app, catalogue, root)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["drac"].store.close()
        app.extensions["drac"].catalogue.close()


def facade_settings(catalogue_url: str, folder: Path, changes: Mapping[str, Any] | None = None) -> Settings:
    """Settings of a facade for tests: everything below the folder, all installed plugins, log-in by `simple`."""
    document: dict[str, Any] = {
        "var": folder,
        "facility": {"data_root": folder / "data"},
        "icat": {"url": catalogue_url},
        "auth": {"default_plugin": "simple", "api_keys": {"control system": API_KEY}},
        "store": {"url": f"sqlite:///{folder / 'drac.sqlite'}"},
        "plugins": {"enabled": [p.name for p in entry_points(group=GROUP) if p.value.startswith("drac_plugins.")]},
    }
    for section, values in (changes or {}).items():
        known = document.get(section)
        document[section] = {**known, **values} if isinstance(known, dict) else values
    return Settings.model_validate(document)


@pytest.fixture(scope="session")
def facade(catalogue: RunningCatalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFacade]:
    """One facade with all installed plugins for all tests of a directory."""
    with running_facade(catalogue, tmp_path_factory.mktemp("facade")) as running:
        yield running
