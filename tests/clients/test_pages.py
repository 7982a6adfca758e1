"""What the pages of the clients say is done, against the demonstration: here with the release of pyicat-plus that is
installed beside us, for others see `test_programs`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from pyicat_plus.client.main import IcatClient

from tests.clients.pages import CLIENTS, said
from tests.support.demonstration import Demonstration
from tests.support.environments import environment

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow, pytest.mark.producers]
NOMAD = """
import json
from datetime import date
found = icat.fetch_icat_catalogue_datasets(date(2000, 1, 1), date(2100, 1, 1), limit=50)
print(json.dumps({
    "investigations": sorted({one["investigation"]["name"] for one in found}),
    "status": list(icat.get_datasets_status([one["id"] for one in found]).values()),
    "facilities": facilities.fetch_facilities(),
}))
"""
FOLDER = "/data/visitor/mx9177/id30a1/20260310/RAW_DATA/paged/paged_0001"


@pytest.fixture
def addresses(demonstration: Demonstration) -> dict[str, str]:
    return {"http://127.0.0.1:8000": demonstration.url, "127.0.0.1:61613": demonstration.broker}


def test_every_client_has_a_page() -> None:
    pages = {path.stem for path in CLIENTS.glob("*.md")}
    assert pages == {"pyicat-plus", "mxcubecore", "bliss", "icat-indexer", "drac-notifier", "nomad"}


def test_pyicat_plus_as_its_page_says(addresses: dict[str, str]) -> None:
    script = said("pyicat-plus", "python", addresses)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["MD-1290 2 datasets", "The heart of a lamb"]


def test_bliss_as_its_page_says(addresses: dict[str, str]) -> None:
    """BLISS hands its settings to the class that is used here, and waits for its datasets as is done here."""
    settings = yaml.safe_load(said("bliss", "yaml", addresses))["icat_servers"]
    client = IcatClient(**settings, feedback_timeout=30)
    start = datetime(2026, 3, 10, 12, tzinfo=UTC)
    metadata = {"Sample_name": "paged", "startDate": start, "endDate": start + timedelta(minutes=1)}
    client.store_dataset(beamline="id30a1", proposal="mx9177", dataset="paged_0001", path=FOLDER, metadata=metadata)
    client.disconnect()
    end = time.monotonic() + 60
    while FOLDER not in [str(one.path) for one in client.registered_dataset_ids("id30a1", "mx9177", date=start) or ()]:
        assert time.monotonic() < end
        time.sleep(0.3)


def test_nomad_as_its_page_says(addresses: dict[str, str]) -> None:
    nomad = environment("nomad", "httpx", alone="nomad-semantic-web-service==0.1.0")
    done = subprocess.run(
        [nomad.python, "-c", said("nomad", "python", addresses) + NOMAD], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["investigations"] == ["MD-1290"], "what is under embargo is not public"
    assert set(found["status"]) == {"ONLINE"}
    assert found["facilities"] != []
