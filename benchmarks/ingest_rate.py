"""Datasets per second from pyicat-plus to the catalogue, against a script that writes the same rows one by one.

The script does what a first attempt does: python-icat, one `create` for the dataset and one for every parameter, with
parameter types looked up once. It makes no links, files, samples or checks.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from icat.client import Client
from pyicat_plus.client.main import IcatClient

from benchmarks.servers import Servers, servers
from drac_plugins.demo.mx import ZONE
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Like

START = datetime(2026, 3, 10, 10, 0, tzinfo=ZONE)
BY_HAND = 20
"""Datasets that the script writes; it is slow enough to be measured on few."""


def run(messages: int, parameters: int) -> None:
    with servers() as running:
        running.prepare()
        running.start_ingester()
        print(f"ingest rate: {messages} datasets of {parameters} parameters, one result for every raw dataset")
        ingested = _ingest(running, messages, parameters)
        by_hand = _row_by_row(running, parameters)
        print(f"  ingester, from the first SEND to the last dataset  {ingested:8.1f} datasets/s")
        print(f"  python-icat row by row                             {by_hand:8.1f} datasets/s")
        print(f"  ratio                                              {ingested / by_hand:8.1f}")


def _metadata(names: list[str], number: int) -> dict[str, Any]:
    return dict.fromkeys(names, f"{number}.5") | {"Sample_name": f"sample{number % 7}"}


def _known_names(running: Servers, count: int) -> list[str]:
    """Names of the vocabulary that take any text."""
    rows = running.root.rows(Select("ParameterType", ["name"], Like("name", "SAXS_%")))
    more = running.root.rows(Select("ParameterType", ["name"], Like("name", "MXMR%")))
    return [name for (name,) in rows + more][:count]


def _ingest(running: Servers, messages: int, parameters: int) -> float:
    names = _known_names(running, parameters)
    client = IcatClient(metadata_urls=[f"127.0.0.1:{running.places.stomp_port}"])
    session = "/data/visitor/mx2745/id30a1/20260310"
    begin = time.perf_counter()
    for number in range(messages // 2):
        start = START + timedelta(seconds=10 * number)
        dates = {"startDate": start, "endDate": start + timedelta(seconds=5)}
        raw = f"{session}/RAW_DATA/bench/bench_{number:04d}"
        common = {"beamline": "id30a1", "proposal": "mx2745"}
        metadata = _metadata(names, number) | dates
        client.store_dataset(dataset=f"{number:04d}", path=raw, metadata=metadata, **common)
        result = f"{session}/PROCESSED_DATA/bench/bench_{number:04d}/integrate"
        client.store_processed_data(dataset="integrate", path=result, metadata=metadata, raw=[raw], **common)
    client.disconnect()
    wanted = 2 * (messages // 2)
    while running.root.count(Select("Dataset", ["id"], Like("location", "%/bench/%"))) < wanted:
        running.processes.check()
        time.sleep(0.1)
    return wanted / (time.perf_counter() - begin)


def _row_by_row(running: Servers, parameters: int) -> float:
    client = Client(running.places.catalogue_url)
    client.login("simple", {"username": "root", "password": "root"})
    investigation = client.assertedSearch("SELECT i FROM Investigation i WHERE i.name = 'MX-2745'")[0]
    kind = client.assertedSearch("SELECT t FROM DatasetType t WHERE t.name = 'acquisition'")[0]
    types = {
        name: client.assertedSearch(f"SELECT t FROM ParameterType t WHERE t.name = '{name}'")[0]
        for name in _known_names(running, parameters)
    }
    begin = time.perf_counter()
    for number in range(BY_HAND):
        dataset = client.new("Dataset", name=f"by-hand-{number}", complete=True, investigation=investigation, type=kind)
        dataset.startDate = START
        dataset.location = f"/data/by-hand/{number}"
        dataset.create()
        for name, type_ in types.items():
            client.new("DatasetParameter", dataset=dataset, type=type_, stringValue=f"{number}.5 {name}").create()
    rate = BY_HAND / (time.perf_counter() - begin)
    client.logout()
    return rate
