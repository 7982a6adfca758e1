"""A server of our own with the users and the content that recorded exchanges were made on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.catalogue import RunningCatalogue, start_catalogue

CONTENT = Path(__file__).parents[1] / "data" / "python-icat" / "icatdump-5.0.yaml"
PASSWORD = "secret"
LOAD_SECONDS = 120
USUAL = ("--quiet", "--no-slow-down-logins")
"""Wrong passwords are among the calls, as often as the file likes."""


@contextmanager
def reference_catalogue(
    folder: Path,
    users: Mapping[str, Mapping[str, str]],
    options: Sequence[str] = (),
    database: str | None = None,
) -> Iterator[RunningCatalogue]:
    """An embedded catalogue filled with python-icat's reference content; every account has the password PASSWORD.
    `options` go to `serve`; without a database it is SQLite in the folder."""
    accounts = [f"{user['plugin']}/{user['username']}" for user in users.values() if "username" in user]
    given = {"users": accounts, "password": PASSWORD, "database": database}
    server: RunningCatalogue = start_catalogue(folder, *USUAL, *options, **given)
    try:
        _fill(server)
        yield server
    finally:
        server.stop()


def _fill(server: RunningCatalogue) -> None:
    """As if simple/root had sent it with icatingest, in a fraction of the time."""
    load = [sys.executable, "-m", "icat_schema.server", "load", str(CONTENT), "--creator", "simple/root"]
    command = [*load, "--database", server.database]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LOAD_SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"{CONTENT.name} could not be loaded:\n{done.stderr[-4000:]}")
