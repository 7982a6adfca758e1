"""What control systems look up: unmodified pyicat-plus against the data acquisition routes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from pyicat_plus.client.main import IcatClient

from icat_schema.gateway import Session
from tests.catalogue.conftest import API_KEY
from tests.catalogue.seed import APPLE_START, Facility, Seeder


@pytest.fixture
def client(facade: str) -> IcatClient:
    return IcatClient(elogbook_url=facade, elogbook_token=API_KEY, elogbook_timeout=30, feedback_timeout=30)


@pytest.fixture(scope="module")
def registered(seeder: Seeder, root: Session, facility: Facility) -> Iterator[dict[int, str]]:
    """A session with two datasets in a folder layout of the facility, by id."""
    home = seeder.investigation("BLC-77", "CM01 20310506", "CM01", {}, startDate=APPLE_START, title="Ice")
    folder = "/data/visitor/blc77/cm01/20310506/RAW_DATA/grid"
    made = seeder.datasets(
        home,
        None,
        [
            {"name": name, "location": f"{folder}/grid_{name}", "values": {"__fileCount": str(count)}}
            for name, count in (("0001", 3), ("0002", 0))
        ],
    )
    yield dict(zip(made, (f"{folder}/grid_0001", f"{folder}/grid_0002"), strict=True))
    root.delete("Investigation", [home])


def test_a_session_is_found_by_beamline_proposal_and_date(client: IcatClient, facility: Facility) -> None:
    info = client.investigation_info("id30a1", "xx1234", date=date(2031, 5, 7))
    assert info is not None
    assert info["id"] == facility.apple
    assert info["proposal"] == "XX-1234"
    assert info["beamline"] == "ID30A-1"
    assert datetime.fromisoformat(info["startDate"]) == APPLE_START - timedelta(hours=1)
    assert client.investigation_info("id30a1", "zz9999") == {}


def test_registered_datasets_are_confirmed_byte_by_byte(client: IcatClient, registered: dict[int, str]) -> None:
    moment = {"date": APPLE_START + timedelta(hours=1)}
    ids = client.registered_dataset_ids("cm01", "BLC-77", **moment)
    assert ids is not None
    assert [str(one.path) for one in ids] == list(registered.values())
    datasets = client.registered_datasets("cm01", "blc77", **moment)
    assert datasets is not None
    assert {one.icat_dataset_id: one.dataset_metadata.file_count for one in datasets} == dict(
        zip(registered, (3, 0), strict=True)
    )
