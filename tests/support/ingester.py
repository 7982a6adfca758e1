"""The ingester as its own process on free ports, for tests that start, stop and kill it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from queue import Empty, SimpleQueue

from drac_plugins.core.inbox import Inbox
from drac_plugins.core.settings import Settings, load
from drac_plugins.core.storage import Store

_READY_SECONDS = 60.0
_LISTENING = re.compile(r"listening on (.*)")


class IngesterProcess:
    """`start` returns when producers may come. Ports stay the same after the first start, so that producers find the
    ingester again. The catalogue's address is one where nobody answers, unless `environment` says otherwise."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.environment = {
            "DRAC_VAR": str(folder),
            "DRAC_STORE__URL": f"sqlite:///{folder / 'store.sqlite'}",
            "DRAC_ICAT__URL": "http://127.0.0.1:9",
            "DRAC_INGEST__LISTEN": "127.0.0.1:0",
            "DRAC_INGEST__MONITOR": "127.0.0.1:0",
            **(environment or {}),
        }
        self.port = 0
        self.monitor_port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def settings(self) -> Settings:
        return load(environment=self.environment)

    def inbox(self) -> Inbox:
        """The inbox, opened from outside."""
        return Inbox.from_settings(Store(self.settings.store.url), self.settings)

    @property
    def log(self) -> str:
        return (self.folder / "ingester.log").read_text(encoding="utf-8")

    def start(self) -> IngesterProcess:
        with (self.folder / "ingester.log").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ingest.main"],
                env={**os.environ, **self.environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        doors = self._wait_for_line(self._process)
        if found := re.search(r"stomp://127\.0\.0\.1:(\d+)", doors):
            self.port = int(found[1])
            self.environment["DRAC_INGEST__LISTEN"] = f"127.0.0.1:{self.port}"
        if found := re.search(r"http://127\.0\.0\.1:(\d+)", doors):
            self.monitor_port = int(found[1])
            self.environment["DRAC_INGEST__MONITOR"] = f"127.0.0.1:{self.monitor_port}"
        return self

    def _wait_for_line(self, process: subprocess.Popen[str]) -> str:
        lines: SimpleQueue[str] = SimpleQueue()
        assert process.stdout is not None
        stream = process.stdout
        threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=_READY_SECONDS)
        except Empty:
            line = ""
        found = _LISTENING.match(line)
        if found is None:
            self.kill()
            raise AssertionError(f"the ingester did not start: {line}\n{self.log}")
        return found[1]

    def kill(self) -> None:
        """SIGKILL: no chance to put anything in order."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()

    def __enter__(self) -> IngesterProcess:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()
