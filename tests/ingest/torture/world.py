"""Broker, ingester, catalogue and facade as processes that are killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import requests

from tests.support.activemq import ActiveMQ

READY_SECONDS = 60.0


class Mortal(Protocol):
    """`kill` is `kill -9`; `start` returns when it answers."""

    name: str

    def start(self) -> object: ...

    def kill(self) -> None: ...


class Command:
    """A module of ours with a port of its own."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str], ready: Callable[[], bool]
    ) -> None:
        self.name = name
        self._command = [sys.executable, "-m", *command]
        self._log = folder / f"{name}.log"
        self.environment = {**os.environ, **environment}
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + READY_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > end:
                tail = self._log.read_text(errors="replace")[-3000:]
                raise AssertionError(f"{self.name} did not start:\n{tail}")
            time.sleep(0.05)

    def kill(self) -> None:
        """The process with its children, with nothing put in order."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None


class Broker(ActiveMQ):
    name = "broker"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code < 500
    except requests.RequestException:
        return False
