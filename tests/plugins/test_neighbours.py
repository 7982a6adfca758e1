"""Facilities, data management plans and crystal phases: what other services answer, or do not."""

from __future__ import annotations

import icat_plus_client
import pytest

from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Eq
from tests.plugins.conftest import Neighbour
from tests.support.facade import RunningFacade


def questionnaires(facade: RunningFacade, user: str, investigation: int, name: str) -> tuple[int, str]:
    path = f"/dmp/{facade.log_in(user)}/questionnaires"
    reply = facade.get(path, investigationId=investigation, investigationName=name)
    return reply.status_code, reply.text


@pytest.fixture(scope="session")
def mx(facade: RunningFacade) -> tuple[int, str]:
    """Ada's session."""
    condition = Eq("investigationUsers.user.name", "simple/ada")
    found: tuple[int, str] = facade.root.rows(Select("Investigation", ["id", "name"], condition))[0]
    return found


def test_the_facility_is_that_of_the_catalogue_with_its_vocabularies(facade: RunningFacade) -> None:
    found = icat_plus_client.FACILITYApi(facade.client()).facilities_get()
    assert [one.name for one in found] == ["ESRF"]
    techniques = [one for one in found[0].ontologies or () if "techniques" in (one.applies_to or ())]
    assert "ESRFET" in [one.name for one in techniques]


def test_questionnaires_come_from_the_tool_that_holds_them(
    facade: RunningFacade, neighbour: Neighbour, mx: tuple[int, str]
) -> None:
    neighbour.answer([{"uuid": "0a0b0c0d-0000-4000-8000-000000000002", "more": 1}])
    api = icat_plus_client.DMPApi(facade.client())
    found = api.dmp_session_id_questionnaires_get(facade.log_in("ada"), str(mx[0]), mx[1])
    assert [one.uuid for one in found] == ["0a0b0c0d-0000-4000-8000-000000000002"]
    assert neighbour.asked[-1] == {"investigationId": [str(mx[0])], "investigationName": [mx[1]]}
    assert neighbour.headers[-1]["Authorization"] == "Bearer for the neighbour"


def test_the_tool_is_not_asked_about_what_the_caller_may_not_see(
    facade: RunningFacade, neighbour: Neighbour, mx: tuple[int, str]
) -> None:
    asked = len(neighbour.asked)
    assert questionnaires(facade, "dee", *mx)[0] == 404
    assert questionnaires(facade, "ada", mx[0], "another-1")[0] == 404
    assert len(neighbour.asked) == asked


@pytest.mark.parametrize(
    ("status", "body", "expected", "text"),
    [
        (500, b"oops", 503, "has a problem of its own"),
        (404, b"", 404, "knows nothing"),
        (302, b"", 502, "refused the question"),
        (200, b"<html>", 502, "no JSON"),
        (200, b"\xff\xfe", 502, "no JSON"),
        (200, b'{"a": 1}', 502, "did not answer a list"),
        (200, b'[{"id": 1}]', 502, "without uuid"),
    ],
)
def test_what_the_tool_does_wrong_is_said_in_words(
    facade: RunningFacade,
    neighbour: Neighbour,
    mx: tuple[int, str],
    status: int,
    body: bytes,
    expected: int,
    text: str,
) -> None:
    neighbour.status, neighbour.body, neighbour.seconds = status, body, 0.0
    found = questionnaires(facade, "ada", *mx)
    assert (found[0], text in found[1]) == (expected, True), found


def test_a_tool_that_does_not_answer_in_time_is_not_waited_for(
    facade: RunningFacade, neighbour: Neighbour, mx: tuple[int, str]
) -> None:
    neighbour.answer([])
    neighbour.seconds = 20
    found = questionnaires(facade, "ada", *mx)
    neighbour.seconds = 0.0
    assert (found[0], "did not answer within 0.5 s" in found[1]) == (503, True), found


@pytest.mark.parametrize("query", [{}, {"investigationId": "1"}, {"investigationId": "x", "investigationName": "a"}])
def test_a_question_without_its_parameters_is_refused(facade: RunningFacade, query: dict[str, str]) -> None:
    assert facade.get(f"/dmp/{facade.log_in('ada')}/questionnaires", **query).status_code == 400


def test_the_search_of_phases_is_sent_to_the_facilitys_copy_without_the_session(facade: RunningFacade) -> None:
    query = {"phaseName": "Al2 O3&x=1", "limit": "5", "other": "y"}
    reply = facade.request("GET", "/cod", "ada", params=query, allow_redirects=False)
    assert reply.status_code == 302
    expected = "http://cod.example.org/search?copy=1&limit=5&phaseName=Al2+O3%26x%3D1"
    assert reply.headers["Location"] == expected


def test_phases_need_a_session(facade: RunningFacade) -> None:
    assert facade.get("/cod", phaseName="x").status_code == 403
    gone = {"Authorization": "Bearer 5b0c2a9e-6d1b-4f55-9a0e-1c2d3e4f5a6b"}
    assert facade.request("GET", "/cod", headers=gone, allow_redirects=False).status_code == 403
