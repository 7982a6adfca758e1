"""Every filter of the investigation search, for people and for control systems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from drac_plugins.core.reads import investigations
from drac_plugins.core.reads.criteria import InvestigationCriteria
from drac_plugins.core.reads.view import View
from icat_schema.gateway import Session
from tests.catalogue.conftest import API_KEY
from tests.catalogue.seed import Facility, Seeder

Get = Callable[..., Any]
ACQUISITION = f"/dataacquisition/{API_KEY}/investigation"


def visits(reply: Any) -> set[str]:
    assert reply.status_code == 200, reply.get_data(as_text=True)
    return {one["visitId"] for one in reply.json}


def slot(seeder: Seeder, name: str, visit: str, start: int, end: int | None, **fields: object) -> int:
    dates = {"startDate": datetime(2040, 3, start, 7, tzinfo=UTC)}
    if end is not None:
        dates["endDate"] = datetime(2040, 3, end, 7, tzinfo=UTC)
    return seeder.investigation(name, visit, "BM18", {"bo": "Participant"}, **dates, **fields)


@pytest.fixture(scope="module")
def slots(seeder: Seeder, root: Session) -> Iterator[dict[str, int]]:
    """Four slots in March 2040, one of them open-ended, one published on 1 April 2040, local time."""
    release = datetime(2040, 3, 31, 22, 30, tzinfo=UTC)
    made = {
        "A": slot(seeder, "MA-77", "A", 1, 3),
        "B": slot(seeder, "ma77", "B", 10, 12, doi="10.99999/B", releaseDate=release),
        "C": slot(seeder, "MA-077", "C", 11, 12, releaseDate=release),
        "D": slot(seeder, "Ma-77", "D", 20, None, summary="Ribosomes 100 %"),
    }
    yield made
    root.delete("Investigation", made.values())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"A", "B", "C", "D"}),
        ({"investigationName": "MA-77"}, {"A", "B", "D"}),
        ({"investigationName": "ma 77, hg-1"}, {"A", "B", "D"}),
        ({"investigationName": "ma-077"}, {"C"}),
        ({"investigationName": "zz-1"}, set()),
        ({"investigationName": "'"}, set()),
        ({"instrumentName": "bm-18"}, {"A", "B", "C", "D"}),
        ({"instrumentName": "BM29"}, set()),
        ({"instrumentName": "bm29,bm18"}, {"A", "B", "C", "D"}),
        ({"startDate": "2040-03-12"}, {"B", "C", "D"}),
        ({"startDate": "2040-03-13"}, {"D"}),
        ({"startDate": "2040-03-13", "endDate": "2040-03-19"}, set()),
        ({"endDate": "2040-03-10"}, {"A", "B"}),
        ({"endDate": "2040-02-29"}, set()),
        ({"releaseDates": "2040-04-01"}, {"B"}),
        ({"releaseDates": "2040-03-31"}, set()),
        ({"releaseDates": "2040-03-31,2040-04-01"}, {"B"}),
        ({"username": "bo"}, {"A", "B", "C", "D"}),
        ({"username": "simple/b"}, {"A", "B", "C", "D"}),
        ({"username": "BO"}, set()),
        ({"username": "b%"}, set()),
        ({"username": "cy"}, set()),
        ({"search": "RIBOSOMES 100 %"}, {"D"}),
        ({"search": "10.99999/b"}, {"B"}),
        ({"search": "bm18"}, {"A", "B", "C", "D"}),
        ({"filter": "embargoed"}, {"B", "C"}),
        ({"filter": "released"}, set()),
        ({"filter": "participant"}, {"A", "B", "C", "D"}),
    ],
)
def test_a_filter_leaves_what_it_says(
    get: Get, slots: dict[str, int], query: dict[str, str], expected: set[str]
) -> None:
    assert visits(get("bo", "/catalogue/{s}/investigation", **query)) & set(slots) == expected


def test_dates_do_not_count_together_with_ids(get: Get, slots: dict[str, int]) -> None:
    reply = get("bo", "/catalogue/{s}/investigation", ids=slots["A"], startDate="2040-03-13")
    assert visits(reply) == {"A"}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2040-03-11T12:00:00.000+01:00", {"B", "C"}),
        ("2040-03-02", {"A"}),
        ("2040-03-25T00:00:00Z", {"D"}),
        ("2040-03-05", set()),
    ],
)
def test_control_systems_ask_what_runs_at_a_time(
    get: Get, slots: dict[str, int], time: str, expected: set[str]
) -> None:
    assert visits(get(None, ACQUISITION, time=time, instrumentName="bm18")) & set(slots) == expected


def test_open_ended_investigations_are_there_without_an_end(get: Get, slots: dict[str, int]) -> None:
    (found,) = get(None, ACQUISITION, ids=slots["D"]).json
    assert found["endDate"] is None
    assert found["startDate"] == "2040-03-20T08:00:00.000+01:00"


def test_ids_grow_with_the_time_of_creation(get: Get, slots: dict[str, int]) -> None:
    reply = get(None, ACQUISITION, investigationName="ma-77", instrumentName="bm18")
    assert [one["id"] for one in reply.json] == [slots["A"], slots["B"], slots["D"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sortBy": "STARTDATE", "sortOrder": "-1"}, ["D", "C", "B", "A"]),
        ({"sortBy": "name", "limit": "3", "skip": "1"}, ["A", "D", "B"]),
        ({"sortBy": "INSTRUMENT", "limit": "2"}, ["A", "B"]),
        ({"limit": "1", "skip": "1"}, ["B"]),
    ],
)
def test_pages_are_sorted(get: Get, slots: dict[str, int], query: dict[str, str], expected: list[str]) -> None:
    ids = ",".join(map(str, slots.values()))
    reply = get("bo", "/catalogue/{s}/investigation", ids=ids, **query)
    assert [one["visitId"] for one in reply.json] == expected
    assert reply.json[0]["meta"]["page"]["total"] == 4


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("Id~eq~55123", {"ID30A-1 20310506"}),
        ("Id~gt~55122", {"ID30A-1 20310506"}),
        ("Id~lt~55122", set()),
        ("energy~gt~12.9", {"ID30A-1 20310506"}),
        ("energy~gt~20", set()),
        ("Sample_description~like~red", {"ID30A-1 20310506"}),
    ],
)
def test_parameters_of_what_lies_inside_count_too(
    get: Get, facility: Facility, parameters: str, expected: set[str]
) -> None:
    ids = f"{facility.apple},{facility.open}"
    assert visits(get("ada", "/catalogue/{s}/investigation", ids=ids, parameters=parameters)) == expected


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({"ids": "x"}, "ids: expected identifiers"),
        ({"filter": "mine"}, "filter: expected one of participant"),
        ({"startDate": "yesterday"}, "startDate: 'yesterday' is no day"),
        ({"releaseDates": "2040-04-01,soon"}, "releaseDates: 'soon' is no day"),
        ({"withHasAccess": "perhaps"}, "withHasAccess: expected true or false"),
        ({"ids": ",".join(map(str, range(1, 302)))}, "at most 200 identifiers"),
    ],
)
def test_what_cannot_be_read_is_refused(get: Get, facility: Facility, query: dict[str, str], text: str) -> None:
    reply = get("ada", "/catalogue/{s}/investigation", **query)
    assert reply.status_code == 400
    assert text in reply.get_data(as_text=True)


def test_a_bad_time_is_refused(get: Get, facility: Facility) -> None:
    reply = get(None, ACQUISITION, time="tea time")
    assert reply.status_code == 400
    assert "expected e.g. 2031-05-06T08:00:00.000+02:00" in reply.get_data(as_text=True)


def test_the_caller_may_have_several_user_names(views: Callable[[str], View], facility: Facility) -> None:
    criteria = InvestigationCriteria(scope="participant", users=("simple/bo", "simple/dee"), ids=(facility.apple,))
    assert investigations.find(views("cy"), criteria).total == 1
