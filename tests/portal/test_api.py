"""The routes below `/displays`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.portal.laboratory import Laboratory
from tests.support.facade import RunningFacade


@pytest.fixture(scope="module")
def session(laboratory: Laboratory) -> int:
    return laboratory.session()


@pytest.fixture(scope="module")
def raw(laboratory: Laboratory, session: int) -> int:
    return laboratory.mx_raw(session, "lysozyme_1")


def test_all_displays_are_listed_with_their_selectors(facade: RunningFacade) -> None:
    found = {display["id"]: display for display in facade.get("/displays").json()}
    assert {"generic", "mx", "mx-legacy", "cm01-tomo", "tomo", "hoa", "bm29-saxs"} <= found.keys()
    assert found["generic"]["selector"] == {}
    assert found["cm01-tomo"]["selector"]["instruments"] == ["CM01"]
    assert found["mx"]["title"] == "Macromolecular crystallography"


def test_a_display_is_served_whole_with_an_etag_that_saves_sending_it_again(facade: RunningFacade) -> None:
    reply = facade.get("/displays/mx")
    document = reply.json()
    assert {"start", "best_sg", "techniques"} <= {column["id"] for column in document["columns"]}
    assert document["selector"]["valid"]["from"] == "2024-01-01"
    tag = reply.headers["ETag"]
    again = facade.request("GET", "/displays/mx", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert facade.get("/displays/tomo").headers["ETag"] != tag


def test_an_unknown_display_is_answered_with_a_problem_that_names_the_known_ones(facade: RunningFacade) -> None:
    reply = facade.get("/displays/nothing")
    assert reply.status_code == 404
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert "cm01-tomo, cryo-em" in reply.json()["detail"]


def test_a_dataset_gets_the_display_of_its_technique_and_date(facade: RunningFacade, raw: int) -> None:
    reply = facade.get("/displays/resolve", "ada", datasetId=raw)
    answer = reply.json()
    assert answer["display"].pop("version") >= 4
    assert answer == {"datasetId": raw, "display": {"id": "mx", "title": "Macromolecular crystallography"}}


def test_the_explanation_names_the_winner_why_it_applies_and_who_was_beaten(facade: RunningFacade, raw: int) -> None:
    explained = facade.get("/displays/resolve", "ada", datasetId=raw, explain="true").json()["explain"]
    assert explained["display"] == "mx"
    assert "the technique is MX" in explained["reasons"]
    fates = {one["display"]: (one["applies"], one["beatenBy"]) for one in explained["candidates"]}
    assert fates["mx"] == (True, None)
    assert fates["generic"] == (True, "technique_depth")
    assert fates["mx-legacy"] == (False, None)
    assert "generic: mx goes first because its technique is more specific." in explained["text"]


def test_a_dataset_of_2023_gets_the_display_of_its_time(facade: RunningFacade, laboratory: Laboratory) -> None:
    start = datetime(2023, 6, 14, 8, tzinfo=UTC)
    session = laboratory.session(start=start)
    values = {"technique_pid": "https://w3id.org/PaN/ESRFET#MX"}
    old = laboratory.dataset(session, "old", start=start, values=values)
    answer = facade.get("/displays/resolve", "ada", datasetId=old, explain="true").json()
    assert answer["display"]["id"] == "mx-legacy"
    assert "mx is for data from 2024-01-01 (these: 2023-06-14 10:00)." in answer["explain"]["text"]


def test_a_reprocessing_of_today_keeps_the_display_of_its_raw_data(
    facade: RunningFacade, laboratory: Laboratory
) -> None:
    start = datetime(2023, 6, 14, 8, tzinfo=UTC)
    session = laboratory.session(start=start)
    values = {"technique_pid": "https://w3id.org/PaN/ESRFET#MX"}
    old = laboratory.dataset(session, "old", start=start, values=values)
    new = laboratory.mx_result(session, "autoPROC", [old])
    assert facade.get("/displays/resolve", "ada", datasetId=new).json()["display"]["id"] == "mx-legacy"


def test_a_display_chosen_by_hand_wins(facade: RunningFacade, raw: int) -> None:
    answer = facade.get("/displays/resolve", "ada", datasetId=raw, pinned="generic", explain="true").json()
    assert answer["display"]["id"] == "generic"
    assert answer["explain"]["reasons"] == ["it was chosen by hand"]
    gone = facade.get("/displays/resolve", "ada", datasetId=raw, pinned="retired", explain="true").json()
    assert gone["display"]["id"] == "mx"
    assert "'retired'" in gone["explain"]["notes"][0]


def test_the_view_holds_everything_that_a_front_end_needs_to_draw(
    facade: RunningFacade, laboratory: Laboratory
) -> None:
    session = laboratory.session()
    raw = laboratory.mx_raw(session, MX_transmission="12.50", MX_numberOfImages="1800")
    best = laboratory.mx_result(session, "XIA2_DIALS", [raw], mean_I_over_sigI="15.25", completeness="99.1")
    view = facade.get("/displays/resolve", "ada", datasetId=raw, view="true").json()["view"]
    columns = {cell["id"]: cell for cell in view["columns"]}
    assert (columns["trans"]["text"], columns["trans"]["raw"], columns["trans"]["unit"]) == ("12.5", "12.50", "%")
    assert columns["best_isig"]["provenance"]["datasetId"] == best
    assert view["best"]["datasetId"] == best
    assert view["best"]["reasons"] == ["It is the only result."]
    assert view["header"]["start"] == "2026-03-10T08:00:00+00:00"
    assert view["cards"][0]["id"] == "shells"


def test_many_datasets_come_back_in_groups_by_display(facade: RunningFacade, laboratory: Laboratory, raw: int) -> None:
    session = laboratory.session()
    plain = laboratory.datasets(session, [{"name": f"plain_{i}"} for i in range(3)])
    crystals = [laboratory.mx_raw(session, f"crystal_{i}") for i in range(2)]
    wanted = [plain[0], crystals[0], *plain[1:], crystals[1], 999_999_999]
    groups = facade.request("POST", "/displays/resolve", "ada", json={"datasetIds": wanted}).json()
    assert {g["display"]["id"]: sorted(g["datasetIds"]) for g in groups} == {"generic": plain, "mx": crystals}


def test_hundreds_of_datasets_are_resolved_in_one_go(facade: RunningFacade, laboratory: Laboratory) -> None:
    session = laboratory.session()
    values = {"technique_pid": "https://w3id.org/PaN/ESRFET#MX"}
    ids = laboratory.datasets(session, [{"name": f"raw_{i}", "values": values} for i in range(300)])
    (group,) = facade.request("POST", "/displays/resolve", "ada", json={"datasetIds": ids}).json()
    assert group["display"]["id"] == "mx"
    assert sorted(group["datasetIds"]) == ids


@pytest.mark.parametrize("user", ["dee", None])
def test_strangers_are_told_that_there_is_no_such_dataset(facade: RunningFacade, raw: int, user: str | None) -> None:
    reply = facade.get("/displays/resolve", user, datasetId=raw)
    assert reply.status_code == 404
    problem = reply.json()
    assert (problem["status"], problem["title"]) == (404, "Not Found")
    assert problem["detail"] == (
        f"There is no dataset {raw} that you may read; log in, or ask its principal investigator"
    )
    missing = facade.get("/displays/resolve", user, datasetId=999_999_999).json()
    assert missing["detail"].replace("999999999", str(raw)) == problem["detail"]
    assert facade.request("POST", "/displays/resolve", user, json={"datasetIds": [raw]}).json() == []


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"datasetId": "x"},
        {"datasetId": "1.5"},
        {"datasetId": ""},
        {"datasetId": "1" * 40},
        {"datasetId": "1", "explain": "perhaps"},
        {"datasetId": "1", "statistic": "beauty"},
    ],
)
def test_a_question_that_makes_no_sense_is_answered_400_with_a_sentence(
    facade: RunningFacade, query: dict[str, str]
) -> None:
    reply = facade.get("/displays/resolve", "ada", **query)
    assert reply.status_code == 400
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert reply.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"datasetIds": []}',
        '{"datasetIds": ["x"]}',
        '{"datasetIds": [1.5]}',
        '{"datasetIds": 7}',
        '{"datasetIds": [true]}',
        '{"datasetIds": [',
        '{"datasetIds": [' + "1," * 5000 + "1]}",
        '{"datasetIds": [99999999999999999999]}',
        '{"datasetIds": [-1, 1e300]}',
    ],
)
def test_a_list_that_makes_no_sense_is_answered_400_with_a_sentence(facade: RunningFacade, body: str) -> None:
    reply = facade.request("POST", "/displays/resolve", "ada", data=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400, reply.text
    assert reply.json()["detail"]


def test_an_expired_session_is_refused(facade: RunningFacade, raw: int) -> None:
    headers = {"Authorization": "Bearer 11111111-2222-3333-4444-555555555555"}
    reply = facade.request("GET", "/displays/resolve", params={"datasetId": raw}, headers=headers)
    assert reply.status_code == 401
    assert "log in again" in reply.json()["detail"]


def test_the_description_of_the_interface_contains_the_routes(facade: RunningFacade) -> None:
    paths = facade.get("/swagger.json").json()["paths"]
    assert paths["/displays"].keys() == {"get"}
    assert paths["/displays/resolve"].keys() == {"get", "post"}
    assert paths["/displays/{displayId}"]["get"]["summary"]
    asked = {parameter["name"] for parameter in paths["/displays/resolve"]["get"]["parameters"]}
    assert {"datasetId", "explain", "view", "pinned", "statistic"} <= asked
    assert not [path for path in paths if path.startswith("/portal")]
