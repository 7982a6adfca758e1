"""The unmodified icat-plus-client calls every route and parses every answer with its own strict models."""

from __future__ import annotations

from collections.abc import Callable

import icat_plus_client
import pytest
from icat_plus_client.exceptions import BadRequestException, ForbiddenException, UnauthorizedException

from icat_schema.gateway import Session
from tests.catalogue.conftest import API_KEY
from tests.catalogue.seed import ESRFET, Facility

UNKNOWN = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def api(facade: str) -> icat_plus_client.CatalogueApi:
    return icat_plus_client.CatalogueApi(icat_plus_client.ApiClient(icat_plus_client.Configuration(host=facade)))


@pytest.fixture
def acquisition(facade: str) -> icat_plus_client.DataAcquisitionApi:
    client = icat_plus_client.ApiClient(icat_plus_client.Configuration(host=facade))
    return icat_plus_client.DataAcquisitionApi(client)


@pytest.fixture
def ada(sessions: Callable[[str], Session]) -> str:
    return sessions("ada").id


def bearer(session_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {session_id}"}


def test_nested_datasets_show_results_below_their_raw_data(
    api: icat_plus_client.CatalogueApi, ada: str, facility: Facility
) -> None:
    found = api.catalogue_datasets_get(
        investigation_ids=str(facility.apple), dataset_type="acquisition", nested=True, _headers=bearer(ada)
    )
    assert [dataset.id for dataset in found] == list(facility.raw)
    for i, dataset in enumerate(found):
        below = [output.id for output in dataset.output_datasets]
        assert below == [facility.results[2 * i], facility.results[2 * i + 1], facility.merge]
        merge = dataset.output_datasets[-1]
        inputs = next(p.value for p in merge.parameters if p.name == "input_datasetIds")
        assert inputs.split() == [str(key) for key in facility.raw]
        assert [report.id for report in merge.output_datasets] == [facility.report]
    first = found[0]
    assert first.sample_name == "apple"
    assert first.instrument_name == "ID30A-1"
    assert first.start_date == "2031-05-06T09:00:00.000+02:00"
    assert first.techniques[0].pid == f"{ESRFET}MX"
    assert first.investigation.investigation_instruments[0].instrument.name == "ID30A-1"
    assert [(p.name, p.value) for p in first.investigation.parameters] == [("Id", "55123"), ("__datasetCount", "8")]
    assert {(m.name, m.role) for m in first.investigation.members} == {
        ("Ada", "Principal investigator"),
        ("Bo", "Participant"),
    }
    assert (first.meta.page.total, first.meta.page.total_pages, first.meta.page.current_page) == (3, 1, 1)


def test_the_older_dataset_routes_answer_the_same(
    api: icat_plus_client.CatalogueApi, ada: str, facility: Facility
) -> None:
    wanted = ",".join(map(str, facility.raw))
    older = api.catalogue_session_id_dataset_get(session_id=ada, dataset_ids=wanted)
    by_path = api.catalogue_session_id_dataset_id_dataset_ids_dataset_get(session_id=ada, dataset_ids=wanted)
    newer = api.catalogue_datasets_get(dataset_ids=wanted, _headers=bearer(ada))
    assert older == by_path == newer
    assert len(newer) == 3


def test_investigations_carry_what_clients_read_without_a_guard(
    api: icat_plus_client.CatalogueApi, ada: str, facility: Facility
) -> None:
    (found,) = api.catalogue_session_id_investigation_get(session_id=ada, ids=str(facility.apple), with_has_access=True)
    assert found.parameters == {"Id": "55123", "__datasetCount": "8"}
    assert found.instrument.name == "ID30A-1"
    assert [scientist.name for scientist in found.instrument.instrument_scientists] == ["simple/cy"]
    assert found.type.name == "MX"
    assert found.can_access_datasets is True
    assert [(u.role, u.user.name, u.user.given_name) for u in found.investigation_users] == [
        ("Principal investigator", "simple/ada", "Ada"),
        ("Participant", "simple/bo", "Bo"),
    ]


def test_the_team_is_one_element_per_user_and_role(
    api: icat_plus_client.CatalogueApi, ada: str, facility: Facility
) -> None:
    team = api.catalogue_session_id_investigation_id_investigation_id_investigationusers_get(
        session_id=ada, investigation_id=facility.apple
    )
    assert [(u.name, u.full_name, u.role, u.investigation_name) for u in team] == [
        ("simple/ada", "Ada ACKERMANN", "Principal investigator", "XX-1234"),
        ("simple/bo", "Bo BERGER", "Participant", "XX-1234"),
    ]


def test_samples_come_with_their_datasets(api: icat_plus_client.CatalogueApi, ada: str, facility: Facility) -> None:
    (found,) = api.catalogue_session_id_samples_get(
        session_id=ada,
        investigation_id=str(facility.apple),
        include_datasets=True,
        dataset_type="acquisition",
        having_acquisition_datasets=True,
    )
    assert found.name == "apple"
    assert [(p.name, p.units) for p in found.parameters] == [("Sample_description", "NA")]
    assert [dataset.id for dataset in found.datasets] == list(facility.raw)
    assert found.investigation.instrument.name == "ID30A-1"


def test_datafiles_are_wrapped(api: icat_plus_client.CatalogueApi, ada: str, facility: Facility) -> None:
    found = api.catalogue_session_id_datafile_get(session_id=ada, dataset_id=str(facility.raw[0]))
    assert [f.datafile.name for f in found] == ["/apple.h5", "/sub/frame.cbf"]
    assert found[0].datafile.is_released is False
    older = api.catalogue_session_id_dataset_id_dataset_id_datafile_get(session_id=ada, dataset_id=str(facility.raw[0]))
    assert older == found
    at = api.catalogue_session_id_datafile_get(session_id=ada, location=found[1].datafile.location)
    assert [f.datafile.id for f in at] == [found[1].datafile.id]
    by_id = api.catalogue_session_id_datafile_get(session_id=ada, datafile_ids=str(found[0].datafile.id))
    assert [f.datafile.name for f in by_id] == ["/apple.h5"]


def test_reference_lists_need_no_session(api: icat_plus_client.CatalogueApi, facility: Facility) -> None:
    assert {"ID30A-1", "BM18"} <= {one.name for one in api.catalogue_instruments_get()}
    assert {one.name: one.description for one in api.catalogue_investigationtypes_get()}["MX"]
    assert {one.pid for one in api.catalogue_techniques_get()} == {f"{ESRFET}XAS", f"{ESRFET}MX"}
    assert {one.name: one.units for one in api.catalogue_parameters_get()}["temperature"] == "K"
    (one,) = api.catalogue_parameters_get(name="SCANTYPE")
    assert (one.name, one.value) == ("scanType", "")
    assert api.catalogue_parameters_get(parameter_type_id=int(one.id)) == [one]


@pytest.mark.parametrize(
    ("text", "name"), [("xx1234", "XX-1234"), ("ihls0001", "IH-LS-0001"), ("mx99", "MX-99"), ("hG_123", "HG-123")]
)
def test_names_of_proposals_are_normalised(
    api: icat_plus_client.CatalogueApi, facility: Facility, text: str, name: str
) -> None:
    assert api.catalogue_investigation_name_investigation_name_normalize_get(investigation_name=text) == name


def test_what_is_no_proposal_name_is_a_bad_request(api: icat_plus_client.CatalogueApi, facility: Facility) -> None:
    with pytest.raises(BadRequestException, match="not a proposal name"):
        api.catalogue_investigation_name_investigation_name_normalize_get(investigation_name="a/b'--")


def test_publications_are_a_list_without_provenance(
    api: icat_plus_client.CatalogueApi, ada: str, facility: Facility
) -> None:
    reply = api.catalogue_session_id_datacollection_get_without_preload_content(session_id=ada)
    found = reply.json()
    assert [one["doi"] for one in found] == ["10.99999/EX-DC-31"]
    assert found[0]["dataCollectionDatasets"][0]["dataset"]["sampleName"] == "pear"
    assert found[0]["parameters"][0]["value"] == "Pears"


def test_control_systems_see_everything_with_their_key(
    acquisition: icat_plus_client.DataAcquisitionApi, facility: Facility
) -> None:
    found = acquisition.dataacquisition_api_key_investigation_get(
        api_key=API_KEY, instrument_name="id30a1", investigation_name="xx1234"
    )
    assert [(one.id, one.end_date) for one in found] == [(facility.apple, "2031-05-08T08:00:00.000+02:00")]
    datasets = acquisition.dataacquisition_api_key_dataset_get(
        api_key=API_KEY, investigation_id=str(facility.other), limit="10", skip="0"
    )
    assert [one.location for one in datasets] == [f"/data/visitor/xx/{facility.other}/secret"]


def test_failures_have_the_class_that_clients_expect(
    api: icat_plus_client.CatalogueApi, acquisition: icat_plus_client.DataAcquisitionApi, ada: str, facility: Facility
) -> None:
    with pytest.raises(BadRequestException, match="at least one filter"):
        api.catalogue_datasets_get(_headers=bearer(ada))
    with pytest.raises(ForbiddenException):
        api.catalogue_datasets_get(dataset_ids="1", _headers=bearer(UNKNOWN))
    with pytest.raises(UnauthorizedException):
        api.catalogue_session_id_dataset_get(session_id=UNKNOWN, dataset_ids="1")
    with pytest.raises(ForbiddenException):
        api.catalogue_session_id_investigation_get(session_id=UNKNOWN)
    with pytest.raises(UnauthorizedException):
        api.catalogue_session_id_datafile_get(session_id=UNKNOWN, dataset_id="1")
    with pytest.raises(ForbiddenException):
        api.catalogue_session_id_samples_get(session_id=UNKNOWN, investigation_id="1")
    with pytest.raises(ForbiddenException):
        acquisition.dataacquisition_api_key_dataset_get(api_key="guessed", investigation_id="1")
    with pytest.raises(BadRequestException, match="several sampleIds"):
        api.catalogue_session_id_samples_get(session_id=ada, sample_ids="1,2", include_datasets=True)
