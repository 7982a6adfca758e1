"""What another front end needs to draw everything by itself: lists, plots, parameters, schema and lint below
`/displays`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from tests.portal.laboratory import ESRFET, START, Laboratory
from tests.support.facade import RunningFacade


@pytest.fixture(scope="module")
def session(laboratory: Laboratory) -> int:
    """Three tomography scans and a crystal."""
    made = laboratory.session()
    scans = [
        {
            "name": f"scan_{number}",
            "start": START + timedelta(minutes=number),
            "values": {
                "technique_pid": f"{ESRFET}XRCT",
                "Sample_name": "heart",
                "TOMOAcquisition_energy": str(60 + number),
                "TOMOAcquisition_sample_pixel_size": f"{25 - number}",
            },
        }
        for number in range(3)
    ]
    laboratory.datasets(made, scans)
    raw = laboratory.mx_raw(made, "crystal")
    laboratory.mx_result(made, "autoPROC", [raw], mean_I_over_sigI="7.5")
    return made


def lists(facade: RunningFacade, user: str | None = "ada", **query: Any) -> Any:
    reply = facade.get("/displays/lists", user, **query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_session_comes_as_lists_by_display(facade: RunningFacade, session: int) -> None:
    found = lists(facade, investigationId=session)
    assert (found["total"], found["limit"], found["skip"]) == (4, 100, 0)
    sizes = {one["display"]["id"]: sum(len(g["rows"]) for g in one["list"]["groups"]) for one in found["groups"]}
    assert sizes == {"tomo": 3, "mx": 1}


def test_a_cell_holds_label_text_number_unit_raw_text_and_where_it_comes_from(
    facade: RunningFacade, session: int
) -> None:
    (tomo,) = [one for one in lists(facade, investigationId=session)["groups"] if one["display"]["id"] == "tomo"]
    columns = [column["id"] for column in tomo["list"]["columns"]]
    row = next(row for group in tomo["list"]["groups"] for row in group["rows"] if row["datasetName"] == "scan_1")
    cell = row["cells"][columns.index("e")]
    assert {key: cell[key] for key in ("label", "text", "value", "unit", "raw")} == {
        "label": "Energy",
        "text": "61.0",
        "value": 61.0,
        "unit": "keV",
        "raw": "61",
    }
    assert cell["provenance"]["name"] == "TOMOAcquisition_energy"
    assert cell["provenance"]["datasetId"] == row["datasetId"]
    assert [r["datasetName"] for g in tomo["list"]["groups"] for r in g["rows"]] == ["scan_0", "scan_1", "scan_2"]


def test_a_value_of_a_result_says_from_which_dataset_it_is(facade: RunningFacade, session: int) -> None:
    (crystals,) = [one for one in lists(facade, investigationId=session)["groups"] if one["display"]["id"] == "mx"]
    columns = [column["id"] for column in crystals["list"]["columns"]]
    row = crystals["list"]["groups"][0]["rows"][0]
    cell = row["cells"][columns.index("best_isig")]
    assert (cell["value"], cell["provenance"]["datasetName"].startswith("autoPROC")) == (7.5, True)
    assert cell["provenance"]["datasetId"] != row["datasetId"]
    assert cell["coloured"]["level"] == "middling"


def test_lists_come_in_parts_and_of_any_kind_of_dataset(facade: RunningFacade, session: int) -> None:
    part = lists(facade, investigationId=session, limit=2, skip=1)
    names = [row["datasetName"] for one in part["groups"] for group in one["list"]["groups"] for row in group["rows"]]
    assert (part["total"], len(names)) == (4, 2)
    assert lists(facade, investigationId=session, datasetType="processed")["total"] == 1
    assert lists(facade, investigationId=session, datasetType="any")["total"] == 5


@pytest.mark.parametrize("user", ["dee", None])
def test_strangers_get_an_empty_list(facade: RunningFacade, session: int, user: str | None) -> None:
    assert lists(facade, user, investigationId=session) == {"total": 0, "limit": 100, "skip": 0, "groups": []}


def test_named_datasets_come_with_the_ends_that_the_reader_moved(facade: RunningFacade, session: int) -> None:
    (crystals,) = [one for one in lists(facade, investigationId=session)["groups"] if one["display"]["id"] == "mx"]
    key = crystals["list"]["groups"][0]["rows"][0]["datasetId"]
    scale = next(c["scale"] for c in crystals["list"]["columns"] if c["id"] == "best_isig")
    body = {"datasetIds": [key], "ends": {scale: {"worst": 7, "best": 7.5}}}
    found = facade.request("POST", "/displays/lists", "ada", json=body).json()
    columns = [column["id"] for column in found["groups"][0]["list"]["columns"]]
    cell = found["groups"][0]["list"]["groups"][0]["rows"][0]["cells"][columns.index("best_isig")]
    assert cell["coloured"]["position"] == 1.0


def test_all_parameters_come_in_groups_with_units_and_definitions(facade: RunningFacade, session: int) -> None:
    rows = [
        r for one in lists(facade, investigationId=session)["groups"] for g in one["list"]["groups"] for r in g["rows"]
    ]
    key = next(row["datasetId"] for row in rows if row["datasetName"] == "scan_0")
    found = facade.get("/displays/resolve", "ada", datasetId=key, parameters="true").json()["parameters"]
    energy = next(line for line in found if line["name"] == "TOMOAcquisition_energy")
    assert (energy["group"], energy["value"]) == ("TOMOAcquisition", "60")
    assert energy["description"]


def test_the_schema_of_documents_is_served_and_fits_what_is_served(facade: RunningFacade) -> None:
    schema = facade.get("/displays/schema").json()
    document = facade.get("/displays/tomo").json()
    jsonschema.Draft202012Validator(schema).validate({"display": document})


def lint(facade: RunningFacade, *texts: str, user: str | None = "ada") -> Any:
    documents = [{"source": f"d{number}.yaml", "text": text} for number, text in enumerate(texts)]
    return facade.request("POST", "/displays/lint", user, json={"documents": documents})


def test_a_broken_document_is_answered_with_file_line_and_a_sentence_per_fault(facade: RunningFacade) -> None:
    broken = (
        "display:\n  id: broken\n  title: Broken\n  extends: [generic]\n  selector: {techniques: [esrfet:NOTHING]}\n"
        "  columns:\n    - {id: one, label: One, param: MX_nothing}\n"
        "    - {id: two, label: Two, param: EM_voltage, unit: s}\n"
    )
    found = [(one["source"], one["line"], one["severity"], one["text"]) for one in lint(facade, broken).json()]
    assert found == [
        ("d0.yaml", 5, "error", "no technique is called 'esrfet:NOTHING'"),
        ("d0.yaml", 7, "error", "no parameter is called 'MX_nothing'; see the definitions"),
        ("d0.yaml", 8, "error", "EM_voltage is in kV and cannot be shown in s"),
    ]
    (fault,) = lint(facade, "display: {id: [").json()
    assert (fault["source"], fault["line"]) == ("d0.yaml", 1)


def test_a_good_document_has_no_findings_and_is_not_stored(facade: RunningFacade) -> None:
    good = "display:\n  id: good\n  title: Good\n  extends: [generic]\n  selector: {projects: [Good]}\n"
    assert lint(facade, good).json() == []
    assert facade.get("/displays/good").status_code == 404


def test_what_a_document_does_to_others_is_said(facade: RunningFacade) -> None:
    greedy = "display: {id: greedy, title: G, extends: generic, priority: 1, selector: {techniques: [esrfet:SCXRD]}}"
    (finding,) = lint(facade, greedy).json()
    assert finding["text"] == "single-crystal: is never used: greedy always goes first"


def test_only_those_with_a_session_have_documents_checked(facade: RunningFacade) -> None:
    assert lint(facade, "display: {}", user=None).status_code == 403
    forged = {"Authorization": "Bearer 00000000-0000-0000-0000-000000000000"}
    body = {"documents": [{"text": "display: {}"}]}
    assert facade.request("POST", "/displays/lint", headers=forged, json=body).status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/displays/lists", {}),
        ("/displays/lists", {"datasetIds": ["x"]}),
        ("/displays/lists", {"datasetIds": [1], "ends": {"isig": {"worst": 1}}}),
        ("/displays/lists", {"datasetIds": list(range(1, 1002))}),
        ("/displays/lint", {"documents": []}),
        ("/displays/lint", {"documents": [{"text": "x" * 200_001}]}),
    ],
)
def test_what_makes_no_sense_is_answered_400(facade: RunningFacade, path: str, body: dict[str, Any]) -> None:
    assert facade.request("POST", path, "ada", json=body).status_code == 400
