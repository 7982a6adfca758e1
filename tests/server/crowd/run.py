"""Start a catalogue and its crowd, disturb it, and compare what is stored with what the clients were told."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import requests

from tests.server.crowd.client import Orders
from tests.server.crowd.content import Content, differences, half_done, read_dump, same_dumps
from tests.server.crowd.journal import Call, read_calls
from tests.support.catalogue import RunningCatalogue, start_catalogue

SERVER = (sys.executable, "-m", "icat_schema.server")
CLIENT = (sys.executable, "-m", "tests.server.crowd.client")


@dataclass(frozen=True)
class Size:
    """`creates`: calls of each client. `kills`: how many clients are killed and started again."""

    clients: int
    creates: int
    kills: int
    seed: int


@dataclass
class Report:
    """What happened. `faults`: everything that must not; `dumps`: names in each dump of the reader, in order."""

    seconds: float = 0.0
    calls: list[Call] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    dumps: list[int] = field(default_factory=list)
    stored: int = 0
    kills: int = 0

    def outcomes(self) -> Counter[tuple[str, str]]:
        return Counter((call.kind, call.outcome) for call in self.calls)

    def latency(self, share: float) -> float:
        """Milliseconds within which this share of the answered calls was answered."""
        times = sorted(call.milliseconds for call in self.calls if call.kind != "cut" and call.milliseconds)
        return times[min(int(share * len(times)), len(times) - 1)] if times else 0.0


@dataclass
class _Crowd:
    folder: Path
    server: RunningCatalogue
    size: Size
    investigation: int
    type: int
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    read: dict[int, int] = field(default_factory=dict)
    lines: int = 0

    def journal(self, client: int) -> Path:
        return self.folder / f"client-{client}.jsonl"

    def start(self, client: int) -> None:
        """Start a client behind the last call that it began."""
        calls = read_calls(self.journal(client))
        orders = Orders(
            url=self.server.url,
            number=client,
            first=max(calls, default=-1) + 1,
            last=self.size.creates,
            seed=self.size.seed,
            journal=str(self.journal(client)),
            rest=bool(client % 2),
            investigation=self.investigation,
            type=self.type,
        )
        with (self.folder / f"client-{client}.log").open("ab") as log:
            self.processes[client] = subprocess.Popen([*CLIENT, orders.text()], stderr=log)

    def running(self) -> list[int]:
        return [client for client, process in self.processes.items() if process.poll() is None]

    def failed(self) -> list[str]:
        logs = {client: self.folder / f"client-{client}.log" for client in self.processes}
        return [
            f"client {client} ended with {process.returncode}: {logs[client].read_text()[-2000:]}"
            for client, process in self.processes.items()
            if process.returncode
        ]

    def done(self) -> int:
        """Calls that all clients together have made. Journals are read on from where they were read to."""
        for client in self.processes:
            if self.journal(client).exists():
                with self.journal(client).open("rb") as file:
                    file.seek(self.read.get(client, 0))
                    fresh = file.read()
                self.read[client] = self.read.get(client, 0) + len(fresh)
                self.lines += fresh.count(b"\n")
        return self.lines // 2

    def calls(self) -> dict[int, dict[int, Call]]:
        return {client: read_calls(self.journal(client)) for client in self.processes}


def run_crowd(folder: Path, size: Size, new_database: Callable[[], str | None], tell: Callable[[str], None]) -> Report:
    """`new_database` gives the address of an empty database (None: SQLite in the folder)."""
    folder.mkdir(parents=True, exist_ok=True)
    server: RunningCatalogue = start_catalogue(folder / "server", "--quiet", database=new_database())
    report = Report()
    try:
        crowd = _Crowd(folder, server, size, *_prepare(server))
        reader = _Reader(folder, server.database)
        started = time.perf_counter()
        for client in range(size.clients):
            crowd.start(client)
        reader.start()
        _disturb(crowd, report, tell)
        report.seconds = time.perf_counter() - started
        reader.finish()
        report.faults += crowd.failed()
        _examine(crowd, reader, report)
    finally:
        for process in crowd.processes.values():
            process.kill()
            process.wait()
        server.stop()
    report.faults += _log_faults(server)
    report.faults += _reload(folder, server.database, new_database() or f"sqlite:///{folder / 'second.db'}")
    return report


def _prepare(server: RunningCatalogue) -> tuple[int, int]:
    """Ids of an investigation and of a dataset type."""
    login = {"plugin": "simple", "credentials": [{"username": "root"}, {"password": "root"}]}
    reply = requests.post(f"{server.rest_url}/session", data={"json": json.dumps(login)}, timeout=60)
    session = reply.json()["sessionId"]

    def create(entity: str, /, **content: Any) -> dict[str, int]:
        form = {"sessionId": session, "entities": json.dumps({entity: content})}
        return {"id": requests.post(f"{server.rest_url}/entityManager", data=form, timeout=60).json()[0]}

    facility = create("Facility", name="crowd")
    kind = create("InvestigationType", name="experiment", facility=facility)
    dataset_type = create("DatasetType", name="raw", facility=facility)
    place = {"facility": facility, "type": kind}
    investigation = create("Investigation", name="i", visitId="1", title="Crowd", **place)
    return investigation["id"], dataset_type["id"]


def _disturb(crowd: _Crowd, report: Report, tell: Callable[[str], None]) -> None:
    """Kill clients now and then, evenly over the work, and start them again, until all have done theirs."""
    chance = random.Random(crowd.size.seed)
    total = crowd.size.clients * crowd.size.creates
    told = time.monotonic()
    while running := crowd.running():
        time.sleep(0.1)
        done = crowd.done()
        if report.kills < crowd.size.kills and done > (report.kills + 1) * total / (crowd.size.kills + 1):
            victim = chance.choice(running)
            crowd.processes[victim].kill()
            crowd.processes[victim].wait()
            crowd.start(victim)
            report.kills += 1
        if time.monotonic() - told > 10:
            told = time.monotonic()
            tell(f"{done} of {total} calls")


class _Reader(threading.Thread):
    """Dumps the catalogue again and again, and rests after each time twice as long as it took."""

    def __init__(self, folder: Path, database: str) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._database = database
        self._stop_now = threading.Event()
        self.contents: list[Content] = []
        self.faults: list[str] = []

    def run(self) -> None:
        while not self._stop_now.is_set():
            started = time.monotonic()
            path = self._folder / "while-writing.xml"
            done = _call("dump", str(path), "--database", self._database)
            if done.returncode:
                self.faults.append(f"a dump failed: {done.stderr}")
                return
            self.contents.append(read_dump(path))
            self._stop_now.wait(2 * (time.monotonic() - started))

    def finish(self) -> None:
        self._stop_now.set()
        self.join()


def _examine(crowd: _Crowd, reader: _Reader, report: Report) -> None:
    clients = crowd.calls()
    report.calls = [call for own in clients.values() for call in own.values()]
    report.faults += reader.faults
    report.faults += _reader_faults(reader, clients)
    report.dumps = [content.names.total() for content in reader.contents]
    last = crowd.folder / "first.xml"
    done = _call("dump", str(last), "--database", crowd.server.database)
    if done.returncode:
        report.faults.append(f"the last dump failed: {done.stderr}")
        return
    content = read_dump(last)
    report.stored = content.names.total()
    report.faults += differences(content, clients)


def _reader_faults(reader: _Reader, clients: Mapping[int, Mapping[int, Call]]) -> list[str]:
    """Each dump shows whole calls, and everything that the dump before it showed."""
    calls = list(chain.from_iterable(own.values() for own in clients.values()))
    found = [fault for content in reader.contents for fault in half_done(content, calls)]
    for earlier, later in zip(reader.contents, reader.contents[1:], strict=False):
        found += [f"a later dump lacks '{name}'" for name in earlier.names.keys() - later.names.keys()]
    return found


def _reload(folder: Path, first: str, second: str) -> list[str]:
    """The dump fills an empty catalogue, whose dump is the same, and both are sound."""
    files = [folder / "first.xml", folder / "second.xml"]
    steps = [
        ("load", str(files[0]), "--database", second),
        ("dump", str(files[1]), "--database", second),
        ("check", "--database", first),
        ("check", "--database", second),
    ]
    for step in steps:
        done = _call(*step)
        if done.returncode:
            return [f"{step[0]} of {step[-1]} failed: {done.stdout}{done.stderr}"]
    return [] if same_dumps(*files) else [f"{files[0]} and {files[1]} differ"]


def _log_faults(server: RunningCatalogue) -> list[str]:
    log = server.log_file.read_text()
    return [f"the server's log has a traceback:\n{log[-4000:]}"] if "Traceback" in log else []


def _call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SERVER, *arguments], capture_output=True, text=True, check=False, timeout=900)
