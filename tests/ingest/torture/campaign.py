"""The campaign: messages go in, processes die, and in the end everything must be there exactly once."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import requests
import tomli_w
from werkzeug.security import generate_password_hash

from drac_plugins.core.inbox import Inbox
from drac_plugins.core.settings import load
from drac_plugins.core.storage import Store
from icat_schema.gateway import Catalogue, GatewaySettings, New, Ref, Select, Session
from icat_schema.gateway.conditions import Eq
from ingest.reference import Instrument, prepare
from tests.ingest.torture import plan as plans
from tests.ingest.torture.judge import Verdict, judge
from tests.ingest.torture.sender import Sender
from tests.ingest.torture.world import Broker, Command, Mortal, answers, listens
from tests.support.ports import free_port

AHEAD = 250
"""Messages that are sent before they are applied: enough that all processes have work, few enough that the doors are
needed to the end."""
_PASSWORD = "root"


@dataclass(frozen=True)
class Size:
    """`kills`: of each process. `limit_seconds`: when to give up."""

    messages: int = 10_000
    seed: int = 1
    broker: Literal["own", "activemq"] = "own"
    kills: int = 20
    parameters: int = 20
    files: int = 2
    limit_seconds: float = 3600.0


@dataclass
class Report:
    size: Size
    seconds: float = 0.0
    repeated: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    verdict: Verdict | None = None
    reads: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        size, verdict = self.size, self.verdict
        killed = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        reads = ", ".join(f"{status}: {count}" for status, count in sorted(self.reads.items()))
        return (
            f"{size.messages} messages with {size.parameters} parameters and {size.files} files, seed {size.seed}, "
            f"broker {size.broker}\n"
            f"  {self.seconds:.0f} s, {size.messages / self.seconds:.1f} messages/s\n"
            f"  killed: {killed}\n"
            f"  sent again for want of a receipt: {self.repeated}\n"
            f"  answers of the facade meanwhile: {reads or 'none'}\n"
            f"{verdict}"
        )


class Campaign:
    """One run in a folder of its own."""

    def __init__(self, size: Size, folder: Path, say: Callable[[str], None] = print) -> None:
        self._size = size
        self._folder = folder
        self._say = say
        self._chance = random.Random(size.seed)
        self._ports = {name: free_port() for name in ("catalogue", "ingester", "facade")}
        self.report = Report(size)
        self._over = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        self._broker = Broker(folder / "broker") if size.broker == "activemq" else None
        configuration = folder / "drac.toml"
        configuration.write_text(tomli_w.dumps(self._configuration()), encoding="utf-8")
        environment = {"DRAC_CONFIG": str(configuration)}
        self.settings = load(environment=environment)
        users = folder / "users"
        users.write_text(f"root:{generate_password_hash(_PASSWORD, 'pbkdf2:sha256:1000')}\n")
        icat, facade = f"http://127.0.0.1:{self._ports['catalogue']}", f"http://127.0.0.1:{self._ports['facade']}"
        serve = ["icat_schema.server", "serve", "--database", f"sqlite:///{folder / 'icat.sqlite'}", "--users"]
        self.catalogue = Command(
            "catalogue",
            [*serve, str(users), "--port", str(self._ports["catalogue"])],
            folder,
            {},
            lambda: answers(f"{icat}/icat/version"),
        )
        self.ingester = Command(
            "ingester", ["ingest.main"], folder, environment, lambda: listens(self._ports["ingester"])
        )
        self.facade = Command(
            "facade", ["drac_plugins.cli", "serve"], folder, environment, lambda: listens(self._ports["facade"])
        )
        self._facade_url = facade

    def _configuration(self) -> dict[str, object]:
        """The listener also runs beside a broker: it shows that the ingester is up."""
        folder, ports = self._folder, self._ports
        account = {"plugin": "simple", "username": "root", "password": _PASSWORD}
        return {
            "var": str(folder / "var"),
            "store": {"url": f"sqlite:///{folder / 'store.sqlite'}"},
            "icat": {
                "url": f"http://127.0.0.1:{ports['catalogue']}",
                "ingester": account,
                "reader": account,
                "acquisition": account,
            },
            "web": {"port": ports["facade"]},
            "auth": {"default_plugin": "simple"},
            "ingest": {
                "listen": f"127.0.0.1:{ports['ingester']}",
                "monitor": "",
                "brokers": [self._broker.address] if self._broker else [],
                "path_map": {"/data": str(folder / "data")},
                "sums_pause_seconds": 2.0,
                "retry_seconds": [0.5, 1, 2, 4],
                "reconnect_seconds": [0.25, 0.5, 1],
            },
        }

    # ------------------------------------------------------------------------------------------------- running

    def run(self) -> Report:
        with self._processes() as mortals:
            session = self._fill()
            names = [name for (name,) in session.rows(Select("ParameterType", ["name"], Eq("description", "torture")))]
            plan = plans.make(self._size.messages, self._size.seed, sorted(names)[: self._size.parameters])
            self._put_files(plan)
            inbox = Inbox.from_settings(Store(self.settings.store.url), self.settings)
            sender = Sender(self._door(), [one.body for one in plan.sending], lambda: self._room(inbox, sender))
            reader = threading.Thread(target=self._read, name="reader", daemon=True)
            begin = time.monotonic()
            sender.start()
            reader.start()
            self._kill(mortals, plan, inbox, begin)
            self._wait(plan, inbox, begin)
            self.report.seconds = time.monotonic() - begin
            self.report.repeated = sender.repeated
            self._over.set()
            reader.join()
            self.report.verdict = judge(session, plan, inbox, self._check_links, self._size.files)
        return self.report

    @contextmanager
    def _processes(self) -> Iterator[list[Mortal]]:
        mortals: list[Mortal] = [*([self._broker] if self._broker else []), self.catalogue, self.ingester, self.facade]
        try:
            self.catalogue.start()
            if self._broker is not None:
                self._broker.start()
            self.ingester.start()
            self.facade.start()
            yield mortals
        finally:
            self._over.set()
            for mortal in reversed(mortals):
                mortal.kill()

    def _fill(self) -> Session:
        """The facility with the sessions of the plan."""
        session = Catalogue(GatewaySettings(self.settings.icat.url)).service_session("simple", "root", _PASSWORD)
        prepare(session, "ESRF", instruments=[Instrument(plans.INSTRUMENT)])
        facility = Ref(session.rows(Select("Facility", ["id"]))[0][0])
        kind = Ref(session.rows(Select("InvestigationType", ["id"]))[0][0])
        instrument = Ref(session.rows(Select("Instrument", ["id"]))[0][0])
        session.write(
            [
                New(
                    "Investigation",
                    {
                        "facility": facility,
                        "type": kind,
                        "name": name,
                        "visitId": f"{plans.INSTRUMENT} {day:%Y-%m-%d}",
                        "title": f"Torture of {name}",
                        "startDate": day,
                        "endDate": day + plans.SESSION,
                        "investigationInstruments": [New("InvestigationInstrument", {"instrument": instrument})],
                    },
                )
                for name in plans.NAMES
                for day in plans.DAYS
            ]
        )
        facts = {"facility": facility, "units": "NA", "valueType": "STRING", "applicableToDataset": True}
        text = {"description": "torture", **facts}
        session.write(
            [New("ParameterType", {"name": f"torture_{n:02d}", **text}) for n in range(self._size.parameters)]
        )
        return session

    def _put_files(self, plan: plans.Plan) -> None:
        for location in plan.datasets:
            folder = self._folder / location.lstrip("/")
            folder.mkdir(parents=True)
            for number in range(self._size.files):
                (folder / f"f{number}.h5").write_bytes(b"x" * (number + 1))

    def _door(self) -> tuple[str, int]:
        return "127.0.0.1", self._broker.port if self._broker else self._ports["ingester"]

    def _room(self, inbox: Inbox, sender: Sender) -> int:
        """What may be sent now: a repetition is dealt with as soon as it is counted. Asked often, so the figure is
        kept for a moment."""
        now = time.monotonic()
        if now - self._room_at > 0.2:
            counters = inbox.counters()
            self._room_at, self._applied = now, counters.states.get("done", 0) + counters.repetitions
        return self._applied + AHEAD - len(sender.receipted)

    _room_at, _applied = 0.0, 0

    def _kill(self, mortals: list[Mortal], plan: plans.Plan, inbox: Inbox, begin: float) -> None:
        """Each process dies at moments that the seed chooses, counted in applied messages."""
        last = int(len(plan.datasets) * 0.95)
        moments = sorted(
            (self._chance.randint(0, last), number) for number, _ in enumerate(mortals) for _ in range(self._size.kills)
        )
        spoken = begin
        for applied, number in moments:
            while (done := _applied(inbox)) < applied:
                self._look(begin)
                if time.monotonic() - spoken > 10:
                    spoken = time.monotonic()
                    self._say(f"{spoken - begin:6.0f} s  {done} applied, {sum(self.report.kills.values())} killed")
                time.sleep(0.05)
            mortals[number].kill()
            self.report.kills[mortals[number].name] += 1
            time.sleep(self._chance.uniform(0, 0.5))
            mortals[number].start()

    def _look(self, begin: float) -> None:
        for process in (self.catalogue, self.ingester, self.facade):
            assert process.alive, f"{process.name} ended by itself"
        assert time.monotonic() - begin < self._size.limit_seconds, "it takes too long"

    def _wait(self, plan: plans.Plan, inbox: Inbox, begin: float) -> None:
        """Until nothing is left to do."""
        quiet = 0
        while quiet < 3:
            self._look(begin)
            counters = inbox.counters()
            finished = sum(counters.states.get(state, 0) for state in ("done", "quarantined"))
            idle = finished == sum(counters.states.values()) and not counters.stages
            quiet = quiet + 1 if idle and finished >= len(plan.datasets) else 0
            time.sleep(0.3)

    def _read(self) -> None:
        """Somebody looks all the time."""
        while not self._over.wait(0.5):
            try:
                reply = requests.get(f"{self._facade_url}/health", timeout=10)
                self.report.reads[reply.status_code] += 1
            except requests.RequestException:
                self.report.reads[0] += 1

    def _check_links(self) -> str:
        command = [sys.executable, "-m", "drac_plugins.cli", "links", "repair", "--check"]
        environment: Mapping[str, str] = self.facade.environment
        done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr


def _applied(inbox: Inbox) -> int:
    return inbox.counters().states.get("done", 0)
