"""Datasets from pyicat-plus to the catalogue: how many per second, how soon they are there, and what one costs in a big
catalogue.

The rate is held against a script that writes the same rows one by one, as a first attempt does: python-icat, one
`create` for the dataset, for every parameter and for every file, with parameter types looked up once. It makes no
links, samples or checks, and it is told what the ingester has to find out.

The producer writes its messages to files before the clock starts and sends the files then, which pyicat-plus offers for
producers that are cut off: rendering one takes it longer than registering it takes us, and here both share a machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from icat.client import Client
from pyicat_plus.client.main import IcatClient

from benchmarks.fill import Content, fill
from benchmarks.servers import Servers, servers
from drac_plugins.demo.mx import ZONE
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Gt, Like

START = datetime(2026, 3, 10, 10, 0, tzinfo=ZONE)
SESSION = "/data/visitor/mx2745/id30a1/20260310"
RESULTS = 3
"""Processed datasets for every raw one."""
BY_HAND = 15
"""Datasets that the script writes; it is slow enough to be measured on few."""
WARM_UP = 8
"""Datasets before those that are measured: the ingester learns names and types with them."""
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Size:
    """`messages`: datasets in the rate. `queued`: how many are ahead of each in the confirmation time, `confirmed` how
    many of these are measured. `small`, `big`: datasets in the catalogue when the cost of one more is measured (0 for
    big: leave that out)."""

    messages: int = 400
    parameters: int = 60
    files: int = 20
    queued: int = 200
    confirmed: int = 200
    small: int = 1_000
    big: int = 200_000


def run(size: Size) -> None:
    print(
        f"ingester: datasets with {size.parameters} parameters and {size.files} files, {RESULTS} results for every raw"
    )
    with servers() as running:
        ground = Ground.prepared(running, size)
        ingested = ground.rate(size.messages)
        by_hand = _row_by_row(running, ground.names, size.files)
        print(f"  from the first SEND to the last file, {size.messages} datasets  {ingested:8.1f} datasets/s")
        print(f"  python-icat row by row                          {by_hand:8.1f} datasets/s")
        print(f"  ratio                                           {ingested / by_hand:8.1f}")
        if size.confirmed:
            for name, times in ground.confirmations(size.queued, size.confirmed).items():
                slow = statistics.quantiles(times, n=20)[-1]
                middle = statistics.median(times)
                print(f"  confirmation, {size.queued} queued, {name:<10} median {middle:.2f} s, p95 {slow:.2f} s")
    if size.big:
        costs = [_cost(size, datasets) for datasets in (size.small, size.big)]
        for datasets, cost in zip((size.small, size.big), costs, strict=True):
            print(f"  with {datasets:>9,} datasets in the catalogue      {1000 * cost:8.1f} ms per dataset")
        print(f"  ratio                                           {costs[1] / costs[0]:8.2f}")


@dataclass
class Ground:
    """A producer in front of a running ingester."""

    running: Servers
    size: Size
    names: Sequence[str]
    client: IcatClient
    written: int = 0
    sent: int = 0

    @classmethod
    def prepared(cls, running: Servers, size: Size) -> Ground:
        running.prepare()
        running.start_ingester()
        client = IcatClient(metadata_urls=[f"127.0.0.1:{running.places.stomp_port}"])
        ground = cls(running, size, _known_names(running, size.parameters), client)
        ground.write(WARM_UP)
        ground.send(WARM_UP)
        ground.wait_for_datasets(WARM_UP)
        return ground

    def write(self, count: int) -> None:
        """The messages of so many datasets, each raw one with its results, and their folders."""
        for _ in range(count):
            number, result = divmod(self.written, RESULTS + 1)
            raw = f"{SESSION}/RAW_DATA/bench/bench_{number:05d}"
            place = f"{SESSION}/PROCESSED_DATA/bench/bench_{number:05d}/result{result}" if result else raw
            self._put_files(place)
            start = START + timedelta(seconds=10 * number)
            dates = {"startDate": start, "endDate": start + timedelta(seconds=5)}
            metadata: dict[str, Any] = dict.fromkeys(self.names, f"{number}.5") | {"Sample_name": f"s{number % 7}"}
            common: dict[str, Any] = {"beamline": "id30a1", "proposal": "mx2745", "metadata": metadata | dates}
            common["store_filename"] = self._message(self.written)
            if result:
                self.client.store_processed_data(dataset=f"result{result}", path=place, raw=[raw], **common)
            else:
                self.client.store_dataset(dataset=f"{number:04d}", path=place, **common)
            self.written += 1

    def send(self, count: int) -> None:
        """So many of the messages that were written, in this order."""
        for number in range(self.sent, self.sent + count):
            self.client.store_dataset_from_file(self._message(number))
        self.sent += count

    def _message(self, number: int) -> str:
        return str(self.running.places.state / "messages" / f"{number:06d}.xml")

    def _put_files(self, place: str) -> None:
        folder = self.running.places.data / place.removeprefix("/data/")
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(self.size.files):
            (folder / f"f{number:02d}.h5").touch()

    def wait_for_datasets(self, count: int) -> None:
        self._wait(Select("Dataset", ["id"], Like("location", "%/bench/%")), count)

    def _wait(self, what: Select, count: int) -> None:
        while self.running.root.count(what) < count:
            self.running.processes.check()
            time.sleep(_POLL_SECONDS)

    def rate(self, count: int) -> float:
        """Datasets with their files per second."""
        self.write(count)
        begin = time.perf_counter()
        self.send(count)
        self.wait_for_datasets(self.sent)
        self._wait(Select("Datafile", ["id"], Like("dataset.location", "%/bench/%")), self.sent * self.size.files)
        return count / (time.perf_counter() - begin)

    def confirmations(self, queued: int, measured: int) -> dict[str, list[float]]:
        """Seconds from SEND until a dataset is in the catalogue, while always so many are ahead of it; by type."""
        self.write(queued + measured)
        first, last = self.sent, self._latest()
        moments: list[float] = []
        times: dict[str, list[float]] = {"raw": [], "processed": []}
        there = 0
        while there < queued + measured:
            for _ in range(min(queued, queued + measured - there) - (len(moments) - there)):
                moments.append(time.perf_counter())
                self.send(1)
            rows = self.running.root.rows(
                Select("Dataset", ["id", "location"], And(Like("location", "%/bench/%"), Gt("id", last)))
            )
            now = time.perf_counter()
            for key, location in rows:
                last = max(last, key)
                place = _number(location) - first
                if place >= queued:  # those before it had fewer ahead of them
                    times["processed" if "PROCESSED_DATA" in location else "raw"].append(now - moments[place])
            there += len(rows)
            self.running.processes.check()
            time.sleep(_POLL_SECONDS)
        return times

    def _latest(self) -> int:
        return max((key for (key,) in self.running.root.rows(Select("Dataset", ["id"]))), default=0)


def _number(location: str) -> int:
    """Place of a dataset in the order of sending."""
    parts = location.split("/")
    result = int(parts[-1][-1]) if "PROCESSED_DATA" in parts else 0
    folder = parts[-2] if result else parts[-1]
    return int(folder.rsplit("_", 1)[-1]) * (RESULTS + 1) + result


def _known_names(running: Servers, count: int) -> list[str]:
    """Names of the vocabulary that take any text."""
    rows = running.root.rows(Select("ParameterType", ["name"], Like("name", "SAXS_%")))
    more = running.root.rows(Select("ParameterType", ["name"], Like("name", "MXMR%")))
    return [name for (name,) in rows + more][:count]


def _row_by_row(running: Servers, names: Sequence[str], files: int) -> float:
    client = Client(running.places.catalogue_url)
    client.login("simple", {"username": "root", "password": "root"})
    investigation = client.assertedSearch("SELECT i FROM Investigation i WHERE i.name = 'MX-2745'")[0]
    kind = client.assertedSearch("SELECT t FROM DatasetType t WHERE t.name = 'acquisition'")[0]
    types = {name: client.assertedSearch(f"SELECT t FROM ParameterType t WHERE t.name = '{name}'")[0] for name in names}
    begin = time.perf_counter()
    for number in range(BY_HAND):
        dataset = client.new("Dataset", name=f"by-hand-{number}", complete=True, investigation=investigation, type=kind)
        dataset.startDate = START
        dataset.location = f"/data/by-hand/{number}"
        dataset.create()
        for name, type_ in types.items():
            client.new("DatasetParameter", dataset=dataset, type=type_, stringValue=f"{number}.5 {name}").create()
        for file in range(files):
            client.new("Datafile", dataset=dataset, name=f"f{file:02d}.h5", fileSize=0).create()
    rate = BY_HAND / (time.perf_counter() - begin)
    client.logout()
    return rate


def _cost(size: Size, datasets: int) -> float:
    """Seconds for one dataset more, with its files, in a catalogue of this size."""
    with servers() as running:
        fill(running.places.catalogue_database, Content(datasets=datasets), quiet=True)
        return 1 / Ground.prepared(running, size).rate(max(40, size.messages // 2))
