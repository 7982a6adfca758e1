"""Unmodified clients against the demonstration: icat-plus-client, pyicat-plus' scripts, python-icat."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import icat_plus_client as icatplus
import pytest
import requests
from icat.client import Client
from icat.exception import ICATObjectExistsError
from icat.query import Query

from drac_plugins.demo.commands import DATASETS
from tests.support.demonstration import Demonstration

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow]

API_KEY = "elogbook-00000000-0000-0000-0000-000000000000"
LogIn = Callable[[str], tuple[str, icatplus.CatalogueApi]]


@pytest.fixture
def log_in(demonstration: Demonstration) -> LogIn:
    def as_user(name: str) -> tuple[str, icatplus.CatalogueApi]:
        configuration = icatplus.Configuration(host=demonstration.url)
        client = icatplus.ApiClient(configuration)
        credentials = icatplus.Credentials(plugin="simple", username=name, password=name)
        session = icatplus.SessionApi(client).session_post(credentials)
        configuration.access_token = session.session_id
        return session.session_id, icatplus.CatalogueApi(client)

    return as_user


def investigation(log_in: LogIn, name: str) -> tuple[icatplus.CatalogueApi, str]:
    session_id, catalogue = log_in("ada")
    found = catalogue.catalogue_session_id_investigation_get(session_id=session_id, investigation_name=name)
    assert len(found) == 1
    return catalogue, str(found[0].id)


def value(dataset: icatplus.Dataset, name: str) -> str | None:
    return next((p.value for p in dataset.parameters or [] if p.name == name), None)


def test_adas_mx_session_shows_three_collections_with_four_results_each_and_the_merge_under_all(log_in: LogIn) -> None:
    catalogue, mx = investigation(log_in, "MX-2745")
    collections = catalogue.catalogue_datasets_get(investigation_ids=mx, dataset_type="acquisition", nested=True)
    assert len(collections) == 3
    raw_ids = {str(collection.id) for collection in collections}
    for collection in collections:
        outputs = collection.output_datasets or []
        programs = sorted(value(output, "Process_program") or "" for output in outputs)
        assert programs == ["XIA2_DIALS", "XSCALE_merge", "autoPROC", "autoPROC_staraniso", "grenades_fastproc"]
        merge = next(output for output in outputs if value(output, "datasetName") == "merged")
        assert set((value(merge, "input_datasetIds") or "").split()) == raw_ids


def test_dee_sees_nothing_of_adas_mx_session(log_in: LogIn) -> None:
    _, mx = investigation(log_in, "MX-2745")
    session_id, catalogue = log_in("dee")
    assert catalogue.catalogue_datasets_get(investigation_ids=mx) == []
    assert catalogue.catalogue_session_id_investigation_get(session_id=session_id, ids=mx) == []


def test_the_tilt_series_is_three_levels_deep(log_in: LogIn) -> None:
    catalogue, em = investigation(log_in, "MX-2790")
    movies = catalogue.catalogue_datasets_get(investigation_ids=em, dataset_type="acquisition", nested=True)
    assert len(movies) == 5
    for movie in movies:
        (motion,) = movie.output_datasets or []
        (ctf,) = motion.output_datasets or []
        assert value(ctf, "EMCTF_resolution_limit") is not None
        assert not ctf.output_datasets


def test_the_reconstruction_that_came_before_its_scan_is_linked_to_it(log_in: LogIn) -> None:
    catalogue, tomo = investigation(log_in, "MD-1290")
    (scan,) = catalogue.catalogue_datasets_get(investigation_ids=tomo, dataset_type="acquisition", nested=True)
    (volume,) = scan.output_datasets or []
    assert value(volume, "input_datasetIds") == str(scan.id)


def test_every_dataset_passes_the_strict_models_of_the_client(log_in: LogIn) -> None:
    session_id, catalogue = log_in("ada")
    sessions = catalogue.catalogue_session_id_investigation_get(session_id=session_id)
    assert len(sessions) == 6
    total = 0
    for found in sessions:
        datasets = catalogue.catalogue_datasets_get(investigation_ids=str(found.id), nested=True)
        total += len(datasets)
        samples = catalogue.catalogue_session_id_samples_get(session_id=session_id, investigation_id=str(found.id))
        assert samples
        for dataset in datasets:
            wrapped = catalogue.catalogue_session_id_datafile_get(session_id=session_id, dataset_id=str(dataset.id))
            assert len(wrapped) == int(value(dataset, "__fileCount") or -1)
    assert total == DATASETS


def wait_for(found: Callable[[], Any], seconds: float) -> Any:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        result = found()
        if result:
            return result
        time.sleep(0.1)
    return found()


def registered(demonstration: Demonstration, proposal: str, location: str) -> dict[str, Any] | None:
    address = f"{demonstration.url}/dataacquisition/{API_KEY}"
    query = {"investigationName": proposal, "instrumentName": "ID30A-1"}
    for found in requests.get(f"{address}/investigation", params=query, timeout=30).json():
        datasets = requests.get(f"{address}/dataset", params={"investigationId": found["id"]}, timeout=30).json()
        for dataset in datasets:
            if dataset["location"] == location:
                return dict(dataset)
    return None


def test_the_producers_scripts_register_raw_and_processed_within_three_seconds(demonstration: Demonstration) -> None:
    session = demonstration.data / "visitor" / "mx2745" / "id30a1" / "20260310"
    raw, processed = session / "RAW_DATA" / "lyso" / "by-hand", session / "PROCESSED_DATA" / "lyso" / "by-hand"
    for folder in (raw, processed):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "note.txt").write_text("by hand\n")
    scripts = Path(sys.executable).parent
    common = ["--beamline", "id30a1", "--proposal", "mx2745", "--sample", "lyso-crystal1", "--dataset", "by-hand"]
    dates = ["-p", "startDate=2026-03-10T18:00:00+01:00", "-p", "endDate=2026-03-10T18:01:00+01:00"]
    broker = ["--queue", demonstration.broker]
    subprocess.run([scripts / "icat-store-raw", *common, *dates, *broker, "--path", raw], check=True, timeout=60)
    announced = "/data/" + str(raw.relative_to(demonstration.data))
    dataset = wait_for(lambda: registered(demonstration, "MX-2745", announced), 3)
    assert dataset is not None
    assert dataset["sampleName"] == "lyso-crystal1"
    subprocess.run(
        [scripts / "icat-store-processed", *common, *dates, *broker, "--path", processed, "--raw", raw],
        check=True,
        timeout=60,
    )
    result = wait_for(
        lambda: registered(demonstration, "MX-2745", "/data/" + str(processed.relative_to(demonstration.data))), 3
    )
    assert result is not None
    inputs = [p["value"] for p in result["parameters"] if p["name"] == "input_datasetIds"]
    assert inputs == [str(dataset["id"])]


@pytest.fixture
def root(demonstration: Demonstration) -> Client:
    client = Client(demonstration.catalogue_url)
    client.login("simple", {"username": "root", "password": "root"})
    yield client
    client.logout()


def test_python_icat_finds_datasets_by_parameter_with_includes(root: Client) -> None:
    query = Query(
        root,
        "Dataset",
        conditions={"parameters.type.name": "= 'definition'"},
        includes={"investigation.facility", "sample", "parameters.type"},
        order=["startDate"],
    )
    found = root.search(query)
    assert len(found) == DATASETS  # those stored by hand have no definition
    assert [dataset.startDate for dataset in found] == sorted(dataset.startDate for dataset in found)
    assert all(dataset.investigation.facility.name == "ESRF" for dataset in found)
    assert all(parameter.type.name for parameter in found[0].parameters)


def test_python_icat_creates_and_deletes_an_investigation_tree(root: Client) -> None:
    facility = root.assertedSearch("Facility")[0]
    kind = root.assertedSearch("SELECT t FROM DatasetType t WHERE t.name = 'acquisition'")[0]
    mx = root.assertedSearch("SELECT t FROM InvestigationType t WHERE t.name = 'MX'")[0]
    sample = root.new("Sample", name="s")
    datafile = root.new("Datafile", name="f.h5", fileSize=3)
    dataset = root.new("Dataset", name="d", complete=True, type=kind, datafiles=[datafile])
    tree = root.new(
        "Investigation",
        name="ZZ-1",
        visitId="tree",
        title="A tree",
        facility=facility,
        type=mx,
        samples=[sample],
        datasets=[dataset],
    )
    tree.create()
    assert root.search(
        "SELECT COUNT(f) FROM Datafile f JOIN f.dataset d JOIN d.investigation i WHERE i.name = 'ZZ-1'"
    ) == [1]
    with pytest.raises(ICATObjectExistsError):
        root.new("Investigation", name="ZZ-1", visitId="tree", title="Twice", facility=facility, type=mx).create()
    root.delete(tree)
    assert root.search("SELECT COUNT(d) FROM Dataset d WHERE d.name = 'd'") == [0]


def test_the_mx_display_is_resolved_with_its_reason(demonstration: Demonstration, log_in: LogIn) -> None:
    catalogue, mx = investigation(log_in, "MX-2745")
    dataset = catalogue.catalogue_datasets_get(investigation_ids=mx, dataset_type="acquisition")[0]
    answer = resolve(demonstration, catalogue, dataset.id)
    assert answer["display"]["id"] == "mx"
    assert "MX" in answer["explain"]["text"]


def test_a_dataset_of_2023_gets_the_display_of_its_time(demonstration: Demonstration, log_in: LogIn) -> None:
    catalogue, mx = investigation(log_in, "MX-2450")
    for dataset in catalogue.catalogue_datasets_get(investigation_ids=mx):
        assert resolve(demonstration, catalogue, dataset.id)["display"]["id"] == "mx-legacy"


def resolve(demonstration: Demonstration, catalogue: icatplus.CatalogueApi, dataset_id: float) -> dict[str, Any]:
    token = catalogue.api_client.configuration.access_token
    reply = requests.get(
        f"{demonstration.url}/displays/resolve",
        params={"datasetId": dataset_id, "explain": "true"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert reply.status_code == 200, reply.text
    return dict(reply.json())
