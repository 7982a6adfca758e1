"""An installation of three processes that can be killed one by one, on ports that stay theirs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import requests
from werkzeug.security import generate_password_hash

from drac_plugins.demo import facility
from drac_plugins.demo.configuration import Places, write_settings
from drac_plugins.demo.processes import listens
from icat_schema.gateway import Catalogue, GatewaySettings, Session
from tests.journeys.messages import Door
from tests.support.ports import free_port

Name = Literal["catalogue", "ingester", "facade"]
NAMES: tuple[Name, ...] = ("catalogue", "ingester", "facade")
_QUICK = {"DRAC_INGEST__SUMS_PAUSE_SECONDS": "0.3"}
"""So that a test need not wait for the sums of a session."""


@dataclass
class Installation:
    """`start` returns when the process answers; `kill` is SIGKILL to the process and its children."""

    places: Places
    _running: dict[Name, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: Name, *, wait: bool = True) -> None:
        log = self.places.state / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", *self._command(name)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_QUICK, "DRAC_CONFIG": str(self.places.settings_file)},
                start_new_session=True,
            )
        end = time.monotonic() + 60
        while wait and not self.answers(name):
            assert self._running[name].poll() is None, f"{name} ended:\n{log.read_text()[-2000:]}"
            assert time.monotonic() < end, f"{name} does not answer:\n{log.read_text()[-2000:]}"
            time.sleep(0.05)

    def kill(self, name: Name) -> None:
        process = self._running.pop(name)
        assert process.poll() is None, f"{name} had ended by itself with {process.returncode}"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def start_missing(self) -> None:
        for name in NAMES:
            if name not in self._running:
                self.start(name)

    def stop(self) -> None:
        for name in reversed(NAMES):
            process = self._running.pop(name, None)
            if process is not None and process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(15)
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def answers(self, name: Name) -> bool:
        if name == "ingester":
            return listens(self.places.stomp_port)
        address = self.places.url + "/health" if name == "facade" else self.places.catalogue_url + "/icat/version"
        try:
            return requests.get(address, timeout=5).ok
        except requests.RequestException:
            return False

    @property
    def broker(self) -> str:
        return f"127.0.0.1:{self.places.stomp_port}"

    @property
    def door(self) -> Door:
        return Door.of(self.broker, self.places.settings_file)

    @contextmanager
    def root(self) -> Iterator[Session]:
        catalogue = Catalogue(GatewaySettings(url=self.places.catalogue_url))
        try:
            yield catalogue.login("simple", {"username": "root", "password": "root"})
        finally:
            catalogue.close()

    def _command(self, name: Name) -> Sequence[str]:
        if name == "ingester":
            return ["ingest.main"]
        if name == "facade":
            return ["drac_plugins.cli", "serve"]
        users = str(self.places.state / "catalogue-users")
        where = ["--database", self.places.catalogue_database, "--users", users, "--zone", "Europe/Paris"]
        return ["icat_schema.server", "serve", *where, "--port", str(self.places.catalogue_port)]


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Everything set up and running, with the demonstration's facility and no data."""
    ports = [free_port() for _ in range(4)]
    places = Places(folder / "data", folder / "data" / "var", *ports)
    write_settings(places)
    names = [user["name"] for user in facility.document()["users"]]
    lines = (f"{name}:{generate_password_hash(name, 'scrypt:1024:8:1')}\n" for name in names)
    (places.state / "catalogue-users").write_text("".join(lines), encoding="utf-8")
    (places.state / "catalogue-users").chmod(0o600)
    installation = Installation(places)
    try:
        installation.start("catalogue")
        with installation.root() as root:
            facility.set_up(root)
        prepare = [sys.executable, "-m", "drac_plugins.cli", "--config", str(places.settings_file), "ingest", "prepare"]
        subprocess.run(prepare, check=True, capture_output=True)
        installation.start("ingester")
        installation.start("facade")
        yield installation
    finally:
        installation.stop()
