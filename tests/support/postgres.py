"""A PostgreSQL server of Debian's, started for the tests that need one and stopped after them.

Import the fixture in a conftest.py: `from tests.support.postgres import postgres`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

ACCOUNT = "postgres"  # initdb refuses to run as root


@dataclass(frozen=True)
class RunningPostgres:
    """A started server; every test takes a database of its own."""

    port: int

    def new_database(self) -> str:
        """SQLAlchemy address of a new, empty database."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._address(name)

    def _address(self, database: str) -> str:
        return f"postgresql://{ACCOUNT}@127.0.0.1:{self.port}/{database}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    """Skips where PostgreSQL is not installed."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not binaries:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="drac-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, ACCOUNT)
    try:
        yield from _running(binaries[-1].parent, folder)
    finally:
        shutil.rmtree(folder)


def _running(binaries: Path, folder: Path) -> Iterator[RunningPostgres]:
    data = folder / "data"
    port = _free_port()
    _call([str(binaries / "initdb"), "-D", str(data), "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--no-sync"])
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    log = folder / "log"
    _call([str(binaries / "pg_ctl"), "-D", str(data), "-l", str(log), "-w", "-t", "60", "-o", options, "start"])
    try:
        yield RunningPostgres(port)
    finally:
        _call([str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _call(command: Sequence[str]) -> None:
    as_account = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*as_account, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", timeout=120
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
