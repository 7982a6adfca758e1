"""A real workflow, executed and published by the unmodified engine, ends in a linked processed dataset."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyicat_plus.client.main import IcatClient

from drac_plugins.processed.plugin import plugin as processed_plugin
from tests.producers.chain import PLUGINS, Chain, running_chain
from tests.support.activemq import ActiveMQ, activemq
from tests.support.environments import Environment, environment

__all__ = ["activemq"]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ewoks"), pytest.mark.producers]
SESSION = "/data/visitor/mx2745/id30a1/20260310"
WORKFLOW = Path(__file__).with_name("workflow.py")


@pytest.fixture(scope="module")
def ewoks() -> Environment:
    return environment("ewoks", "ewoks==6.0.0", "ewoksjob==1.5.0", "pyicat-plus==3.1.0")


@dataclass
class Facility:
    chain: Chain
    ewoks: Environment

    def measure(self, name: str, broker: str | None = None) -> str:
        """A raw dataset, announced as BLISS does; its location."""
        location = f"{SESSION}/RAW_DATA/{name}/{name}_0001"
        client = IcatClient(metadata_urls=[broker or self.chain.broker])
        client.store_dataset(
            beamline="id30a1",
            proposal="mx2745",
            dataset="0001",
            path=location,
            metadata={"Sample_name": name, "startDate": "2026-03-10T12:00:00+01:00"},
        )
        client.disconnect()
        return location

    def run(
        self, name: str, raw: Sequence[str], *, engine: str = "ewoks", fails: bool = False, broker: str | None = None
    ) -> tuple[str, subprocess.CompletedProcess[str]]:
        """Execute the workflow on these inputs; the location of its result, and how the program ended."""
        location = f"{SESSION}/PROCESSED_DATA/{name}/{name}_0001/sum"
        folder = self.chain.folder(location)
        (folder / "result.txt").write_text("6")
        metadata = {"Sample_name": name, "Workflow_name": "sum", "Workflow_id": "w1", "Process_version": "6.0.0"}
        order: dict[str, Any] = {
            "engine": engine,
            "fails": fails,
            "keep": str(folder / "workflow.json"),
            "upload": {
                "metadata_urls": [broker or self.chain.broker],
                "beamline": "id30a1",
                "proposal": "mx2745",
                "dataset": "sum",
                "path": location,
                "raw": list(raw),
                "metadata": metadata,
            },
        }
        command = [self.ewoks.python, str(WORKFLOW)]
        done = subprocess.run(
            command, input=json.dumps(order), capture_output=True, text=True, timeout=180, cwd=folder, check=False
        )
        return location, done

    def linked(self, location: str, raw: Sequence[str]) -> dict[str, Any]:
        """The dataset at the location, once it has these inputs."""
        ids = [str(self.chain.dataset(one)["id"]) for one in raw]
        found: dict[str, Any] = self.chain.dataset(
            location, until=lambda facts: facts.get("input_datasetIds") == " ".join(ids)
        )
        for one in raw:
            self.chain.dataset(one, until=lambda facts: str(found["id"]) in facts.get("output_datasetIds", "").split())
        return found


@pytest.fixture(scope="module")
def facility(ewoks: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    with running_chain(tmp_path_factory.mktemp("ewoks"), (*PLUGINS, processed_plugin)) as chain:
        yield Facility(chain, ewoks)


@pytest.mark.parametrize("engine", ["ewoks", "ewoksjob"])
def test_a_workflow_ends_in_a_linked_processed_dataset(facility: Facility, engine: str) -> None:
    raw = [facility.measure(f"{engine}one"), facility.measure(f"{engine}two")]
    location, done = facility.run(engine, raw, engine=engine)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"result": 6}
    found = facility.linked(location, raw)
    assert (found["type"], found["investigation"], found["datasetName"]) == ("processed", "MX-2745", "sum")
    assert found["input_datasets"] == ",".join(raw)
    assert facility.chain.job_of(found["id"]) == ("sum", "6.0.0")
    facility.chain.dataset(location, until=lambda facts: facts.get("__fileCount") == "2")
    lineage = facility.chain.facade.get(f"/processed/{found['id']}/lineage", "ada").json()
    assert {node["location"]: node["level"] for node in lineage["nodes"]} == {location: 0, raw[0]: -1, raw[1]: -1}


def test_the_same_run_twice_is_one_dataset(facility: Facility) -> None:
    raw = [facility.measure("twice")]
    location, _ = facility.run("twice", raw)
    first = facility.linked(location, raw)
    facility.run("twice", raw)
    again = facility.chain.dataset(location, until=lambda facts: facts["endDate"] != first["endDate"])
    assert again["id"] == first["id"]
    assert facility.chain.job_of(first["id"]) == ("sum", "6.0.0")


def test_a_result_that_comes_before_its_raw_data_is_linked_when_these_come(facility: Facility) -> None:
    missing = f"{SESSION}/RAW_DATA/early/early_0001"
    location, done = facility.run("early", [missing])
    assert done.returncode == 0, done.stderr
    found = facility.chain.dataset(location)
    assert found["investigation"] == "MX-2745"
    assert "input_datasetIds" not in found
    assert facility.measure("early") == missing
    facility.linked(location, [missing])


def test_a_workflow_that_fails_announces_nothing(facility: Facility) -> None:
    raw = [facility.measure("broken")]
    before = facility.chain.ingester.inbox().count()
    _, done = facility.run("broken", raw, fails=True)
    assert done.returncode != 0
    facility.chain.dataset(raw[0])
    assert facility.chain.ingester.inbox().count() <= before + 1  # the raw dataset, if it had not arrived


@pytest.mark.activemq
def test_the_same_through_activemq(ewoks: Environment, activemq: ActiveMQ, tmp_path: Path) -> None:
    """Announced while the ingester is down: the broker keeps it."""
    with running_chain(tmp_path, environment={"DRAC_INGEST__BROKERS": f'["{activemq.address}"]'}) as chain:
        facility = Facility(chain, ewoks)
        chain.ingester.kill()
        raw = [facility.measure("kept", activemq.address)]
        location, done = facility.run("kept", raw, broker=activemq.address)
        assert done.returncode == 0, done.stderr
        chain.ingester.start()
        facility.linked(location, raw)
        assert chain.link_faults() == []
