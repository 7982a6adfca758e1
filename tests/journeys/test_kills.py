"""Processes die at the worst moment: what was announced is registered exactly once, and everything comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from pyicat_plus.client.main import IcatClient
from stompest.error import StompError

from drac_plugins.demo.verify import Visitor
from tests.journeys.installation import Installation
from tests.journeys.messages import START, Announced, fresh
from tests.journeys.registered import check, of_proposal, registered, settled, wait_until
from tests.support.ingester import IngesterProcess

pytestmark = [pytest.mark.xdist_group("installation"), pytest.mark.slow]


def _campaign(proposal: str, folder: Path, groups: int) -> list[Announced]:
    """Groups of three: raw, a result of it, and a merge of this result with the one before; with a file each."""
    found: list[Announced] = []
    for number in range(groups):
        start = START + timedelta(minutes=10 * number)
        raw = Announced(f"run_{number:02}", proposal, start=start, metadata={"Process_note": f"n{number}"})
        one = Announced(f"proc_{number:02}", proposal, start=start, raw=[raw.location])
        before = [found[-2].location] if found else []
        merge = Announced(f"merge_{number:02}", proposal, start=start, raw=[one.location, *before])
        found += [raw, one, merge]
    for announced in found:
        place = folder / announced.location.removeprefix("/data/")
        place.mkdir(parents=True)
        (place / "data.h5").write_bytes(announced.name.encode())
    return found


@pytest.fixture(autouse=True)
def _everything_runs(installation: Installation) -> Iterator[None]:
    """Also after a test that failed halfway."""
    yield
    installation.start_missing()


class Producer(threading.Thread):
    """pyicat-plus in a thread: sends everything, slowly enough that processes die in between. A message that could not
    be handed over is sent again."""

    def __init__(self, broker: str, campaign: Sequence[Announced], pause: float) -> None:
        super().__init__()
        self._broker = broker
        self._campaign = campaign
        self._pause = pause
        self.sent = 0

    def run(self) -> None:
        client = IcatClient(metadata_urls=[self._broker])
        for announced in self._campaign:
            self._insist(client, announced)
            self.sent += 1
            time.sleep(self._pause)
        client.disconnect()

    def _insist(self, client: IcatClient, announced: Announced) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                return self._send(client, announced)
            except (StompError, OSError):  # nobody listens
                assert time.monotonic() < end, "the ingester stays away"
                time.sleep(0.1)

    def _send(self, client: IcatClient, announced: Announced) -> None:
        arguments = {
            "beamline": announced.beamline,
            "proposal": announced.proposal,
            "dataset": announced.name,
            "path": announced.location,
            "metadata": {
                "Sample_name": "lysozyme",
                "startDate": announced.start,
                "endDate": announced.start + timedelta(minutes=announced.minutes),
                **announced.metadata,
            },
        }
        if announced.raw:
            client.store_processed_data(raw=list(announced.raw), **arguments)
        else:
            client.store_dataset(**arguments)


@contextmanager
def _sending(installation: Installation, campaign: Sequence[Announced], pause: float) -> Iterator[Producer]:
    producer = Producer(installation.broker, campaign, pause)
    producer.start()
    yield producer
    producer.join(120)
    assert not producer.is_alive(), f"the producer hangs after {producer.sent} messages"
    assert producer.sent == len(campaign)


def _check(installation: Installation, proposal: str, campaign: Sequence[Announced]) -> None:
    settled(installation.door)
    with installation.root() as root:
        found = registered(root, proposal)
        check(found, campaign)
        assert of_proposal(root, proposal, "ID30A-1") == 1
    for announced in campaign:
        assert found.files[found.id(announced.location)] == {"data.h5"}
        assert found.value(announced.location, "__fileCount") == "1"


def test_the_ingester_is_killed_three_times_while_sixty_messages_come_in(installation: Installation) -> None:
    campaign = _campaign("mx8001", installation.places.data, 20)
    with _sending(installation, campaign, 0.05) as producer:
        for threshold in (8, 25, 45):
            wait_until(lambda wanted=threshold: producer.sent >= wanted, "the next kill", 60)  # type: ignore[misc]
            installation.kill("ingester")
            time.sleep(0.5)
            installation.start("ingester")
    lost = _lost(installation, campaign)
    installation.door.send(
        *(announced.body for announced in lost)
    )  # what a producer without receipts never handed over
    _check(installation, "MX-8001", campaign)
    assert len(lost) <= 15, "more than what was on the wire when the ingester died"


def _lost(installation: Installation, campaign: Sequence[Announced]) -> list[Announced]:
    """Messages that never reached the inbox: pyicat-plus asks for no receipt, so these are lost on the wire."""
    settled(installation.door)
    with installation.root() as root:
        known = registered(root, "MX-8001").ids.keys()
    return [announced for announced in campaign if announced.location not in known]


def test_the_catalogue_is_killed_while_messages_are_applied_and_the_ingester_comes_back_by_itself(
    installation: Installation,
) -> None:
    campaign = _campaign("mx8002", installation.places.data, 8)
    with _sending(installation, campaign, 0.05) as producer:
        for threshold in (5, 15):
            wait_until(lambda wanted=threshold: producer.sent >= wanted, "the next kill", 60)  # type: ignore[misc]
            installation.kill("catalogue")
            time.sleep(1.5)
            assert requests.get(f"{installation.places.url}/health", timeout=30).status_code in (200, 503)
            installation.start("catalogue")
    _check(installation, "MX-8002", campaign)


def test_the_facade_answers_503_while_the_catalogue_is_away_and_works_again_afterwards(
    installation: Installation,
) -> None:
    url = installation.places.url
    before = Visitor.log_in(url, "ada")
    assert requests.get(f"{url}/health", timeout=30).json()["components"]["catalogue"]["version"]
    installation.kill("catalogue")
    health = requests.get(f"{url}/health", timeout=30)
    assert health.status_code == 503
    assert health.json()["components"]["catalogue"]["state"] == "down"
    for reply in (
        requests.post(f"{url}/session", json={"username": "ada", "password": "ada"}, timeout=30),
        requests.get(f"{url}/catalogue/{before.session_id}/investigation", timeout=30),
        requests.get(f"{url}/catalogue/datasets?investigationIds=1", timeout=30),
        requests.get(f"{url}/displays/resolve?datasetId=1", timeout=30),
        requests.get(f"{url}/portal/", timeout=30),
    ):
        assert reply.status_code == 503, (reply.url, reply.text)
        assert reply.headers["Retry-After"]
        assert before.session_id not in reply.text
        assert "catalogue" in reply.text.lower()
    installation.start("catalogue")
    assert before.investigations()  # sessions are kept in the database
    assert requests.get(f"{url}/portal/", timeout=30).ok


def test_the_facade_is_killed_and_serves_again(installation: Installation) -> None:
    url = installation.places.url
    ada = Visitor.log_in(url, "ada")
    with requests.Session() as browser:
        secret_before = browser.get(f"{url}/portal/log-in", timeout=30)
        assert secret_before.ok
        for _ in range(2):
            threads = [threading.Thread(target=_ask_quietly, args=(url, ada.session_id)) for _ in range(4)]
            for thread in threads:
                thread.start()
            installation.kill("facade")
            for thread in threads:
                thread.join(30)
            installation.start("facade")
        assert ada.investigations()
        assert browser.get(f"{url}/portal/", timeout=30).ok


def _ask_quietly(url: str, session_id: str) -> None:
    try:
        requests.get(f"{url}/catalogue/{session_id}/investigation", timeout=10)
    except requests.RequestException:
        return


def test_an_unknown_proposal_is_held_or_refused_where_sessions_are_not_created(
    installation: Installation, tmp_path: Path
) -> None:
    for hours, state in (("24", "waiting"), ("0", "quarantined")):
        places = installation.places
        other = IngesterProcess(
            tmp_path / state,
            {
                "DRAC_CONFIG": str(places.settings_file),
                "DRAC_INGEST__CREATE_SESSIONS": "false",
                "DRAC_INGEST__SESSION_RETRY_HOURS": hours,
                "DRAC_ICAT__URL": places.catalogue_url,
            },
        )
        with other:
            door = installation.door
            door = type(door)(f"127.0.0.1:{other.port}", other.settings)
            unknown = Announced(fresh("held"), "mx9876")
            known = Announced(fresh("known"), "mx2745", day="20260310", start=START.replace(month=3, day=10))
            door.send(unknown.body, known.body)
            entry = door.entry(unknown.body)
            assert (entry.state, entry.reason) == (state, "session"), entry.text
            assert "mx9876" in (entry.text or "").lower()
            assert door.entry(known.body).state == "done"
    with installation.root() as root:
        assert of_proposal(root, "MX-9876", "ID30A-1") == 0
        assert of_proposal(root, "mx9876", "ID30A-1") == 0
