"""The running demonstration, started as a person would start it."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests


@dataclass(frozen=True)
class Demonstration:
    """Addresses and folders as the demonstration prints them."""

    url: str
    catalogue_url: str
    broker: str
    data: Path
    settings_file: Path
    process: subprocess.Popen[str]

    def get(self, path: str, **query: str) -> requests.Response:
        return requests.get(self.url + path, params=query, timeout=30)


COMMAND = [sys.executable, "-m", "drac_plugins.cli", "demo"]
FREE_PORTS = ["--port", "0", "--catalogue-port", "0", "--stomp-port", "0", "--monitor-port", "0"]


@contextmanager
def running_demonstration(*arguments: str) -> Iterator[Demonstration]:
    """Start `drac demo` on free ports, wait until it serves, and stop it like Ctrl-C does."""
    process = subprocess.Popen([*COMMAND, *FREE_PORTS, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        seen = []
        for line in process.stdout:
            seen.append(line)
            if line.startswith("Try:"):
                break
        text = "".join(seen)
        if not text.rstrip().endswith("Try:"):  # it closed its output before it was ready
            process.wait(timeout=60)
            pytest.fail(f"the demonstration ended with status {process.returncode}\n{text}")
        yield Demonstration(
            url=_after(r"serving at (\S+)", text),
            catalogue_url=_after(r"ICAT +(\S+)", text),
            broker=_after(r"STOMP +(\S+)", text),
            data=Path(_after(r"data +(\S+)/visitor", text)),
            settings_file=Path(_after(r"settings +(\S+)", text)),
            process=process,
        )
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def _after(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern!r} not in the demonstration's text:\n{text}"
    return found[1]


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """One demonstration for all tests of a process; its data folder is called `data`, as at a facility."""
    with running_demonstration("--data", str(tmp_path_factory.mktemp("demo") / "data")) as running:
        yield running
