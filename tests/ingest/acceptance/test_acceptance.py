"""The acceptance tests of ingestion, one for each of the eleven, in the size of the gate (DRAC_TEST_ACCEPTANCE=full: as
specified). Older releases of pyicat-plus and the workflow engine have tests of their own (tests/producers,
tests/ingest/ewoks); here is one example of each."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from lxml import etree
from pyicat_plus.client.main import IcatClient
from pyicat_plus.client.types import ArchiveStatusLevel, ArchiveStatusType

from drac_plugins.core.inbox import Filter, Inbox
from drac_plugins.core.links.repair import Repair
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Eq
from icat_schema.gateway.errors import CatalogueUnavailable
from ingest.outcome import Refused
from ingest.parse.xml import parse
from tests.ingest.acceptance.sending import one, send
from tests.ingest.acceptance.size import FULL, size
from tests.ingest.apply.corpus import APPLIED, REFUSED
from tests.ingest.apply.ground import Ground, fresh_ground, message, processed
from tests.ingest.apply.snapshot import Snapshot, differences, take
from tests.ingest.door.mortal import live
from tests.ingest.door.running import wait_until
from tests.ingest.doors.conftest import Door
from tests.producers.chain import Chain
from tests.support.activemq import ActiveMQ, installed
from tests.support.ingester import IngesterProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600 if FULL else 300)]

SESSION = "/data/visitor/mx2745/id30a1/20260310"
QUEUES = {
    **dict.fromkeys(("80", "81", "82"), "icatArchiveRestoreStatus"),
    **dict.fromkeys(("83", "84"), "icatUpdateDatasetMetadata"),
    **dict.fromkeys(("85",), "icatDataFiles"),
    **dict.fromkeys(("66", "70"), "rescheduleInvestigation"),
}
INVALID = {**REFUSED, "92": "dates", "93": "instrument"}
CORPUS = (*APPLIED, *QUEUES, *INVALID)


@pytest.fixture
def client(facility: Chain) -> Iterator[IcatClient]:
    urls = [facility.broker]
    names = ("metadata", "update_metadata", "add_files", "reschedule_investigation", "archive_restore")
    options: dict[str, Any] = {f"{name}_urls": urls for name in names if name != "archive_restore"}
    found = IcatClient(**options, archive_urls=urls)
    yield found
    found.disconnect()


# ------------------------------------------------------------------------------------------------------ 1 corpus


def feed_corpus(door: Door, names: Sequence[str], stand_ins: Sequence[int]) -> None:
    for name in names:
        body = door.ground.body(name)
        for sent, here in zip((b"5001", b"5002"), stand_ins, strict=True):
            body = body.replace(sent, str(here).encode())
        door.send(QUEUES.get(name, "icatIngest"), body)
        door.work()
    for _ in range(8):
        door.wait(minutes=10)
        door.work()
    ids = [int(row[0]) for row in door.ground.session.rows(Select("Dataset", ["id"]))]
    door.ground.finish(ids)


def registered_stand_ins(ground: Ground) -> list[int]:
    """Two datasets for the numbers 5001 and 5002 of the corpus, in a session that nothing else is in."""
    where = "/data/visitor/ls5678/id29/20250318/RAW_DATA/stand_in/stand_in_000"
    sent = {"proposal": "ls5678", "beamline": "id29", "start": datetime(2025, 3, 18, 12, tzinfo=UTC)}
    sent["end"] = datetime(2025, 3, 18, 13, tzinfo=UTC)
    made = [ground.apply(message(f"{where}{number}", **sent)).dataset_id for number in (1, 2)]
    return [dataset_id for dataset_id in made if dataset_id is not None]


def timeless(found: Snapshot) -> Snapshot:
    """Without the moments at which messages of the archive arrived, and with their level."""
    for dataset in found.datasets.values():
        for name in ("__archiveStatus", "__restoreStatus"):
            if name in dataset.parameters:
                dataset.parameters[name] = dataset.parameters[name].split()[0]
    return found


@pytest.fixture(scope="module")
def straight(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    from tests.ingest.doors import conftest

    with fresh_ground(template, tmp_path_factory.mktemp("straight"), retry_seconds=(1, 60)) as ground:
        door: Door = conftest.door.__wrapped__(ground)  # type: ignore[attr-defined]
        stand_ins = registered_stand_ins(ground)
        feed_corpus(door, CORPUS, stand_ins)
        found = timeless(take(ground.session))
        assert sorted(str(entry.reason) for entry in door.quarantined()) == sorted(INVALID.values())
        feed_corpus(door, CORPUS, stand_ins)
        assert differences(timeless(take(ground.session)), found) == {}, "the corpus sent again changes nothing"
        return found


@pytest.mark.parametrize("seed", range(size(1, 3)))
def test_1_the_corpus_ends_the_same_in_any_order_and_sent_again(door: Door, straight: Snapshot, seed: int) -> None:
    names = list(CORPUS)
    random.Random(seed).shuffle(names)
    feed_corpus(door, names, registered_stand_ins(door.ground))
    # 80 and 85 are about the same dataset; of its states in the archive the latest to arrive is shown, by definition
    found = differences(timeless(take(door.ground.session)), straight)
    assert found == {}, found


# --------------------------------------------------------------------------------------------------- 2 producers


def test_2_every_call_of_an_unmodified_producer_has_its_effect(facility: Chain, client: IcatClient) -> None:
    raw, made = f"{SESSION}/RAW_DATA/wire/wire_0001", f"{SESSION}/PROCESSED_DATA/wire/wire_0001/integrate"
    facility.folder(raw), facility.folder(made)
    metadata = {"Sample_name": "wire", "startDate": datetime(2026, 3, 10, 12).astimezone()}
    common = {"beamline": "id30a1", "proposal": "mx2745"}
    client.start_investigation(**common)
    client.store_dataset(**common, dataset="0001", path=raw, metadata=metadata)
    client.store_processed_data(**common, dataset="integrate", path=made, metadata=metadata, raw=[raw])
    found = facility.dataset(raw, until=lambda facts: "output_datasetIds" in facts)
    client.update_metadata(
        proposal="mx2745", beamline="id30a1", dataset_paths=[raw], metadata_name="Process_note", metadata_value="seen"
    )
    (facility.folder(raw) / "late.h5").write_bytes(b"x" * 7)
    client.add_files(dataset_id=found["id"])
    client.update_archive_restore_status(
        dataset_id=found["id"], type=ArchiveStatusType.ARCHIVING, level=ArchiveStatusLevel.INFO, message="on tape"
    )
    session = facility.facade.root.rows(Select("Dataset", ["investigation.id"], Eq("id", found["id"])))[0][0]
    client.reschedule_investigation(str(session))
    facility.dataset(
        raw,
        until=lambda facts: (
            facts.get("Process_note") == "seen"
            and facts.get("__volume") == "7"
            and facts.get("__archiveStatus", "").startswith("info ")
        ),
    )
    moved = Select("InvestigationParameter", ["type.name"], Eq("investigation.id", session))
    wait_until(lambda: ("actualStartDate",) in facility.facade.root.rows(moved), seconds=20)
    url = "http://127.0.0.1:{}/api/jolokia/read/org.apache.activemq:type=Broker,brokerName=metadata,{}/ConsumerCount"
    queue = "destinationType=Queue,destinationName=icatDataFiles"
    answer = requests.get(url.format(facility.ingester.monitor_port, queue), auth=("user", "user"), timeout=10)
    assert answer.json()["value"] >= 1


# ------------------------------------------------------------------------------------------------ 3 confirmation


def test_3_a_dataset_is_confirmed_while_others_are_queued(facility: Chain, client: IcatClient) -> None:
    """Polled every half second as the acquisition does, over the facade."""
    crowd, rounds = size(40, 200), size(3, 20)
    waited = []
    session = facility.facade.root.rows(Select("Investigation", ["id"], Eq("name", "MX-2745")))[0][0]
    address = f"{facility.facade.url}/dataacquisition/{facility.facade.api_key}/dataset"
    metadata = {"Sample_name": "mine", "startDate": "2026-03-10T12:00:00+01:00"}
    for turn in range(rounds):
        bodies = [one(f"{SESSION}/RAW_DATA/crowd{turn}/crowd{turn}_{n:04}") for n in range(crowd // rounds)]
        send(facility.ingester.port, bodies)
        location = f"{SESSION}/RAW_DATA/mine/mine_{turn:04}"
        begun = time.monotonic()
        client.store_dataset(beamline="id30a1", proposal="mx2745", dataset=f"{turn}", path=location, metadata=metadata)
        while location not in requests.get(address, params={"investigationId": session}, timeout=30).text:
            assert time.monotonic() - begun < 60
            time.sleep(0.5)
        waited.append(time.monotonic() - begun)
    print(f"confirmation: median {statistics.median(waited):.1f} s, worst {max(waited):.1f} s with {crowd} queued")


# ------------------------------------------------------------------------------------------------------- 4 EWOKS


def test_4_a_result_of_the_workflow_engine_that_comes_before_its_raw_data_is_linked_later(
    facility: Chain, client: IcatClient
) -> None:
    """What the engine publishes (its own upload is in tests/ingest/ewoks): start at the time of the run, input unknown,
    the same run twice."""
    raw, made = f"{SESSION}/RAW_DATA/late/late_0001", f"{SESSION}/PROCESSED_DATA/late/late_0001/sum"
    metadata = {"Sample_name": "late", "Workflow_name": "sum", "startDate": datetime.now().astimezone()}
    for _ in range(2):
        client.store_processed_data(
            beamline="id30a1", proposal="mx2745", dataset="sum", path=made, metadata=metadata, raw=[raw]
        )
    first = facility.dataset(made)
    assert first["investigation"] == "MX-2745"
    assert "input_datasetIds" not in first
    client.store_dataset(
        beamline="id30a1",
        proposal="mx2745",
        dataset="0001",
        path=raw,
        metadata={"Sample_name": "late", "startDate": "2026-03-10T12:00:00+01:00"},
    )
    source = facility.dataset(raw, until=lambda facts: "output_datasetIds" in facts)
    wait_until(lambda: facility.dataset(made).get("input_datasetIds") == str(source["id"]), seconds=20)
    assert facility.job_of(first["id"])[0] == "sum"


# ------------------------------------------------------------------------------------------------------- 5 links


def test_5_links_of_every_shape_agree_in_both_directions_and_forms(ground: Ground) -> None:
    base = "/data/visitor/ma1234/id11/20250310"
    raws = [f"{base}/RAW_DATA/s/s_{n:04}" for n in range(size(4, 40))]
    made = {f"{base}/PROCESSED_DATA/s/one_{n}": [raw] for n, raw in enumerate(raws)}
    made |= {f"{base}/PROCESSED_DATA/s/again_{n}": [raw] for n, raw in enumerate(raws)}  # one input, many results
    made[f"{base}/PROCESSED_DATA/s/merge"] = raws
    made[f"{base}/PROCESSED_DATA/s/chain"] = [f"{base}/PROCESSED_DATA/s/one_0"]
    made[f"{base}/PROCESSED_DATA/s/diamond"] = [f"{base}/PROCESSED_DATA/s/one_0", f"{base}/PROCESSED_DATA/s/again_0"]
    messages = [message(raw) for raw in raws] + [processed(place, *inputs) for place, inputs in made.items()]
    random.Random(5).shuffle(messages)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ground.apply, messages))
    ground.consumer.recover()
    assert [str(finding) for finding in Repair(ground.consumer.links).check()] == []
    found = take(ground.session)
    for place, inputs in made.items():
        dataset = found.datasets[place]
        assert sorted(found.locations(dataset.parameters["input_datasetIds"])) == sorted(inputs)
        (job,) = [job for job in found.jobs if place in job.outputs]
        assert job.inputs == frozenset(inputs)
        for other in inputs:
            assert place in found.locations(found.datasets[other].parameters["output_datasetIds"])


# ------------------------------------------------------------------------------------------------------- 6 crash


def test_6_a_killed_ingester_leaves_what_an_undisturbed_one_leaves(
    template: Path, tmp_path: Path, ground: Ground
) -> None:
    """One life per step: before and after every write to catalogue and store."""
    names = ("11", "40", "70")
    queues = [(QUEUES.get(name, "icatIngest"), name) for name in names]
    with fresh_ground(template, tmp_path / "undisturbed") as other:
        quiet = Inbox.from_settings(other.store, other.settings)
        for queue, name in queues:
            quiet.put(queue, other.body(name), {})
        assert not live(other.settings, 10_000)
        expected = take(other.session)
    inbox = Inbox.from_settings(ground.store, ground.settings)
    for queue, name in queues:
        inbox.put(queue, ground.body(name), {})
    deaths, longest = 0, size(30, 15)
    while live(ground.settings, 1 + 2 * deaths % longest if 2 * deaths % longest else longest):
        deaths += 1
        longest += deaths % 100 == 0
    assert deaths > 5
    found = differences(take(ground.session), expected)
    assert found == {}, found


# ------------------------------------------------------------------------------------------------------ 7 broker


def test_7_nothing_is_lost_when_the_broker_restarts_and_nothing_is_there_twice(tmp_path: Path) -> None:
    if not installed():
        pytest.skip("Apache ActiveMQ is not installed (Debian: apt install activemq)")
    broker = ActiveMQ(tmp_path / "activemq").start()
    process = IngesterProcess(
        tmp_path / "ingester",
        {
            "DRAC_INGEST__LISTEN": "",
            "DRAC_INGEST__BROKERS": f'["{broker.address}", "127.0.0.1:9"]',
            "DRAC_INGEST__RECONNECT_SECONDS": "[0.2, 0.5]",
        },
    )
    bodies = [one(f"{SESSION}/RAW_DATA/b/b_{n:04}") for n in range(size(30, 500))]
    try:
        with process:
            send(broker.port, bodies[: len(bodies) // 2])
            broker.kill()
            broker.start()
            send(broker.port, bodies)  # the first half again, since nobody told the producer how far it came
            inbox = process.inbox()
            wait_until(lambda: inbox.count() == len(bodies), seconds=60)
            time.sleep(1)
            assert inbox.count() == len(bodies)
    finally:
        broker.stop()


# --------------------------------------------------------------------------------------------------- 8 catalogue


def test_8_a_catalogue_that_is_away_slow_or_forgets_sessions_costs_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = door.ground.session
    places = [f"/data/visitor/ma1234/id11/20250310/RAW_DATA/c/c_{n:04}" for n in range(size(6, 100))]
    numbers = [door.send("icatIngest", one(place, "ma1234", "id11", "2025-03-10")) for place in places]
    with monkeypatch.context() as away:

        def refuse(*_: object, **__: object) -> None:
            raise CatalogueUnavailable("the catalogue does not answer")

        away.setattr(type(session), "rows", refuse)
        door.applying.step()
        assert {door.message(n).state for n in numbers} <= {"ready", "received"}, "nothing is given up"
    time.sleep(1.2)  # the breaker opens again
    slow = {"calls": 0}
    rows = type(session).rows

    def slowly(self: Any, *arguments: Any) -> Any:
        slow["calls"] += 1
        if slow["calls"] % size(25, 5) == 0:
            time.sleep(0.2 if not FULL else 5)
        if slow["calls"] % 40 == 0:
            with suppress(Exception):
                self.logout()
        return rows(self, *arguments)

    monkeypatch.setattr(type(session), "rows", slowly)
    end = time.monotonic() + (120 if not FULL else 3600)
    while door.inbox.count(Filter(state="done")) < len(numbers) and time.monotonic() < end:
        door.work()
        door.wait(seconds=2)
    assert {door.message(n).state for n in numbers} == {"done"}
    assert len(take(session).datasets) == len(places)


# ------------------------------------------------------------------------------------------------------ 9 volume


def test_9_many_datasets_flow_and_a_huge_folder_delays_nobody(facility: Chain) -> None:
    groups, files = size(5, 2500), size(5, 20)
    huge = f"{SESSION}/RAW_DATA/huge/huge_0001"
    folder = facility.folder(huge)
    for number in range(size(1500, 30_000)):
        (folder / f"{number:06}.tif").touch()
    parameters = {f"MX_note{n}": str(n) for n in range(2)} | {
        f"InstrumentDetector0{n % 9 + 1}_name": "d" for n in range(9)
    }
    bodies = [one(huge)]
    places = []
    for number in range(groups):
        raw = f"{SESSION}/RAW_DATA/v/v_{number:05}"
        results = [f"{SESSION}/PROCESSED_DATA/v/v_{number:05}/r{n}" for n in range(3)]
        for place in (raw, *results):
            here = facility.folder(place)
            for n in range(files):
                (here / f"{n}.h5").write_bytes(b"x")
        bodies += [one(raw, parameters=parameters), *(one(r, inputs=[raw], parameters=parameters) for r in results)]
        places += [raw, *results]
    begun = time.monotonic()
    send(facility.ingester.port, bodies)
    last = facility.dataset(places[-1], seconds=size(60, 3600))
    seconds = time.monotonic() - begun
    print(f"{len(bodies)} datasets in {seconds:.1f} s: {len(bodies) / seconds:.1f}/s")
    assert last["type"] == "processed"
    facility.dataset(huge, seconds=120, until=lambda facts: facts.get("__fileCount") == str(size(1500, 30_000)))
    rest = size(120, 40 * 60 - int(seconds))  # files stand back while datasets wait
    facility.dataset(places[-1], seconds=rest, until=lambda facts: facts.get("__fileCount") == str(files))
    print(f"with the files of the last one: {time.monotonic() - begun:.1f} s")
    if FULL:
        assert time.monotonic() - begun < 40 * 60


# ----------------------------------------------------------------------------------------------------- 10 hostile


def test_10_hostile_input_is_kept_with_its_reason_and_harms_nobody(facility: Chain) -> None:
    inbox = facility.ingester.inbox()
    before = inbox.count(Filter(state="quarantined"))
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "' + b"y" * 1000 + b'">]><a>' + b"&x;" * 1000 + b"</a>"
    escapes = [
        f"{SESSION}/../../../../../../etc/x",
        "/etc/passwd",
        f"{SESSION.replace('mx2745', 'mx9999')}/RAW_DATA/a/a_1",
    ]
    hostile = [bomb, b"<" * 1000, b"\xff\xfe", b"<a>" * 10_000, *(one(place) for place in escapes)]
    send(facility.ingester.port, [*hostile, b"<x>" + b" " * size(11, 99) * 1024 * 1024])
    (facility.folder(f"{SESSION}/RAW_DATA/svg/svg_0001") / "gallery").mkdir()
    other = facility.folder("/data/visitor/mx9999/id30a1/20260310") / "secret.png"
    other.write_bytes(b"\x89PNG\r\n\x1a\n")
    picture = facility.folder(f"{SESSION}/RAW_DATA/svg/svg_0001") / "gallery" / "a.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    shown = f"{SESSION}/RAW_DATA/svg/svg_0001"
    paths = f"{shown}/gallery/a.svg,/data/visitor/mx9999/id30a1/20260310/secret.png"
    send(facility.ingester.port, [one(shown, parameters={"ResourcesGalleryFilePaths": paths})])
    found = facility.dataset(shown, until=lambda facts: "ResourcesGallery" in facts)
    assert found["ResourcesGalleryFilePaths"] == f"{shown}/gallery/a.svg"
    wait_until(lambda: inbox.count(Filter(state="quarantined")) == before + len(hostile) + 1, seconds=60)
    reasons = {entry.reason for entry in inbox.list(Filter(state="quarantined"), limit=1000)}
    assert {"xml", "size", "location"} <= reasons
    assert "internal" not in reasons
    page = f"{facility.facade.url}/portal/datasets/{found['id']}/gallery/{found['ResourcesGallery']}"
    cookies = requests.Session()
    token = (
        cookies.get(f"{facility.facade.url}/portal/log-in", timeout=30)
        .text.split('csrf_token" value="')[1]
        .split('"')[0]
    )
    form = {"username": "ada", "password": "ada", "csrf_token": token, "next": ""}
    cookies.post(f"{facility.facade.url}/portal/log-in", data=form, timeout=30)
    reply = cookies.get(page, timeout=30)
    assert reply.status_code == 200
    assert (
        reply.headers["Content-Disposition"].startswith("attachment")
        or "script-src" in reply.headers["Content-Security-Policy"]
    )
    cookies.close()


# ------------------------------------------------------------------------------------------------------ 11 schema


@pytest.mark.parametrize("name", APPLIED)
def test_11_what_is_accepted_follows_the_schema_and_every_mutation_is_refused(ground_settings: Any, name: str) -> None:
    from tests.ingest.apply.ground import MESSAGES

    body = min(MESSAGES.glob(f"{name}-*.xml")).read_bytes()
    parse(body, ground_settings)
    for mutation in mutations(body):
        with pytest.raises(Refused) as refused:
            parse(mutation, ground_settings)
        assert refused.value.reason in ("schema", "dates", "values"), mutation[:300]


def mutations(body: bytes) -> Iterator[bytes]:
    names = [etree.QName(child).localname for child in etree.fromstring(body)]
    needed = {"investigation", "instrument", "name", "location", "startDate", "endDate", "experiment"}
    if etree.QName(etree.fromstring(body)).localname == "investigation":
        needed.discard("endDate")
    for name in [n for n in dict.fromkeys(names) if n in needed]:
        root = etree.fromstring(body)
        child = root.find(f"{{*}}{name}")
        assert child is not None
        root.remove(child)
        yield etree.tostring(root)
        root = etree.fromstring(body)
        again = root.find(f"{{*}}{name}")
        assert again is not None
        again.addnext(etree.fromstring(etree.tostring(again)))
        yield etree.tostring(root)
    root = etree.fromstring(body)
    etree.SubElement(root, f"{{{etree.QName(root).namespace}}}surprise").text = "x"
    yield etree.tostring(root)
    root = etree.fromstring(body)
    date = root.find("{*}startDate")
    assert date is not None
    date.text = "yesterday"
    yield etree.tostring(root)


@pytest.fixture(scope="session")
def ground_settings() -> Any:
    from drac_plugins.core.settings import Settings

    return Settings()
