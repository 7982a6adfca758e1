"""Door, inbox, worker, consumer and a real catalogue together: the corpus as producers send it, through deaths."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import and_, select

from drac_plugins.core.inbox import Filter, Inbox
from drac_plugins.core.inbox.tables import ingest_stage
from drac_plugins.core.links.repair import Repair
from drac_plugins.core.links.writing import Links
from tests.ingest.apply.corpus import APPLIED, REFUSED
from tests.ingest.apply.ground import Ground, filled_database, fresh_ground
from tests.ingest.apply.snapshot import Snapshot, differences, take
from tests.ingest.door.running import RawClient, wait_until
from tests.support.ingester import IngesterProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

UNKNOWN_BEAMLINE = "93"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled_database(tmp_path_factory.mktemp("template"))


@pytest.fixture
def ground(template: Path, tmp_path: Path) -> Iterator[Ground]:
    with fresh_ground(template, tmp_path) as found:
        yield found


@pytest.fixture
def ingester(ground: Ground, tmp_path: Path) -> Iterator[IngesterProcess]:
    process = IngesterProcess(
        tmp_path / "var",
        {
            "DRAC_ICAT__URL": ground.settings.icat.url,
            "DRAC_ICAT__INGESTER__USERNAME": "root",
            "DRAC_ICAT__INGESTER__PASSWORD": "root",
            "DRAC_INGEST__INSTRUMENT_RETRY_MINUTES": "0",
            "DRAC_INGEST__SUMS_PAUSE_SECONDS": "0",
            "DRAC_INGEST__WORKERS": "4",
        },
    )
    yield process
    process.kill()


def send(port: int, *bodies: bytes) -> None:
    """As a careful producer: with receipts."""
    with RawClient("127.0.0.1", port) as client:
        client.connect()
        for number, body in enumerate(bodies):
            client.send_message(body, receipt=str(number))
            assert client.read() is not None


def settled(inbox: Inbox) -> bool:
    """Everything applied and every stage tried; folders and pictures of the corpus are not on this machine, so those
    stages wait for them."""
    counters = inbox.counters()
    if not set(counters.states) <= {"done", "quarantined"} or not set(counters.stages) <= {"files", "gallery"}:
        return False
    waits_for_files = and_(ingest_stage.c.working == 0, ingest_stage.c.due > datetime.now(UTC))
    with inbox._store.read() as connection:
        return connection.execute(select(ingest_stage.c.id).where(~waits_for_files)).first() is None


def reasons(inbox: Inbox) -> list[str]:
    return sorted(str(row.reason) for row in inbox.list(Filter(state="quarantined")))


def test_the_corpus_through_the_door_ends_as_when_it_is_applied_by_hand(
    template: Path, ground: Ground, ingester: IngesterProcess, tmp_path: Path
) -> None:
    expected = straight(template, tmp_path / "straight")
    bodies = [ground.body(name) for name in (*APPLIED, *REFUSED, UNKNOWN_BEAMLINE)]
    ingester.start()
    send(ingester.port, *bodies)
    send(ingester.port, *bodies)
    inbox = ingester.inbox()
    wait_until(lambda: settled(inbox), seconds=200)
    assert reasons(inbox) == sorted([*REFUSED.values(), "instrument"])
    assert all(row.repetitions >= 1 for row in inbox.list(limit=1000))
    found = differences(take(ground.session), expected)
    assert found == {}, json.dumps(found, indent=1)


def test_the_end_is_the_same_when_the_ingester_dies_again_and_again(
    template: Path, ground: Ground, ingester: IngesterProcess, tmp_path: Path
) -> None:
    expected = straight(template, tmp_path / "straight")
    bodies = [ground.body(name) for name in APPLIED]
    chance = random.Random(20250310)
    while bodies:
        ingester.start()
        portion, bodies = bodies[:18], bodies[18:]
        send(ingester.port, *portion)
        time.sleep(chance.uniform(0.0, 1.5))
        ingester.kill()
    ingester.start()
    inbox = ingester.inbox()
    wait_until(lambda: settled(inbox), seconds=200)
    assert reasons(inbox) == []
    assert inbox.counters().states == {"done": len(APPLIED)}
    links = Links(ground.session, inbox._store, ground.consumer.links.settings)
    assert [str(finding) for finding in Repair(links).check()] == []
    found = differences(take(ground.session), expected)
    assert found == {}, json.dumps(found, indent=1)


def straight(template: Path, folder: Path) -> Snapshot:
    """What the corpus leaves when its messages are applied one after the other."""
    with fresh_ground(template, folder) as ground:
        datasets = dict.fromkeys(done for name in APPLIED if (done := ground.feed(name).dataset_id) is not None)
        ground.finish(list(datasets))
        return take(ground.session)


def test_a_message_in_quarantine_is_applied_after_an_operator_has_put_it_right(
    ground: Ground, ingester: IngesterProcess
) -> None:
    ingester.start()
    send(ingester.port, ground.body(UNKNOWN_BEAMLINE))
    inbox = ingester.inbox()
    wait_until(lambda: reasons(inbox) == ["instrument"], seconds=60)
    (row,) = inbox.list()
    inbox.replay(Filter(ids=(row.id,)), {"beamline": "ID15A"})
    wait_until(lambda: inbox.show(row.id).state == "done", seconds=60)
    assert inbox.show(row.id).dataset_id is not None
