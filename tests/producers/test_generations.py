"""Four generations of pyicat-plus, unmodified, each in an environment of its own: every call and every script that a
release has, through our own listener and through ActiveMQ, down to what the catalogue and the facade show."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.producers.chain import Chain, running_chain
from tests.support.activemq import ActiveMQ, activemq
from tests.support.environments import Environment, environment

__all__ = ["activemq"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("producers"), pytest.mark.producers]
SPEAK = Path(__file__).with_name("speak.py")
SESSION = "/data/visitor/mx2745/id30a1/20260310"
START = "2026-03-10T12:00:00+01:00"
RELEASES = {"0.1.9": "0.1.9", "1.1.1": "1.1.1", "2.3": "2.3.0", "3.1.0": "3.1.0"}
STORES = {"start_investigation", "store_dataset", "store_processed_data", "store_dataset_from_file"}
CHANGES = {"add_files", "update_metadata", "update_archive_restore_status", "reschedule_investigation"}
LOOKS = {
    "investigation_info",
    "investigation_info_string",
    "investigation_summary",
    "registered_dataset_ids",
    "registered_datasets",
}
ASKS = {
    "do_log_in",
    "get_session_information",
    "get_investigations_by",
    "get_investigation_types",
    "get_investigation_users",
    "get_datasets_by",
    "get_datafiles_by",
    "get_samples_by",
}
SAME = {"store_processed_dataset", "disconnect"}
"""An alias of store_processed_data, and the end of every conversation here."""
ELSEWHERE = {
    "send_message": "logbook",
    "send_text_file": "logbook",
    "send_binary_data": "logbook",
    "send_binary_file": "logbook",
    "send_data": "logbook",
    "get_parcels_by": "tracking",
    "get_sample_metadata_by": "tracking",
    "get_sample_files_by": "sample files",
    "get_sample_files_information_by": "sample files",
    "get_sample_information_list_by": "sample files",
    "download_file_by": "sample files",
}
"""Calls that other plugins answer, which have tests with these calls of their own."""


@dataclass
class Producer:
    """One release before a running installation. `through`: address of the door that it uses."""

    release: str
    home: Environment
    chain: Chain
    through: str
    label: str
    offers: set[str] = field(default_factory=set)

    def speak(self, *calls: tuple[str, dict[str, Any]]) -> dict[str, str]:
        urls = [self.through]
        client = {
            "metadata_urls": urls,
            "metadata_queue_monitor_port": self.chain.ingester.monitor_port,
            "archive_urls": urls,
            "update_metadata_urls": urls,
            "add_files_urls": urls,
            "reschedule_investigation_urls": urls,
            "elogbook_url": self.chain.facade.url,
            "elogbook_token": self.chain.facade.api_key,
            "icatplus_restricted_url": self.chain.facade.url,
            "feedback_timeout": 30,
        }
        done = self._run([self.home.python, str(SPEAK)], json.dumps({"client": client, "calls": calls}))
        told = json.loads(done.splitlines()[-1])
        self.offers |= set(told["offers"])
        results: dict[str, str] = told["results"]
        assert not [f"{name}: {text}" for name, text in results.items() if text.startswith("failed")]
        return results

    def script(self, name: str, *arguments: str) -> None:
        if Path(self.home.script(name)).exists():
            self._run([self.home.script(name), *arguments])

    def _run(self, command: list[str], text: str = "") -> str:
        folder = self.chain.data
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=180, cwd=folder, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
        return done.stdout

    def place(self, kind: str, name: str) -> str:
        """A folder with a file, announced as `location`."""
        location = f"{SESSION}/{kind}/{self.label}/{self.label}_{name}"
        (self.chain.folder(location) / "first.h5").write_bytes(b"x" * 10)
        return location

    def arguments(self, location: str, **more: Any) -> dict[str, Any]:
        metadata = {"Sample_name": self.label, "startDate": START, "endDate": START, "definition": "MX"}
        name = location.rsplit("/", 1)[1]
        return {
            "beamline": "ID30A-1",
            "proposal": "MX2745",
            "dataset": name,
            "path": location,
            "metadata": metadata,
            **more,
        }

    def applied(self, before: int, count: int) -> None:
        """So many messages more have been applied, and none was refused."""
        inbox = self.chain.ingester.inbox()
        self.chain.wait(lambda: inbox.counters().states.get("done", 0) >= before + count)
        self.chain.wait(lambda: not set(inbox.counters().states) & {"received", "ready", "working"})
        assert set(inbox.counters().states) == {"done"}, [row.text for row in inbox.list(limit=1000) if row.text]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, activemq: ActiveMQ) -> Iterator[Chain]:
    """One installation with both doors for all releases."""
    brokers = {"DRAC_INGEST__BROKERS": f'["{activemq.address}"]', "DRAC_INGEST__FILES_PAUSE_SECONDS": "0"}
    with running_chain(tmp_path_factory.mktemp("producers"), environment=brokers) as found:
        yield found


@pytest.fixture(
    params=[
        pytest.param((release, door), id=f"{release}-{door}")
        for release in RELEASES
        for door in ("listener", "activemq")
    ]
)
def producer(request: pytest.FixtureRequest, chain: Chain, activemq: ActiveMQ) -> Producer:
    release, door = request.param
    home = environment(f"pyicat-plus-{release}", f"pyicat-plus=={RELEASES[release]}")
    through = activemq.address if door == "activemq" else chain.broker
    return Producer(release, home, chain, through, f"p{release.replace('.', '')}{door}")


@pytest.mark.activemq
def test_every_call_of_a_release_has_its_effect(producer: Producer) -> None:
    chain, raw, made = producer.chain, producer.place("RAW_DATA", "0001"), producer.place("PROCESSED_DATA", "sum")
    kept, file = producer.place("RAW_DATA", "0002"), str(chain.data / f"{producer.label}.xml")
    before = chain.ingester.inbox().counters().states.get("done", 0)
    producer.speak(
        ("check_health", {}),
        ("start_investigation", {"beamline": "ID30A-1", "proposal": "MX2745", "start_datetime": START}),
        ("store_processed_data", producer.arguments(made, raw=[raw])),
        ("store_dataset", producer.arguments(raw)),
    )
    producer.speak(("store_dataset", producer.arguments(kept, store_filename=file)))
    producer.speak(("store_dataset_from_file", {"store_filename": file}))
    producer.applied(before, 3)  # the start of the session may be, to the byte, that of another door: a repetition
    found = chain.dataset(made, until=lambda facts: "input_datasetIds" in facts)
    one = chain.dataset(raw, until=lambda facts: facts.get("__fileCount") == "1")
    assert (one["type"], found["type"]) == ("acquisition", "processed")
    assert found["input_datasetIds"] == str(one["id"])
    assert one["output_datasetIds"] == str(found["id"])
    assert chain.dataset(kept)["investigation"] == one["investigation"] == "MX-2745"
    _change(producer, one, raw)
    _look(producer, one, raw)
    everything = STORES | CHANGES | LOOKS | ASKS | SAME | ELSEWHERE.keys()
    assert producer.offers <= everything, "a call that nobody has tried"


def _change(producer: Producer, one: dict[str, Any], raw: str) -> None:
    """Messages on the other queues."""
    chain = producer.chain
    before = chain.ingester.inbox().counters().states.get("done", 0)
    (chain.folder(raw) / "second.h5").write_bytes(b"y")
    words = f"by {producer.label}"
    told = producer.speak(
        ("add_files", {"dataset_id": one["id"]}),
        (
            "update_metadata",
            {
                "proposal": "mx2745",
                "beamline": "id30a1",
                "dataset_paths": raw,
                "metadata_name": "Sample_description",
                "metadata_value": words,
            },
        ),
        (
            "update_archive_restore_status",
            {"dataset_id": one["id"], "type": "archiving", "level": "info", "message": f"copy of {producer.label}"},
        ),
        ("reschedule_investigation", {"investigation_id": str(chain.investigation("MX-2745"))}),
    )
    producer.applied(before, sum(text != "absent" for text in told.values()))
    if told["update_metadata"] != "absent":
        chain.dataset(raw, until=lambda facts: facts.get("Sample_description") == words)
    if told["add_files"] != "absent":
        chain.dataset(raw, until=lambda facts: facts.get("__fileCount") == "2")
    assert "archiving" in json.dumps(chain.dataset(raw)) or "__archiveStatus" in chain.dataset(raw)


def _look(producer: Producer, one: dict[str, Any], raw: str) -> None:
    """What producers and their users read back."""
    session = str(producer.chain.investigation("MX-2745"))
    where = {"beamline": "id30a1", "proposal": "mx2745"}
    told = producer.speak(*((name, where) for name in sorted(LOOKS)))
    assert session in told["investigation_info"]
    assert "MX-2745" in told["investigation_info_string"]
    assert raw.rsplit("/", 1)[1] in told["registered_dataset_ids"]
    told = producer.speak(
        ("do_log_in", {"username": "ada", "password": "ada", "plugin": "simple"}),
        ("get_session_information", {}),
        ("get_investigations_by", {"ids": session}),
        ("get_investigation_types", {}),
        ("get_investigation_users", {"investigation_id": session}),
        ("get_datasets_by", {"investigation_id": session}),
        ("get_datafiles_by", {"location": f"{raw}/first.h5"}),
        ("get_samples_by", {"investigation_id": session}),
    )
    expected = {
        "get_investigations_by": "MX-2745",
        "get_datasets_by": raw,
        "get_datafiles_by": "first.h5",
        "get_samples_by": producer.label,
    }
    for name, text in expected.items():
        assert text in told[name] or told[name] == "absent", f"{name}: {told[name][:500]}"


@pytest.mark.activemq
def test_every_script_of_a_release_has_its_effect(producer: Producer) -> None:
    chain = producer.chain
    raw, made = producer.place("RAW_DATA", "script"), producer.place("PROCESSED_DATA", "script_sum")
    kept, file = producer.place("RAW_DATA", "stored"), str(chain.data / f"{producer.label}-script.xml")
    common = ("--beamline", "id30a1", "--proposal", "mx2745", "--sample", producer.label, "--queue", producer.through)
    times = ("-p", f"startDate={START}", "-p", f"endDate={START}")
    producer.script("icat-store-processed", *common, "--dataset", "sum", "--path", made, "--raw", raw, *times)
    producer.script("icat-store-raw", *common, "--dataset", "0001", "--path", raw, *times)
    producer.speak(("store_dataset", producer.arguments(kept, store_filename=file)))
    producer.script("icat-store-from-file", file, "--queue", producer.through)
    found = chain.dataset(made, until=lambda facts: "input_datasetIds" in facts)
    one = chain.dataset(raw, until=lambda facts: facts.get("__fileCount") == "1")
    assert found["input_datasetIds"] == str(one["id"])
    assert chain.dataset(kept)["investigation"] == "MX-2745"
    if Path(producer.home.script("icat-add-files")).exists():
        (chain.folder(raw) / "second.h5").write_bytes(b"y")
        producer.script("icat-add-files", str(one["id"]), "--queue", producer.through)
        chain.dataset(raw, until=lambda facts: facts.get("__fileCount") == "2")
    assert chain.link_faults() == []
