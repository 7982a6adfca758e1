"""A real embedded catalogue in a process of its own, for every test that needs one.

Import the fixtures in a conftest.py: `from tests.support.catalogue import catalogue, fresh_catalogue`.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import icat
import pytest
from werkzeug.security import generate_password_hash

ROOT = "root"
USERS = (ROOT, "ada", "bo", "cy", "dee", "ed", "useroffice", "ingester", "acquisition", "reader")
"""Accounts of the mechanism `simple`; every password is the name. Only `simple/root` is a root user."""

READY_SECONDS = 60


@dataclass
class RunningCatalogue:
    """A started server. `url` is its base address; `log_file` holds what it wrote to stderr."""

    url: str
    process: subprocess.Popen[str]
    database: str
    log_file: Path
    users: Sequence[str] = USERS

    @property
    def soap_url(self) -> str:
        return f"{self.url}/ICATService/ICAT?wsdl"

    @property
    def rest_url(self) -> str:
        return f"{self.url}/icat"

    def client(self, user: str = ROOT, mechanism: str = "simple", password: str | None = None) -> Any:
        """A python-icat client that is logged in."""
        client = icat.Client(self.url)
        client.login(mechanism, {"username": user, "password": password or user})
        client.autoLogout = False  # its session ends with the database
        return client

    def stop(self) -> None:
        """End the process gently; does nothing for one that has ended already."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_catalogue(
    folder: Path,
    *options: str,
    database: str | None = None,
    users: Sequence[str] = USERS,
    password: str | None = None,
) -> Any:
    """Start a server with its data in the folder and wait until it answers. `options` go to `serve`.

    Accounts named `db/…` are created in the database, all others belong to `simple`. All have the same password if
    there is one, otherwise each its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    url = database or f"sqlite:///{folder / 'catalogue.db'}"
    users_file = folder / "users"
    _prepare(url, users_file, users, password)
    log_file = folder / "server.log"
    with log_file.open("a") as log:
        process = subprocess.Popen(
            [*_command("serve", url, users_file), "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    address = _address(process, log_file)
    return RunningCatalogue(address, process, url, log_file, users)


def _prepare(url: str, users_file: Path, users: Sequence[str], password: str | None) -> None:
    """Accounts with cheap hashes: tests log in hundreds of times."""
    simple = [name.removeprefix("simple/") for name in users if not name.startswith("db/")]
    lines = (f"{name}:{generate_password_hash(password or name, 'pbkdf2:sha256:1000')}\n" for name in simple)
    users_file.write_text("".join(lines))
    in_database = [name for name in users if name.startswith("db/")]
    if password and in_database:
        add_accounts(url, in_database, password)
    for name in [] if password else in_database:
        add_accounts(url, [name], name.removeprefix("db/"))


def add_accounts(url: str, names: Sequence[str], password: str) -> None:
    add = [sys.executable, "-m", "icat_schema.server", "user", "add", *names, "--password", password]
    subprocess.run([*add, "--database", url], check=True, capture_output=True)


def _command(name: str, url: str, users_file: Path) -> list[str]:
    return [sys.executable, "-m", "icat_schema.server", name, "--database", url, "--users", str(users_file)]


def _address(process: subprocess.Popen[str], log_file: Path) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.match(r"listening on (http://\S+)", line)
    if found is None:
        process.kill()
        process.wait()
        raise RuntimeError(f"the catalogue did not start:\n{log_file.read_text()[-4000:]}")
    return found[1]


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    """One server for the whole run of a process: tests make objects of their own and do not count on emptiness."""
    server = start_catalogue(tmp_path_factory.mktemp("catalogue"))
    yield server
    server.stop()


@pytest.fixture
def fresh_catalogue(tmp_path: Path) -> Iterator[RunningCatalogue]:
    """An empty server for one test."""
    server = start_catalogue(tmp_path / "catalogue")
    yield server
    server.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RunningCatalogue]]:
    """Start servers with options of one's own; all are stopped at the end."""
    started: list[RunningCatalogue] = []

    def run(*options: str, folder: str = "catalogue", **more: Any) -> RunningCatalogue:
        server: RunningCatalogue = start_catalogue(tmp_path / folder, *options, **more)
        started.append(server)
        return server

    yield run
    for server in started:
        if server.process.poll() is None:
            server.stop()
