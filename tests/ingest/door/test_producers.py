"""Unmodified producers: pyicat-plus 3.1.0 and its console scripts, over real sockets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import requests
from pyicat_plus.client.main import IcatClient
from pyicat_plus.client.models import IcatDatasetParameters
from pyicat_plus.client.types import ArchiveStatusLevel, ArchiveStatusType

from drac_plugins.core.inbox import Entry, Inbox
from drac_plugins.core.settings import Settings
from ingest.domain import DatasetMessage, InvestigationMessage
from ingest.parse.xml import parse
from ingest.transport.monitor import Monitor
from tests.ingest.door.running import QUEUES, RunningListener, running_listener

LOCATION = "/data/visitor/ma1234/id11/20250310/RAW_DATA/wire/wire_0007"
PROCESSED = LOCATION.replace("RAW_DATA", "PROCESSED_DATA") + "/integrate"


pytestmark = pytest.mark.filterwarnings("ignore:Unknown ICAT fields")


@pytest.fixture
def door(real_inbox: Inbox) -> Iterator[RunningListener]:
    with running_listener(real_inbox) as running:
        yield running


@pytest.fixture
def client(door: RunningListener) -> Iterator[IcatClient]:
    urls = [f"{door.host}:{door.port}"]
    client = IcatClient(
        metadata_urls=urls, update_metadata_urls=urls, add_files_urls=urls, reschedule_investigation_urls=urls
    )
    yield client
    client.disconnect()


def dataset(row: Entry) -> DatasetMessage:
    assert row.body is not None
    message = parse(row.body, Settings())
    assert isinstance(message, DatasetMessage)
    return message


def test_a_raw_dataset(door: RunningListener, client: IcatClient) -> None:
    client.store_dataset(
        beamline="ID11",
        proposal="MA1234",
        dataset="0007",
        path=f"/mnt/multipath-shares{LOCATION}/",
        metadata={
            "Sample_name": "wire",
            "startDate": datetime.fromisoformat("2025-03-11T14:00:00.250"),
            "endDate": datetime.fromisoformat("2025-03-11T14:20"),
            "definition": ["XRD"],
            "InstrumentPositioners_name": ["sx", "sy"],
            "InstrumentPositioners_value": [0.5, -1.25],
            "unknown_field": [1, 2],
        },
    )
    (row,) = door.arrived(1)
    message = dataset(row)
    assert (row.queue, message.proposal, message.beamline, message.name) == ("icatIngest", "ma1234", "id11", "0007")
    assert message.location == LOCATION
    assert (message.end - message.start).total_seconds() == 1199.75
    assert message.parameter("InstrumentPositioners_value") == "0.5 -1.25"
    assert message.parameter("unknown_field") == "1,2"
    assert message.warnings == ()


def test_a_raw_dataset_from_a_model(door: RunningListener, client: IcatClient) -> None:
    model = IcatDatasetParameters(
        proposal="ma1234",
        title="0007",
        folder_path=LOCATION,
        start_time="2025-03-11T14:00:00+01:00",
        end_time="2025-03-11T14:20:00+01:00",
        sample={"name": "wire"},
    )
    client.store_dataset(beamline="id11", metadata=model)
    assert dataset(door.arrived(1)[0]).location == LOCATION


@pytest.mark.parametrize("raw", [LOCATION, [LOCATION, LOCATION + "b"]])
def test_a_processed_dataset(door: RunningListener, client: IcatClient, raw: str | list[str]) -> None:
    client.store_processed_data(
        beamline="id11",
        proposal="ma1234",
        dataset="integrate",
        path=PROCESSED,
        metadata={"Sample_name": "wire", "startDate": "2025-03-11T14:00", "endDate": "2025-03-11T14:20"},
        raw=raw,
    )
    message = dataset(door.arrived(1)[0])
    assert message.input_paths == ((raw,) if isinstance(raw, str) else tuple(raw))


def test_start_of_a_session(door: RunningListener, client: IcatClient) -> None:
    client.start_investigation(beamline="ID11", proposal="MA1234")
    (row,) = door.arrived(1)
    assert row.body is not None
    message = parse(row.body, Settings())
    assert isinstance(message, InvestigationMessage)
    assert (message.proposal, message.beamline, row.queue) == ("ma1234", "id11", "icatIngest")


def test_a_session_to_be_rescheduled(door: RunningListener, client: IcatClient) -> None:
    client.reschedule_investigation("700002")
    (row,) = door.arrived(1)
    assert row.body is not None
    message = parse(row.body, Settings())
    assert isinstance(message, InvestigationMessage)
    assert (message.investigation_id, row.queue) == (700002, "rescheduleInvestigation")


def test_a_dataset_stored_in_a_file_and_sent_later(door: RunningListener, client: IcatClient, tmp_path: Path) -> None:
    file = tmp_path / "later.xml"
    metadata = {"Sample_name": "wire", "startDate": "2025-03-11T14:00", "endDate": "2025-03-11T14:20"}
    client.store_dataset("id11", "ma1234", "0007", LOCATION, metadata, store_filename=str(file))
    assert door.inbox.count() == 0
    client.store_dataset_from_file(str(file))
    assert dataset(door.arrived(1)[0]).name == "0007"


def test_one_changed_parameter_and_late_files(door: RunningListener, client: IcatClient) -> None:
    client.update_metadata(
        beamline="id11", proposal="ma1234", dataset_paths=[LOCATION], metadata_name="Process_note", metadata_value="ok"
    )
    client.add_files(5001)
    changed, files = sorted(door.arrived(2), key=lambda row: row.queue, reverse=True)
    assert (changed.queue, files.queue) == ("icatUpdateDatasetMetadata", "icatDataFiles")
    assert json.loads(changed.body or b"")["datasetPaths"] == [LOCATION]
    assert json.loads(files.body or b"") == {"datasetId": 5001}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_archive_status(door: RunningListener) -> None:
    client = IcatClient(archive_urls=[f"{door.host}:{door.port}"])
    client.update_archive_restore_status(
        dataset_id=5001, type=ArchiveStatusType.ARCHIVING, level=ArchiveStatusLevel.INFO, message="on tape"
    )
    client.disconnect()
    (row,) = door.arrived(1)
    assert (row.queue, json.loads(row.body or b"")["message"]) == ("icatArchiveRestoreStatus", "on tape")


def test_the_same_dataset_sent_twice_is_counted(door: RunningListener, client: IcatClient) -> None:
    metadata = {"Sample_name": "wire", "startDate": "2025-03-11T14:00", "endDate": "2025-03-11T14:20"}
    for _ in range(3):
        client.store_dataset("id11", "ma1234", "0007", LOCATION, metadata)
    client.store_dataset("id11", "ma1234", "0008", LOCATION, metadata)
    first, _second = door.arrived(2)
    assert first.repetitions == 2


def run(script: str, *arguments: str) -> None:
    command = [str(Path(sys.executable).parent / script), *arguments]
    subprocess.run(command, check=True, timeout=60, capture_output=True)


@pytest.mark.slow
def test_the_console_scripts(door: RunningListener, tmp_path: Path) -> None:
    queue = f"--queue={door.host}:{door.port}"
    common = ["--beamline=id11", "--proposal=ma1234", "--sample=wire", "-p", "startDate=2025-03-11T14:00:00"]
    common += ["-p", "endDate=2025-03-11T14:20:00"]
    run("icat-store-raw", *common, "--dataset=0007", f"--path={LOCATION}", queue)
    run("icat-store-processed", *common, "--dataset=integrate", f"--path={PROCESSED}", f"--raw={LOCATION}", queue)
    run("icat-store-raw", *common, "--dataset=0008", f"--path={LOCATION}b", f"--store-filename={tmp_path / 'a.xml'}")
    run("icat-store-from-file", str(tmp_path / "*.xml"), queue)
    run("icat-add-files", "5001", "5002", queue)
    rows = door.arrived(5)
    assert [dataset(row).name for row in rows if row.queue == "icatIngest"] == ["0007", "integrate", "0008"]
    assert [json.loads(row.body or b"") for row in rows if row.queue == "icatDataFiles"] == [
        {"datasetId": 5001},
        {"datasetId": 5002},
    ]


class TestMonitor:
    @pytest.fixture
    def counts(self) -> dict[str, int]:
        return dict.fromkeys(QUEUES.kinds, 2)

    @pytest.fixture
    def url(self, counts: dict[str, int]) -> Iterator[str]:
        monitor = Monitor(("127.0.0.1", 0), counts.get)
        host, port = monitor.start()
        yield f"http://{host}:{port}"
        monitor.stop()

    def bean(self, queue: str) -> str:
        keys = f"type=Broker,brokerName=metadata,destinationType=Queue,destinationName={queue}"
        return f"/api/jolokia/read/org.apache.activemq:{keys}/ConsumerCount"

    def test_the_answer_has_the_form_of_jolokia(self, url: str) -> None:
        answer = requests.get(url + self.bean("icatIngest"), auth=("user", "user"), timeout=5)
        document = answer.json()
        assert (answer.status_code, document["status"], document["value"]) == (200, 200, 2)
        assert document["request"] == {
            "mbean": "org.apache.activemq:brokerName=metadata,destinationName=icatIngest,"
            "destinationType=Queue,type=Broker",
            "attribute": "ConsumerCount",
            "type": "read",
        }

    def test_an_unknown_queue_has_no_value(self, url: str) -> None:
        answer = requests.get(url + self.bean("other"), timeout=5)
        assert (answer.status_code, answer.json()["status"], "value" in answer.json()) == (200, 404, False)

    @pytest.mark.parametrize(
        "path", ["/", "/api/jolokia", "/api/jolokia/list", "/api/jolokia/read/java.lang:type=Memory", "/%ff%00"]
    )
    def test_nothing_else_is_told(self, url: str, path: str) -> None:
        assert requests.get(url + path, timeout=5).status_code == 404

    def test_nothing_can_be_sent(self, url: str) -> None:
        for method in ("POST", "PUT", "DELETE"):
            assert requests.request(method, url + self.bean("icatIngest"), timeout=5).status_code == 405

    def test_check_health_of_the_client(self, url: str, counts: dict[str, int], door: RunningListener) -> None:
        client = IcatClient(
            metadata_urls=[f"{door.host}:{door.port}"], metadata_queue_monitor_port=int(url.rsplit(":", 1)[1])
        )
        client._metadata_client.check_health()
        counts["icatIngest"] = 0
        with pytest.raises(RuntimeError, match="no consumers"):
            client._metadata_client.check_health()
        client.disconnect()
