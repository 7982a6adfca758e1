"""The ingester as a process: what it has receipted survives its death, and health tells the truth."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pyicat_plus.client.main import IcatClient

from tests.ingest.door.conftest import MESSAGES
from tests.ingest.door.running import RawClient, wait_until
from tests.support.ingester import IngesterProcess

RAW = (MESSAGES / "10-raw-minimal.xml").read_bytes()


@pytest.fixture
def ingester(tmp_path: Path) -> Iterator[IngesterProcess]:
    process = IngesterProcess(tmp_path / "var")
    yield process
    process.kill()


def message(number: int) -> bytes:
    return RAW.replace(b">0001<", f">{number:06}<".encode())


class CarefulProducer(threading.Thread):
    """Sends one message after the other and writes down which were receipted, until its connection breaks."""

    def __init__(self, port: int, first: int) -> None:
        super().__init__()
        self._port, self._next = port, first
        self.sent: list[bytes] = []
        self.receipted: list[bytes] = []

    def run(self) -> None:
        try:
            with RawClient("127.0.0.1", self._port) as client:
                client.connect()
                while True:
                    body = message(self._next)
                    self._next += 1
                    self.sent.append(body)
                    client.send_message(body, receipt=str(self._next))
                    if client.read() is None:
                        return
                    self.receipted.append(body)
        except (ConnectionError, TimeoutError):
            return


def test_a_receipted_message_survives_the_death_of_the_ingester(ingester: IngesterProcess) -> None:
    receipted: list[bytes] = []
    for life in range(3):
        ingester.start()
        producers = [CarefulProducer(ingester.port, life * 100_000 + number * 10_000) for number in range(4)]
        for producer in producers:
            producer.start()
        time.sleep(0.4 + life * 0.17)
        ingester.kill()
        for producer in producers:
            producer.join()
            receipted += producer.receipted
    inbox = ingester.inbox()
    kept = {inbox.show(row.id).body for row in inbox.list(limit=100_000)}
    assert len(receipted) > 20
    assert set(receipted) <= kept


def test_messages_are_kept_while_the_catalogue_is_away(ingester: IngesterProcess) -> None:
    ingester.start()
    with RawClient("127.0.0.1", ingester.port) as client:
        client.connect()
        for number in range(3):
            client.send_message(message(number), receipt=str(number))
            frame = client.read()
            assert frame is not None
            assert frame.command == "RECEIPT"
    wait_until(lambda: "Work stops until the catalogue can be used" in ingester.log)
    assert ingester.stop() == 0
    states = {row.state for row in ingester.inbox().list()}
    assert states <= {"received", "ready"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_check_health_passes_with_the_ingester_up_and_fails_with_it_down(ingester: IngesterProcess) -> None:
    ingester.start()
    urls = [f"127.0.0.1:{ingester.port}"]
    port = ingester.monitor_port
    client = IcatClient(
        metadata_urls=urls,
        metadata_queue_monitor_port=port,
        update_metadata_urls=urls,
        update_metadata_queue_monitor_port=port,
        add_files_urls=urls,
        add_files_queue_monitor_port=port,
        reschedule_investigation_urls=urls,
        reschedule_investigation_queue_monitor_port=port,
    )
    parts = (
        client._metadata_client,
        client.update_metadata_client,
        client.add_files_client,
        client._reschedule_investigation_client,
    )
    for part in parts:
        part.check_health()
    ingester.stop()
    for part in parts:
        with pytest.raises(requests.ConnectionError):
            part.check_health()


def test_a_second_ingester_on_the_same_inbox_is_refused(ingester: IngesterProcess) -> None:
    ingester.start()
    second = IngesterProcess(ingester.folder, {"DRAC_INGEST__LISTEN": "127.0.0.1:0"})
    with pytest.raises(AssertionError, match="Another ingester"):
        second.start()


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("DRAC_INGEST__LISTEN", "everywhere", "is no address"),
        ("DRAC_INGEST__LISTEN", "192.0.2.1:0", "cannot start"),
        ("DRAC_ICAT__URL", "no address", "icat"),
        ("DRAC_INGEST__LITSEN", "x", "unknown key"),
        ("DRAC_STORE__URL", "mysql://x/y", "store.url"),
    ],
)
def test_what_is_wrong_at_the_start_is_said_in_one_line(tmp_path: Path, variable: str, value: str, told: str) -> None:
    environment = {**IngesterProcess(tmp_path / "var").environment, variable: value}
    done = subprocess.run(
        [sys.executable, "-m", "ingest.main"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
