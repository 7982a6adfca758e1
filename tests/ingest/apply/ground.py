"""A catalogue in the state before the corpus, a store, and a consumer between them."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from drac_plugins.core.settings import Facility, Icat, Ingest, IngesterAccount, Settings
from drac_plugins.core.settings import Store as StoreSettings
from drac_plugins.core.storage import Store, metadata
from icat_schema.gateway import Catalogue, GatewaySettings, New, Ref, Select, Session
from icat_schema.gateway.conditions import Eq
from ingest.consumer import STAGES, Consumer
from ingest.domain import DatasetMessage
from ingest.outcome import Done, NotYet
from ingest.parse.xml import parse
from ingest.reference import Instrument, prepare
from tests.support.catalogue import RunningCatalogue, start_catalogue

MESSAGES = Path(__file__).parents[2] / "messages"
PARIS = ZoneInfo("Europe/Paris")
INSTRUMENTS = ("ID11", "ID30A-3", "ID30B", "ID29", "BM18", "ID16A", "CM01", "ID21", "BM29", "ID15A", "ID31")
INVESTIGATIONS = (
    ("MA-1234", "ID11", "2025-03-10 08:00", "2025-03-12 08:00", 700001),
    ("MX-4321", "ID30A-3", "2025-03-12 08:00", "2025-03-13 08:00", 700002),
    ("MX-4322", "ID30B", "2023-05-01 08:00", "2023-05-02 08:00", 700003),
    ("LS-5678", "ID29", "2025-03-18 08:00", "2025-03-20 08:00", None),
    ("MD-1400", "BM18", "2025-03-20 06:00", "2025-03-22 08:00", None),
    ("LS-5700", "ID16A", "2025-03-21 08:00", "2025-03-23 08:00", None),
    ("MX-2400", "CM01", "2025-03-24 08:00", "2025-03-25 08:00", None),
    ("HG-222", "ID21", "2025-03-25 08:00", "2025-03-27 08:00", None),
    ("ES-900", "BM18", "2025-03-26 08:00", "2025-03-27 08:00", None),
    ("MX-2500", "BM29", "2025-03-27 08:00", "2025-03-28 08:00", None),
    ("CH-7000", "ID15A", "2025-03-01 08:00", "2025-03-03 08:00", None),
)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=PARIS)


def fill(session: Session) -> None:
    """The state of the catalogue before the corpus (messages/index.md)."""
    prepare(session, "ESRF", instruments=[Instrument(name) for name in INSTRUMENTS])
    facility = Ref(session.rows(Select("Facility", ["id"]))[0][0])
    kind = Ref(session.rows(Select("InvestigationType", ["id"], where=Eq("name", "MX")))[0][0])
    instruments: dict[str, int] = dict(session.rows(Select("Instrument", ["name", "id"])))
    session.write(
        [
            New(
                "Investigation",
                {
                    "facility": facility,
                    "type": kind,
                    "name": name,
                    "visitId": f"{instrument} {start[:10]}",
                    "title": f"Test of {name}",
                    "startDate": _moment(start),
                    "endDate": _moment(end),
                    "investigationInstruments": [
                        New("InvestigationInstrument", {"instrument": Ref(instruments[instrument])})
                    ],
                },
            )
            for name, instrument, start, end, _ in INVESTIGATIONS
        ]
    )


def settings_for(url: str, folder: Path, **ingest: object) -> Settings:
    return Settings(
        facility=Facility(),
        icat=Icat(url=url, ingester=IngesterAccount(username="root", password=SecretStr("root"))),
        store=StoreSettings(url=f"sqlite:///{folder / 'store.sqlite'}"),
        ingest=Ingest(**{"sums_pause_seconds": 0.0, **ingest}),
    )


@dataclass
class Ground:
    """Everything that a test of the applying half needs. Messages arrive one second after the other."""

    settings: Settings
    catalogue: Catalogue
    session: Session
    store: Store
    consumer: Consumer
    arrivals: int = 0

    @property
    def numbers(self) -> dict[int, int]:
        """Ids that stand in the messages -> ids of the investigations here."""
        ids: dict[str, int] = dict(self.session.rows(Select("Investigation", ["name", "id"])))
        return {number: ids[name] for name, _, _, _, number in INVESTIGATIONS if number is not None}

    def body(self, name: str) -> bytes:
        """A message of the corpus, with the investigation ids of this catalogue."""
        found = sorted(MESSAGES.glob(f"**/{name}*"))
        body = found[0].read_bytes()
        for sent, here in self.numbers.items():
            body = body.replace(b">%d<" % sent, b">%d<" % here)
        return body

    def feed(self, name: str) -> Done:
        """Parse and apply one message of the corpus. Raises what the parser and the consumer raise."""
        return self.apply(parse(self.body(name), self.settings))

    def apply(self, message: object) -> Done:
        self.arrivals += 1
        arrival = datetime(2025, 6, 1, tzinfo=UTC) + timedelta(seconds=self.arrivals)
        return self.consumer.apply(message, arrival, self.arrivals)  # type: ignore[arg-type]

    def finish(self, dataset_ids: Sequence[int]) -> None:
        """Run the later stages; folders that are not there are waited for elsewhere."""
        for stage in STAGES:
            for dataset_id in dataset_ids:
                with suppress(NotYet):
                    self.consumer.run_stage(stage, dataset_id)

    def close(self) -> None:
        self.store.close()


def ground_on(server: RunningCatalogue, folder: Path, *, store: Store | None = None, **ingest: object) -> Ground:
    folder.mkdir(parents=True, exist_ok=True)
    settings = settings_for(server.url, folder, **ingest)
    catalogue = Catalogue(GatewaySettings(server.url))
    session = catalogue.service_session("simple", "root", "root")
    if store is None:
        store = Store(settings.store.url)
        metadata.create_all(store.engine)
    return Ground(settings, catalogue, session, store, Consumer(settings, session, store))


def filled_database(folder: Path) -> Path:
    """A database in the initial state, to be copied for every catalogue of its own."""
    server = start_catalogue(folder)
    try:
        fill(Catalogue(GatewaySettings(server.url)).login("simple", {"username": "root", "password": "root"}))
    finally:
        server.stop()
    return folder / "catalogue.db"


@contextmanager
def fresh_ground(template: Path, folder: Path, *, store: Store | None = None, **ingest: object) -> Iterator[Ground]:
    """A catalogue in the initial state that nobody else uses, with an empty store (default: SQLite)."""
    server = _IDLE.taken(template)
    ground = ground_on(server, folder, store=store, **ingest)
    try:
        yield ground
    finally:
        ground.close()
        _IDLE.give_back(server)


class _Servers:
    """Catalogues that run and wait for the next test: to start one takes longer than most tests do. Each has a folder
    of its own; its whole content is replaced."""

    def __init__(self) -> None:
        self._waiting: list[RunningCatalogue] = []

    def taken(self, template: Path) -> RunningCatalogue:
        """One that holds what the template does."""
        while self._waiting:
            server = self._waiting.pop()
            if server.process.poll() is None:
                _copy(template, Path(server.database.removeprefix("sqlite:///")))
                return server
        folder = Path(tempfile.mkdtemp(prefix="drac-ground-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _copy(template, folder / "catalogue.db")
        server = start_catalogue(folder)
        atexit.register(server.stop)
        return server

    def give_back(self, server: RunningCatalogue) -> None:
        self._waiting.append(server)


_IDLE = _Servers()


def _copy(template: Path, database: Path) -> None:
    with closing(sqlite3.connect(template)) as source, closing(sqlite3.connect(database, timeout=30)) as target:
        source.backup(target)


def message(location: str, **parts: object) -> DatasetMessage:
    """A raw dataset in MA-1234 on ID11, of which `parts` are different."""
    name = location.rsplit("/", 1)[-1]
    start = datetime(2025, 3, 10, 12, tzinfo=UTC)
    values: dict[str, object] = {
        "proposal": "ma1234",
        "beamline": "id11",
        "name": name,
        "location": location,
        "start": start,
        "end": start + timedelta(minutes=1),
        "parameters": (("datasetName", name), ("location", location)),
    }
    return DatasetMessage(**{**values, **parts})  # type: ignore[arg-type]


def processed(location: str, *inputs: str, **parts: object) -> DatasetMessage:
    """A processed dataset with these declared inputs."""
    raw = message(location, **parts)
    declared = ("input_datasets", ",".join(inputs))
    return DatasetMessage(
        **{
            **{field: getattr(raw, field) for field in raw.__dataclass_fields__},
            "parameters": (*raw.parameters, declared),
            "input_paths": tuple(inputs),
        }
    )
