"""A server of our own with the users and the content that recorded exchanges were made on."""

from __future__ import annotations

import subprocess
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.catalogue import RunningCatalogue, start_catalogue

CONTENT = Path(__file__).parents[1] / "data" / "python-icat" / "icatdump-5.0.yaml"
PASSWORD = "secret"
INGEST_SECONDS = 600
USUAL = ("--quiet", "--no-slow-down-logins")
"""Wrong passwords are among the calls, as often as the file likes."""


@contextmanager
def reference_catalogue(
    folder: Path, users: Mapping[str, Mapping[str, str]], options: Sequence[str] = ()
) -> Iterator[RunningCatalogue]:
    """An embedded catalogue filled with python-icat's reference content; every account has the password PASSWORD.
    `options` go to `serve`."""
    accounts = [f"{user['plugin']}/{user['username']}" for user in users.values() if "username" in user]
    server: RunningCatalogue = start_catalogue(folder, *USUAL, *options, users=accounts, password=PASSWORD)
    try:
        _fill(server)
        yield server
    finally:
        server.stop()


def _fill(server: RunningCatalogue) -> None:
    script = Path(sysconfig.get_path("scripts")) / "icatingest.py"
    account = ("-w", server.soap_url, "-a", "simple", "-u", "root", "-p", PASSWORD)
    command = [str(script), *account, "-f", "YAML", "-i", str(CONTENT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INGEST_SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"icatingest.py could not load {CONTENT.name}:\n{done.stderr[-4000:]}")
