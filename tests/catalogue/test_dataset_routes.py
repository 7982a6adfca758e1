"""Documents, timelines and parameter values, through the unmodified client and by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import icat_plus_client
import pytest
from flask.testing import FlaskClient

from drac_plugins.core.reads import dataset_values, timelines
from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.view import View
from icat_schema.gateway import Catalogue, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq
from tests.catalogue.seed import APPLE_START, Facility, Seeder

Get = Callable[..., Any]
GONE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def api(facade: str) -> icat_plus_client.CatalogueApi:
    return icat_plus_client.CatalogueApi(icat_plus_client.ApiClient(icat_plus_client.Configuration(host=facade)))


@pytest.fixture
def ada(sessions: Callable[[str], Session]) -> str:
    return sessions("ada").id


def test_documents_are_flat_and_parse_strictly(
    api: icat_plus_client.CatalogueApi, ada: str, facility: Facility
) -> None:
    wanted = ",".join(str(id_) for id_ in (*facility.raw, facility.other_raw))
    found = api.catalogue_session_id_dataset_id_dataset_ids_dataset_document_get(ada, wanted)
    assert [one.id for one in found] == list(facility.raw)
    assert found[0].sample_name == "apple"
    assert found[0].investigation is not None
    assert found[0].investigation.name == "XX-1234"
    assert {"name": "scanType", "value": "step"} in [one.to_dict() for one in found[0].parameters or ()]


def test_documents_of_days_are_those_of_datasets_that_start_then(get: Get, facility: Facility) -> None:
    def starting(login: str | None, start: str, end: str, **more: str) -> list[int]:
        reply = get(login, "/catalogue/datasets/documents", startDate=start, endDate=end, **more)
        assert reply.status_code == 200, reply.text
        return [one["id"] for one in reply.json]

    assert starting("ada", "2031-05-07", "2031-05-08") == list(facility.raw[1:])
    assert starting("ada", "2031-05-07", "2031-05-08", limit="1", skip="1") == [facility.raw[2]]
    assert starting(None, "2020-01-01", "2020-01-01") == [facility.open_raw]
    assert starting("dee", "2031-05-07", "2031-05-08") == []
    old = get("ada", "/catalogue/{s}/dataset/startdate/2031-05-07/enddate/2031-05-08/dataset_document")
    assert [one["id"] for one in old.json] == list(facility.raw[1:])


@pytest.mark.parametrize("query", [{}, {"startDate": "2031-05-07"}, {"startDate": "x", "endDate": "2031-05-08"}])
def test_documents_need_two_days(get: Get, query: dict[str, str]) -> None:
    assert get("ada", "/catalogue/datasets/documents", **query).status_code == 400


def test_a_day_that_is_none_in_the_path_is_refused(get: Get) -> None:
    path = "/catalogue/{s}/dataset/startdate/soon/enddate/2031-05-08/dataset_document"
    assert (get("ada", path).status_code, "soon" in get("ada", path).text) == (400, True)


def test_the_timeline_of_an_investigation_has_every_dataset_by_start(
    api: icat_plus_client.CatalogueApi, ada: str, facility: Facility, seeder: Seeder
) -> None:
    new = seeder.parameters("DatasetParameter", {"__fileCount": "2"})[0]
    (made,) = seeder.session.write([New("DatasetParameter", {**new.fields, "dataset": Ref(facility.raw[0])})])
    try:
        found = api.catalogue_session_id_dataset_timeline_get(ada, investigation_id=str(facility.apple))
    finally:
        seeder.session.delete("DatasetParameter", [made])
    assert [one.start_date for one in found] == sorted(one.start_date or "" for one in found)
    assert {one.dataset_id for one in found} == {*facility.raw, *facility.results, facility.merge, facility.report}
    first = next(one for one in found if one.dataset_id == facility.raw[0])
    assert (first.dataset_type, first.sample_name, first.investigation_name) == ("acquisition", "apple", "XX-1234")
    assert first.file_count == "2"


def test_the_timeline_of_a_sample_has_its_datasets_alone(get: Get, facility: Facility) -> None:
    found = get("ada", "/catalogue/{s}/dataset/timeline", sampleId=facility.sample).json
    assert {one["datasetId"] for one in found} == {*facility.raw, *facility.results}
    assert get("dee", "/catalogue/{s}/dataset/timeline", sampleId=facility.sample).json == []
    assert get("ada", "/catalogue/{s}/dataset/timeline").status_code == 400


def test_the_timeline_of_an_instrument_has_the_sessions_that_the_caller_sees(
    api: icat_plus_client.CatalogueApi, sessions: Callable[[str], Session], facility: Facility
) -> None:
    def of(login: str) -> list[int | None]:
        found = api.catalogue_session_id_investigation_timeline_get(sessions(login).id, "id30a1")
        return [one.investigation_id for one in found if one.investigation_id in (facility.apple, facility.running)]

    assert of("cy") == [facility.running, facility.apple]
    assert of("ada") == [facility.apple]
    assert of("dee") == []


def test_the_timeline_needs_an_instrument_and_an_unknown_one_has_none(get: Get) -> None:
    assert get("ada", "/catalogue/{s}/investigation/timeline").status_code == 400
    assert get("ada", "/catalogue/{s}/investigation/timeline", instrument="ID99").json == []


def test_values_of_a_parameter_come_with_their_datasets(
    api: icat_plus_client.CatalogueApi, ada: str, facility: Facility
) -> None:
    found = api.catalogue_session_id_datasetparameter_get(
        ada, investigation_id=str(facility.apple), name="ENERGY", dataset_type="acquisition"
    )
    assert [(one.dataset_id, one.value, one.sample_name) for one in found] == [
        (facility.raw[0], "9", "apple"),
        (facility.raw[1], "12.4", "apple"),
        (facility.raw[2], "1.3e1", "apple"),
    ]


def test_a_dataset_without_sample_has_its_value_too(get: Get, facility: Facility) -> None:
    reply = get("ada", "/catalogue/{s}/datasetparameter", investigationId=facility.apple, name="measured")
    assert [(one["datasetId"], one["sampleName"]) for one in reply.json] == [(facility.merge, None)]


def test_different_values_are_listed_once_each_and_can_be_filtered(
    api: icat_plus_client.CatalogueApi, ada: str, facility: Facility
) -> None:
    def values(parameters: str | None = None) -> list[str | None]:
        found = api.catalogue_session_id_datasetparameter_values_get(
            ada, investigation_id=str(facility.apple), name="scanType", parameters=parameters
        )
        return [one.value for one in found]

    assert values() == ["step", "fly"]
    assert values("energy~gt~10") == ["fly"]
    assert values("energy~gt~100") == []


def test_several_parameters_make_a_table_with_one_row_per_dataset(get: Get, facility: Facility) -> None:
    query = {"investigationId": facility.apple, "datasetType": "acquisition", "format": "csv"}
    reply = get("ada", "/catalogue/{s}/datasetparameter", name="energy,scanType,nothing", **query)
    assert reply.mimetype == "text/csv"
    assert reply.text.splitlines() == [
        "datasetId,datasetName,sampleName,energy,scanType,nothing",
        f"{facility.raw[0]},apple_scan_0,apple,9,step,",
        f"{facility.raw[1]},apple_scan_1,apple,12.4,fly,",
        f"{facility.raw[2]},apple_scan_2,apple,1.3e1,fly,",
    ]
    assert get("ada", "/catalogue/{s}/datasetparameter", name="energy", **query).status_code == 400


def test_a_cell_that_a_spreadsheet_would_run_is_defused(
    get: Get, facility: Facility, seeder: Seeder, root: Session
) -> None:
    values = {"scanType": "=HYPERLINK(1)", "energy": "-12"}
    (made,) = seeder.datasets(facility.other, None, [{"name": "formula", "type": "processed", "values": values}])
    try:
        query = {"investigationId": facility.other, "datasetType": "processed", "format": "csv"}
        reply = get("dee", "/catalogue/{s}/datasetparameter", name="scanType,energy", **query)
    finally:
        root.delete("Dataset", [made])
    assert reply.text.splitlines()[1] == f"{made},formula,,'=HYPERLINK(1),-12"


@pytest.mark.parametrize("query", [{"name": "energy"}, {"investigationId": "1"}, {"name": "energy", "format": "xml"}])
def test_values_need_a_parameter_and_datasets(get: Get, query: dict[str, str]) -> None:
    assert get("ada", "/catalogue/{s}/datasetparameter", **query).status_code == 400


def test_values_of_others_are_not_shown(get: Get, facility: Facility) -> None:
    query = {"investigationId": facility.apple, "name": "energy"}
    assert get("dee", "/catalogue/{s}/datasetparameter", **query).json == []
    assert get("dee", "/catalogue/{s}/datasetparameter/values", **query).json == []


def test_a_value_is_set_by_who_may_and_by_nobody_else(
    api: icat_plus_client.CatalogueApi,
    sessions: Callable[[str], Session],
    root: Session,
    facility: Facility,
    seeder: Seeder,
) -> None:
    (dataset,) = seeder.datasets(facility.apple, None, [{"name": "tunable", "values": {"scanType": "fly"}}])
    where = And(Eq("dataset.id", dataset), Eq("type.name", "scanType"))

    def now() -> tuple[int, str]:
        found: tuple[int, str] = root.rows(Select("DatasetParameter", ["id", "stringValue"], where))[0]
        return found

    try:
        parameter = icat_plus_client.Parameter(name="scanType", value="ramp")
        id_ = str(now()[0])
        api.catalogue_session_id_datasetparameter_put(sessions("ada").id, id_, parameter)
        assert now()[1] == "ramp"
        for login, status in (("bo", 403), ("dee", 404)):
            with pytest.raises(icat_plus_client.ApiException) as refused:
                api.catalogue_session_id_datasetparameter_put(sessions(login).id, id_, parameter)
            assert refused.value.status == status
        assert now()[1] == "ramp"
    finally:
        root.delete("Dataset", [dataset])


@pytest.mark.parametrize(
    ("name", "value", "status"), [("temperature", "warm", 400), ("temperature", "12.5", 200), ("measured", "soon", 400)]
)
def test_a_value_must_be_of_the_parameters_type(
    http: FlaskClient,
    sessions: Callable[[str], Session],
    root: Session,
    facility: Facility,
    seeder: Seeder,
    name: str,
    value: str,
    status: int,
) -> None:
    values = {"temperature": 1.0} if name == "temperature" else {"measured": APPLE_START}
    (dataset,) = seeder.datasets(facility.apple, None, [{"name": f"typed {name} {value}", "values": values}])
    try:
        ((id_,),) = root.rows(Select("DatasetParameter", ["id"], Eq("dataset.id", dataset)))
        path = f"/catalogue/{sessions('ada').id}/datasetparameter"
        reply = http.put(path, query_string={"parameterId": id_}, json={"name": name, "value": value})
        assert reply.status_code == status, reply.text
        without = http.put(path, json={"name": name, "value": value})
        assert (without.status_code, "parameterId" in without.text) == (400, True)
    finally:
        root.delete("Dataset", [dataset])


def test_the_number_of_calls_does_not_depend_on_the_datasets(
    views: Callable[[str], View], gateway: Catalogue, facility: Facility
) -> None:
    criteria = DatasetCriteria(investigation_ids=(facility.apple,))
    with gateway.counting() as count:
        timelines.of_datasets(views("ada"), criteria)
    assert count.calls == 4
    with gateway.counting() as count:
        dataset_values.find(views("ada"), ["energy", "scanType"], criteria)
    assert count.calls <= 3


@pytest.mark.parametrize(
    "path",
    [
        "/catalogue/{s}/dataset/timeline?investigationId=1",
        "/catalogue/{s}/investigation/timeline?instrument=BM18",
        "/catalogue/{s}/dataset/id/1/dataset_document",
        "/catalogue/{s}/datasetparameter?name=a&investigationId=1",
        "/catalogue/{s}/datasetparameter/values?name=a&investigationId=1",
    ],
)
def test_an_expired_session_is_answered_401(http: FlaskClient, path: str) -> None:
    assert http.get(path.replace("{s}", GONE)).status_code == 401
