"""A PostgreSQL server of Debian's, started for the tests that need one and stopped after them.

Import the fixture in a conftest.py: `from tests.support.postgres import postgres`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.ports import free_port

ACCOUNT = "postgres"  # initdb refuses to run as root


@dataclass(frozen=True)
class RunningPostgres:
    """A started server; every test takes a database of its own."""

    port: int
    folder: Path
    binaries: Path

    def new_database(self) -> str:
        """SQLAlchemy address of a new, empty database."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._address(name)

    def start(self) -> None:
        """Start the server and wait until it answers; its data are in the folder."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.folder}"
        log = self.folder / "log"
        self._control("start", "-l", str(log), "-t", "60", "-o", f"{options} -c fsync=off -c max_connections=60")

    def stop(self, mode: str = "immediate") -> None:
        """End the server: `fast` closes all connections, `immediate` is as if it had crashed."""
        self._control("stop", "-m", mode)

    def execute(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement in the database with this SQLAlchemy address, as its administrator."""
        with psycopg.connect(database, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _control(self, *arguments: str) -> None:
        _call([str(self.binaries / "pg_ctl"), "-D", str(self.folder / "data"), "-w", *arguments])

    def _address(self, database: str) -> str:
        return f"postgresql://{ACCOUNT}@127.0.0.1:{self.port}/{database}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    """Skips where PostgreSQL is not installed."""
    if not installed():
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    with running_postgres() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[RunningPostgres]:
    """A server that the test may stop and start."""
    if not installed():
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    with running_postgres() as server:
        yield server


def installed() -> Path | None:
    """The folder of the newest PostgreSQL's programs; None without one."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    return binaries[-1].parent if binaries else None


@contextmanager
def running_postgres() -> Iterator[RunningPostgres]:
    """A server in a temporary folder, for programs that are no tests. Raises RuntimeError where it is not installed."""
    binaries = installed()
    if binaries is None:
        raise RuntimeError("PostgreSQL is not installed (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="drac-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, ACCOUNT)
    data = str(folder / "data")
    server = RunningPostgres(free_port(), folder, binaries)
    try:
        _call([str(binaries / "initdb"), "-D", data, "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--no-sync"])
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _call(command: Sequence[str]) -> None:
    as_account = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*as_account, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", timeout=120
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
