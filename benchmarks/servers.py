"""A catalogue, an ingester and a facade of their own, in a temporary folder, for one benchmark."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from werkzeug.security import generate_password_hash

from drac_plugins.demo import facility
from drac_plugins.demo.commands import start_catalogue
from drac_plugins.demo.configuration import Places, write_settings
from drac_plugins.demo.processes import Processes, answers, choose_ports, listens
from icat_schema.gateway import Catalogue, GatewaySettings, Session

MAX_ENTITIES = 1_000_000
"""So high that the naive client can read everything in one search, as its author would hope."""


@dataclass(frozen=True)
class Servers:
    places: Places
    processes: Processes
    catalogue: Catalogue
    root: Session

    def prepare(self) -> None:
        """Parameter types and dataset types, as an installation has them."""
        command = [
            sys.executable,
            "-m",
            "drac_plugins.cli",
            "--config",
            str(self.places.settings_file),
            "ingest",
            "prepare",
        ]
        subprocess.run(command, check=True, capture_output=True)

    def start_ingester(self) -> None:
        port = self.places.stomp_port
        self.processes.start("ingester", ["drac_plugins.cli", "ingest", "run"], lambda: listens(port))

    def start_facade(self) -> None:
        self.processes.start("facade", ["drac_plugins.cli", "serve"], lambda: answers(f"{self.places.url}/health"))


@contextmanager
def servers() -> Iterator[Servers]:
    """The embedded catalogue with the demonstration's facility; ingester and facade are started on demand."""
    with tempfile.TemporaryDirectory(prefix="drac-bench-") as folder:
        data = Path(folder) / "data"
        ports = choose_ports({"facade": 0, "catalogue": 0, "stomp": 0, "monitor": 0})
        places = Places(data, data / "var", *ports.values())
        write_settings(places)
        with Processes(places.state / "logs", {"DRAC_CONFIG": str(places.settings_file)}) as processes:
            start_catalogue(places, processes, "--max-entities", str(MAX_ENTITIES), "--quiet")
            catalogue = Catalogue(GatewaySettings(url=places.catalogue_url))
            root = catalogue.login("simple", {"username": "root", "password": "root"})
            facility.set_up(root)
            yield Servers(places, processes, catalogue, root)
            root.logout()
            catalogue.close()


@contextmanager
def catalogue_on(database: str, max_entities: int = MAX_ENTITIES) -> Iterator[str]:
    """The embedded catalogue alone, on a database of its own that may hold something; its address. The accounts are the
    demonstration's, and so is the facility with its rules."""
    with tempfile.TemporaryDirectory(prefix="drac-bench-") as folder:
        state = Path(folder)
        names = [user["name"] for user in facility.document()["users"]]
        users = state / "users"
        users.write_text("".join(f"{name}:{generate_password_hash(name)}\n" for name in names), encoding="utf-8")
        url = f"http://127.0.0.1:{choose_ports({'catalogue': 0})['catalogue']}"
        serve = ["icat_schema.server", "serve", "--database", database, "--users", str(users), "--quiet"]
        serve += ["--port", url.rpartition(":")[2], "--max-entities", str(max_entities)]
        with Processes(state / "logs", {}) as processes:
            processes.start("catalogue", serve, lambda: answers(f"{url}/icat/version"))
            catalogue = Catalogue(GatewaySettings(url=url))
            root = catalogue.login("simple", {"username": "root", "password": "root"})
            facility.set_up(root)
            root.logout()
            catalogue.close()
            yield url
