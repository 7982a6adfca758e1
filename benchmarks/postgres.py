"""A PostgreSQL server of Debian's for a benchmark: durable as in production, settings as they come."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

ACCOUNT = "postgres"  # initdb refuses to run as root


class Missing(Exception):
    """PostgreSQL is not installed, or does not start."""


@contextmanager
def postgres(kept: Path | None = None) -> Iterator[str]:
    """Start a server and give its address without a database (`postgresql://…:port`). Its data is in the folder `kept`,
    which is made if need be and stays, or in a temporary one."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not binaries:
        raise Missing("PostgreSQL is not installed: apt install postgresql, or name a server by --postgres")
    folder = kept or Path(tempfile.mkdtemp(prefix="drac-bench-postgres-"))
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, ACCOUNT)
    try:
        with _running(binaries[-1].parent, folder) as port:
            yield f"postgresql://{ACCOUNT}@127.0.0.1:{port}"
    finally:
        if kept is None:
            shutil.rmtree(folder)


@contextmanager
def _running(binaries: Path, folder: Path) -> Iterator[int]:
    data = folder / "data"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    if not data.exists():
        _call([str(binaries / "initdb"), "-D", str(data), "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--locale=C"])
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    start = ["-l", str(folder / "log"), "-w", "-t", "60", "-o", options, "start"]
    _call([str(binaries / "pg_ctl"), "-D", str(data), *start])
    try:
        yield port
    finally:
        _call([str(binaries / "pg_ctl"), "-D", str(data), "-m", "fast", "-w", "stop"])


def make_database(server: str, name: str) -> bool:
    """Whether the database had to be made."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return False
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return True


def _call(command: Sequence[str]) -> None:
    as_account = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*as_account, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/", timeout=120
    )
    if done.returncode:
        raise Missing(f"{' '.join(command)}: {done.stderr}")
