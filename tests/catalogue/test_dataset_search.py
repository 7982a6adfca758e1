"""Every filter of the dataset search, on a real catalogue over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.catalogue.seed import ESRFET, Facility

Get = Callable[..., Any]


def names(reply: Any) -> list[str]:
    assert reply.status_code == 200, reply.get_data(as_text=True)
    return [dataset["name"] for dataset in reply.json]


RAW = ["apple_scan_0", "apple_scan_1", "apple_scan_2"]
RESULTS = [f"proc_{i}" for i in range(6)]
OWN = [*RAW, *RESULTS, "merge", "report"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"datasetType": "acquisition"}, RAW),
        ({"datasetType": "processed"}, [*RESULTS, "merge", "report"]),
        ({"datasetType": "raw"}, []),
        ({"datasetType": "acquisition,processed"}, OWN),
        ({"instrumentName": "id30a1"}, OWN),
        ({"instrumentName": "bm29"}, ["merge"]),
        ({"instrumentName": "nowhere"}, []),
        ({"startDate": "2031-05-07", "endDate": "2031-05-07"}, ["apple_scan_1"]),
        ({"startDate": "2031-05-07"}, ["apple_scan_1", "apple_scan_2"]),
        ({"endDate": "2031-05-05"}, []),
        ({"techniquePids": f"{ESRFET}XAS"}, ["apple_scan_1", "apple_scan_2"]),
        ({"techniquePids": "http://purl.org/pan-science/ESRFET#MX"}, ["apple_scan_0"]),
        ({"techniquePids": "http://example.org/none"}, []),
        ({"search": "SCAN_1"}, ["apple_scan_1"]),
        ({"search": "%"}, []),
        ({"search": "_"}, [*RAW, *RESULTS]),
        ({"search": "apple"}, [*RAW, *RESULTS]),
        ({"search": ""}, OWN),
        ({"parameters": "scanType"}, RAW),
        ({"parameters": "SCANTYPE~eq~fly"}, RAW[1:]),
        ({"parameters": "scanType~eq~FLY"}, []),
        ({"parameters": "scanType~like~TE"}, RAW[:1]),
        ({"parameters": "scanType~in~fly;step"}, RAW),
        ({"parameters": "energy~gt~12.4"}, RAW[2:]),
        ({"parameters": "energy~gteq~12.4"}, RAW[1:]),
        ({"parameters": "energy~lt~12.4"}, RAW[:1]),
        ({"parameters": "energy~lteq~12.4,scanType~eq~fly"}, RAW[1:2]),
        ({"parameters": "energy~gt~100"}, []),
        ({"parameters": "temperature~gteq~91"}, RAW[1:]),
        ({"parameters": "temperature~eq~91"}, RAW[1:2]),
        ({"parameters": "temperature~in~90;92"}, [RAW[0], RAW[2]]),
        ({"parameters": "measured"}, ["merge"]),
        ({"parameters": "measured~like~2031-05-06T09"}, ["merge"]),
        ({"parameters": "Sample_description~like~100 % Pure_"}, [*RAW, *RESULTS]),
        ({"parameters": "Id~eq~55123"}, OWN),
        ({"parameters": "Id~gt~55122"}, OWN),
        ({"parameters": "scanType;Sample_description~like~apple"}, [*RAW, *RESULTS]),
        ({"parameters": "no_such_parameter"}, []),
        ({"parameters": "scanType~eq~fly,no_such_parameter~gt~1"}, []),
    ],
)
def test_a_filter_leaves_what_it_says(get: Get, facility: Facility, query: dict[str, str], expected: list[str]) -> None:
    assert names(get("ada", "/catalogue/datasets", investigationIds=facility.apple, **query)) == expected


def test_ids_sample_and_several_investigations_restrict(get: Get, facility: Facility) -> None:
    both = f"{facility.open},{facility.apple}"
    assert names(get("ada", "/catalogue/datasets", investigationIds=both)) == [*OWN, "pear_scan"]
    assert names(get("ada", "/catalogue/datasets", sampleId=facility.sample)) == [*RAW, *RESULTS]
    ids = ",".join(map(str, (facility.report, facility.raw[0], 999999)))
    assert names(get("ada", "/catalogue/datasets", datasetIds=ids)) == ["apple_scan_0", "report"]


@pytest.mark.parametrize(
    ("query", "expected", "page"),
    [
        ({"limit": 4}, OWN[:4], (11, 3, 1)),
        ({"limit": 4, "skip": 4}, OWN[4:8], (11, 3, 2)),
        ({"limit": 4, "skip": 8}, OWN[8:], (11, 3, 3)),
        ({"skip": 9}, OWN[9:], (11, 1, 1)),
        ({"limit": 3, "sortBy": "name", "sortOrder": -1}, ["report", "proc_5", "proc_4"], (11, 4, 1)),
        ({"limit": 2, "sortBy": "STARTDATE", "sortOrder": -1}, ["apple_scan_2", "apple_scan_1"], (11, 6, 1)),
        ({"limit": 2, "sortOrder": -1}, ["report", "merge"], (11, 6, 1)),
        ({"limit": 2, "sortBy": "colour"}, OWN[:2], (11, 6, 1)),
        ({"sortBy": "NAME"}, sorted(OWN), (11, 1, 1)),
        ({"limit": 1, "skip": 1, "parameters": "energy~gt~1"}, RAW[1:2], (3, 3, 2)),
        ({"parameters": "energy~gt~1", "sortBy": "NAME", "sortOrder": -1}, RAW[::-1], (3, 1, 1)),
    ],
)
def test_pages_are_cut_where_the_query_says(
    get: Get, facility: Facility, query: dict[str, object], expected: list[str], page: tuple[int, int, int]
) -> None:
    reply = get("ada", "/catalogue/datasets", investigationIds=facility.apple, **query)
    assert names(reply) == expected
    for dataset in reply.json:
        assert tuple(dataset["meta"]["page"].values()) == page


def test_sorting_by_sample_keeps_datasets_without_one(get: Get, facility: Facility) -> None:
    reply = get("ada", "/catalogue/datasets", investigationIds=facility.apple, sortBy="SAMPLENAME")
    assert sorted(names(reply)) == sorted(OWN)


def test_pages_behind_the_end_are_empty(get: Get, facility: Facility) -> None:
    reply = get("ada", "/catalogue/datasets", investigationIds=facility.apple, limit=5, skip=50)
    assert names(reply) == []


def test_a_dataset_measured_elsewhere_names_its_own_instrument(get: Get, facility: Facility) -> None:
    (merge,) = get("ada", "/catalogue/datasets", datasetIds=facility.merge).json
    assert merge["instrumentName"] == "BM29"
    assert merge["investigation"]["investigationInstruments"][0]["instrument"]["name"] == "ID30A-1"


def test_without_nested_there_are_no_outputs(get: Get, facility: Facility) -> None:
    (raw,) = get("ada", "/catalogue/datasets", datasetIds=facility.raw[0]).json
    assert "outputDatasets" not in raw


def test_the_paging_object_stands_on_the_list_and_not_on_what_is_nested(get: Get, facility: Facility) -> None:
    reply = get("ada", "/catalogue/datasets", investigationIds=facility.apple, nested="true")
    assert all("meta" in dataset for dataset in reply.json)
    assert all("meta" not in output for dataset in reply.json for output in dataset["outputDatasets"])


def test_paths_ignore_case_and_a_slash_at_the_end(get: Get, facility: Facility) -> None:
    assert names(get("ada", "/Catalogue/DATASETS/", datasetIds=facility.raw[0])) == ["apple_scan_0"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ({}, "at least one filter is needed"),
        ({"search": "", "datasetIds": ""}, "at least one filter is needed"),
        ({"datasetIds": "1,x"}, "datasetIds: expected identifiers"),
        ({"datasetIds": "99999999999999999999"}, "datasetIds: expected identifiers"),
        ({"sampleId": "1,2"}, "sampleId: expected one identifier"),
        ({"datasetIds": "1", "limit": "ten"}, "limit: expected a whole number"),
        ({"datasetIds": "1", "skip": "-1"}, "skip: must not be negative"),
        ({"datasetIds": "1", "sortOrder": "up"}, "sortOrder: expected 1"),
        ({"datasetIds": "1", "nested": "maybe"}, "nested: expected true or false"),
        ({"startDate": "06.05.2031"}, "startDate: '06.05.2031' is no day; expected YYYY-MM-DD"),
        ({"parameters": "energy~above~3"}, "parameters: 'energy~above~3': expected name~operator~value"),
        ({"parameters": "energy~gt~x"}, "is not a decimal number"),
        ({"search": "x" * 1001}, "search: is longer than 1000"),
        ({"datasetIds": "1", "search": "a\x00b"}, "control character"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_is_accepted(
    get: Get, facility: Facility, query: dict[str, str], text: str
) -> None:
    reply = get("ada", "/catalogue/datasets", **query)
    assert reply.status_code == 400
    assert reply.mimetype == "text/plain"
    assert text in reply.get_data(as_text=True)


HOSTILE = [
    "'",
    "''",
    "' OR '1'='1",
    "a\\",
    "%",
    "_",
    "${x}",
    "<script>",
    "\u202e",
    "𝔘",
    "{ts 2000-01-01 00:00:00}",
    "!",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["search", "instrumentName", "techniquePids", "datasetType"])
def test_hostile_texts_find_nothing_and_break_nothing(get: Get, facility: Facility, key: str, value: str) -> None:
    reply = get("ada", "/catalogue/datasets", investigationIds=facility.apple, **{key: value})
    assert reply.status_code == 200
    if (key, value) != ("search", "_"):
        assert reply.json == []


@pytest.mark.parametrize("value", [value for value in HOSTILE if "," not in value])
@pytest.mark.parametrize("operator", ["eq", "like", "in"])
def test_hostile_parameter_values_find_nothing_and_break_nothing(
    get: Get, facility: Facility, operator: str, value: str
) -> None:
    parameters = f"scanType~{operator}~{value}"
    reply = get("ada", "/catalogue/datasets", investigationIds=facility.apple, parameters=parameters)
    assert reply.status_code == 200
    assert reply.json == []


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_days(get: Get, facility: Facility, day: str) -> None:
    assert get("ada", "/catalogue/datasets", investigationIds=facility.apple, startDate=day).status_code == 200
    assert get("ada", "/catalogue/datasets", investigationIds=facility.apple, endDate=day).status_code == 200
