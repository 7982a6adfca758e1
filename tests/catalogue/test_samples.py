"""Samples, datafiles and publications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.catalogue.seed import Facility

Get = Callable[..., Any]
SAMPLES = "/catalogue/{s}/samples"


def names(reply: Any) -> list[str]:
    assert reply.status_code == 200, reply.get_data(as_text=True)
    return [one["name"] for one in reply.json]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["apple", "plum"]),
        ({"search": "PLU"}, ["plum"]),
        ({"havingAcquisitionDatasets": "true"}, ["apple"]),
        ({"parameters": "Sample_description~gt~7"}, ["plum"]),
        ({"parameters": "energy~gt~12.4"}, ["apple"]),
        ({"parameters": "energy"}, ["apple"]),
        ({"parameters": "Id~eq~55123"}, ["apple", "plum"]),
        ({"instrumentName": "id30a1"}, ["apple", "plum"]),
        ({"instrumentName": "bm29"}, []),
        ({"startDate": "2031-05-08", "endDate": "2031-05-09"}, ["apple", "plum"]),
        ({"startDate": "2031-05-09"}, []),
        ({"endDate": "2031-05-05"}, []),
        ({"sortBy": "NAME", "sortOrder": "-1"}, ["plum", "apple"]),
        ({"sortBy": "DATE", "limit": "1", "skip": "1"}, ["plum"]),
    ],
)
def test_a_filter_leaves_what_it_says(get: Get, facility: Facility, query: dict[str, str], expected: list[str]) -> None:
    assert names(get("ada", SAMPLES, investigationId=facility.apple, **query)) == expected


def test_unknown_samples_are_an_empty_list(get: Get, facility: Facility) -> None:
    assert names(get("ada", SAMPLES, sampleIds="999999,888888")) == []


def test_datasets_are_filled_only_when_asked_for(get: Get, facility: Facility) -> None:
    bare = get("ada", SAMPLES, sampleIds=facility.sample).json[0]
    assert "datasets" not in bare
    full = get("ada", SAMPLES, sampleIds=facility.sample, includeDatasets="true", nested="true").json[0]
    assert [dataset["id"] for dataset in full["datasets"]] == [*facility.raw, *facility.results]
    assert [output["id"] for output in full["datasets"][0]["outputDatasets"]][-1] == facility.merge
    assert full["meta"] == {"page": {"total": 1, "totalPages": 1, "currentPage": 1}}


def test_samples_without_datasets_have_an_empty_list(get: Get, facility: Facility) -> None:
    query = {"includeDatasets": "true", "datasetType": "acquisition"}
    found = get("ada", SAMPLES, investigationId=facility.apple, **query).json
    assert {one["name"]: len(one["datasets"]) for one in found} == {"apple": 3, "plum": 0}


@pytest.mark.parametrize("extra", ["includeDatasets", "nested", "havingAcquisitionDatasets"])
def test_several_samples_and_a_question_about_datasets_are_refused(get: Get, facility: Facility, extra: str) -> None:
    reply = get("ada", SAMPLES, sampleIds="1,2", **{extra: "true"})
    assert reply.status_code == 400
    assert "several sampleIds" in reply.get_data(as_text=True)


def test_datafiles_are_searched_and_paged(get: Get, facility: Facility) -> None:
    path = "/catalogue/{s}/datafile"
    found = get("ada", path, datasetId=facility.raw[0], limit=1, skip=1)
    assert [one["Datafile"]["name"] for one in found.json] == ["/sub/frame.cbf"]
    assert found.json[0]["meta"]["page"] == {"total": 2, "totalPages": 2, "currentPage": 2}
    assert [one["Datafile"]["name"] for one in get("ada", path, datasetId=facility.raw[0], search="H5").json] == [
        "/apple.h5"
    ]


def test_a_datafile_of_a_released_investigation_says_so(get: Get, facility: Facility) -> None:
    (found,) = get("reader", "/catalogue/{s}/datafile", datasetId=facility.open_raw).json
    assert found["Datafile"]["isReleased"] is True
    assert found["Datafile"]["destDatafiles"] == []


def test_datafiles_need_a_filter(get: Get, facility: Facility) -> None:
    reply = get("ada", "/catalogue/{s}/datafile", search="h5")
    assert reply.status_code == 400
    assert "datasetId, datafileIds or location" in reply.get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["10.99999/EX-DC-31"]),
        ({"type": "datacollection"}, ["10.99999/EX-DC-31"]),
        ({"type": "document"}, []),
        ({"search": "ex-dc"}, ["10.99999/EX-DC-31"]),
        ({"search": "PEARS"}, ["10.99999/EX-DC-31"]),
        ({"search": "apples"}, []),
        ({"sortBy": "DATE", "sortOrder": "-1", "limit": "1000"}, ["10.99999/EX-DC-31"]),
    ],
)
def test_publications_are_told_from_provenance(
    get: Get, facility: Facility, query: dict[str, str], expected: list[str]
) -> None:
    assert [one["doi"] for one in get("ada", "/catalogue/{s}/datacollection", **query).json] == expected


def test_publications_of_a_dataset(get: Get, facility: Facility) -> None:
    (found,) = get("reader", "/catalogue/{s}/datacollection", datasetId=facility.open_raw).json
    assert found["id"] == facility.publication
    older = get("reader", f"/catalogue/{{s}}/dataset/id/{facility.open_raw}/datacollection").json
    assert [one["id"] for one in older] == [facility.publication]
    assert get("ada", "/catalogue/{s}/datacollection", datasetId=facility.raw[0]).json == []
