"""Preferences of users, through the published client and by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import icat_plus_client
import pytest
import requests

from tests.support.facade import RunningFacade

WHOLE = {
    "selection": {"datasetIds": [700001], "sampleIds": []},
    "logbookFilters": {"sortBy": "_id", "sortOrder": -1, "types": "annotation,notification"},
    "recentlyVisited": [
        {
            "url": "/investigation/900001",
            "label": "XX-1234",
            "target": {
                "instrumentName": "ID99",
                "investigationName": "XX-1234",
                "investigationStartDate": "2031-05-06",
            },
        }
    ],
    "mxsettings": {
        "autoProcessingRankingShell": "inner",
        "autoProcessingRankingParameter": "r_meas_all_IPlus_IMinus",
        "autoProcessingRankingDisableSpaceGroup": False,
        "scanTypeFilters": ["datacollection"],
        "cutoffs": {"completeness": {"overall": 80}, "cc_half": {"inner": 0.3}},
    },
    "isGroupedBySample": False,
    "pagination": [{"key": "datasets", "value": 20}],
}


def put(facade: RunningFacade, user: str, body: Any) -> requests.Response:
    return facade.request("PUT", f"/users/{facade.log_in(user)}/preferences", json=body)


def get(facade: RunningFacade, user: str) -> dict[str, Any]:
    reply = facade.get(f"/users/{facade.log_in(user)}/preferences")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def test_who_has_chosen_nothing_gets_a_document_with_the_name(facade: RunningFacade) -> None:
    api = icat_plus_client.USERSApi(facade.client())
    assert api.users_session_id_preferences_get(facade.log_in("dee")).username == "simple/dee"


def test_the_published_client_keeps_and_reads_every_part(facade: RunningFacade) -> None:
    api = icat_plus_client.USERSApi(facade.client())
    sent = icat_plus_client.Userpreferences.from_dict({"username": "simple/ada", **WHOLE})
    session = facade.log_in("ada")
    kept = api.users_session_id_preferences_put(session, sent)
    read = api.users_session_id_preferences_get(session)
    assert kept == read
    assert {key: value for key, value in get(facade, "ada").items() if key in WHOLE} == WHOLE
    assert read.mxsettings is not None
    assert read.mxsettings.auto_processing_ranking_shell == "inner"
    assert len(read.id or "") == 24


def test_a_part_that_is_sent_replaces_the_one_before_and_leaves_the_others(facade: RunningFacade) -> None:
    put(facade, "bo", {"selection": {"datasetIds": [1, 2]}, "isGroupedBySample": True})
    reply = put(facade, "bo", {"selection": {"sampleIds": [3]}})
    assert reply.json()["selection"] == {"sampleIds": [3]}
    assert get(facade, "bo")["isGroupedBySample"] is True


def test_nobody_changes_the_document_of_another_by_naming_that_person(facade: RunningFacade) -> None:
    put(facade, "cy", {"username": "simple/ada", "_id": "0" * 24, "isGroupedBySample": True})
    assert get(facade, "cy")["username"] == "simple/cy"
    assert get(facade, "cy")["_id"] != "0" * 24


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"isGroupedBySample": "yes"}, "isGroupedBySample"),
        ({"selection": {"datasetIds": ["1"]}}, "selection.datasetIds"),
        ({"selection": [1]}, "selection"),
        ({"mxsettings": {"autoProcessingRankingShell": "inner"}}, "mxsettings.autoProcessingRankingParameter"),
        ({"pagination": [{"key": "a", "value": True}]}, "pagination.0.value"),
        ({"recentlyVisited": [{"url": "x", "label": "y"}]}, "recentlyVisited.0.target"),
        ({"recentlyVisited": [{"url": "x" * 2001, "label": "y", "target": {}}]}, "recentlyVisited.0.url"),
    ],
)
def test_a_wrong_type_is_refused_by_name_and_changes_nothing(facade: RunningFacade, body: Any, names: str) -> None:
    before = get(facade, "dee")
    reply = put(facade, "dee", body)
    assert (reply.status_code, names in reply.text) == (400, True), reply.text
    assert get(facade, "dee") == before


def test_a_document_that_grows_too_long_is_refused(facade: RunningFacade) -> None:
    visited = [{"url": "u" * 2000, "label": "l", "target": {}}] * 300
    reply = put(facade, "dee", {"recentlyVisited": visited})
    assert (reply.status_code, "500000 characters" in reply.text) == (400, True)


def test_parts_sent_at_the_same_time_are_all_kept(facade: RunningFacade) -> None:
    parts: list[dict[str, Any]] = [{key: WHOLE[key]} for key in ("selection", "logbookFilters", "pagination")]
    session = facade.log_in("ed")
    path = f"{facade.url}/users/{session}/preferences"
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda part: requests.put(path, json=part, timeout=30), parts))
    assert [reply.status_code for reply in replies] == [200, 200, 200]
    assert {"selection", "logbookFilters", "pagination"} <= set(get(facade, "ed"))


def test_a_session_that_is_not_valid_is_refused(facade: RunningFacade) -> None:
    reply = facade.get("/users/5b0c2a9e-6d1b-4f55-9a0e-1c2d3e4f5a6b/preferences")
    assert reply.status_code == 403
