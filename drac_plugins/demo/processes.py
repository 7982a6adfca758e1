"""Start the processes of the demonstration, wait until each is ready, and stop every one of them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import requests

from drac_plugins.core.errors import DracError


class ProcessFailed(DracError):
    """A process of the demonstration ended, or did not become ready; the text shows the end of its log."""

    code = "demo.process-failed"


class PortTaken(DracError):
    """Somebody listens on a port that the demonstration needs; the text says how to choose another."""

    code = "demo.port-taken"


def choose_ports(wanted: Mapping[str, int]) -> dict[str, int]:
    """For each option a port on the loopback address that nobody listens on, all different: the wanted one, or any free
    one for 0. Raises PortTaken, which names the option."""
    chosen = {}
    with ExitStack() as held:  # until all are chosen: the system gives a free port again as soon as it is let go
        for option, port in sorted(wanted.items(), key=lambda entry: entry[1] == 0):
            probe = held.enter_context(socket.socket())
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                message = f"port {port} is in use: stop what listens there, or choose another with {option}"
                raise PortTaken(message) from error
            chosen[option] = probe.getsockname()[1]
    return {option: chosen[option] for option in wanted}


class Processes:
    """Child processes with a log file each. Leaving the context stops them all, the last started first."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = {**os.environ, **environment}
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, process in reversed(self._running):
            stop(process)

    def start(
        self, name: str, command: Sequence[str], ready: Callable[[], bool], timeout_seconds: float = 60.0
    ) -> None:
        """Start `python -m …` and wait until `ready()`. Raises ProcessFailed."""
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-m", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        self._running.append((name, process))
        limit = time.monotonic() + timeout_seconds
        while not ready():
            self.check()
            if time.monotonic() > limit:
                raise ProcessFailed(f"{name} was not ready after {timeout_seconds:.0f} s\n{self._tail(name)}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raise ProcessFailed when one of them has ended."""
        for name, process in self._running:
            if process.poll() is not None:
                raise ProcessFailed(f"{name} ended with status {process.returncode}\n{self._tail(name)}")

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _tail(self, name: str) -> str:
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([f"the end of {self._log(name)}:", *lines[-15:]])


def stop(process: subprocess.Popen[bytes], patience_seconds: float = 15.0) -> None:
    """Ask the process and its children to end, and make them after a while. They are a session of their own, so that
    Ctrl-C at the terminal reaches only the demonstration, which then stops them in order."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def listens(port: int) -> bool:
    """Whether somebody accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url: str) -> bool:
    """Whether this address answers with success."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False
