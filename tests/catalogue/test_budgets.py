"""Calls to the catalogue per request: they depend on windows of maxEntities and on depth, not on the number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from drac_plugins.app import create_app
from drac_plugins.core.services import Services
from icat_schema.gateway import Catalogue, GatewaySettings, Session
from tests.catalogue.conftest import API_KEY, settings_for
from tests.catalogue.seed import APPLE_START, Facility, Seeder, seed
from tests.support.catalogue import start_catalogue

Get = Callable[..., Any]
SIZES = {"small": 10, "large": 200}
FLAT = 6
"""Datasets, investigation ids, instruments, techniques, parameters; and for samples the guarded relation."""
INVESTIGATION = 4
LINKS = 2


def fill(seeder: Seeder, size: int) -> int:
    """A session with `size` raw datasets of three parameters each, and one result of each in both kinds of links."""
    home = seeder.investigation(
        f"CALLS-{size}", "BM29 2031", "BM29", {"ada": "Principal investigator"}, startDate=APPLE_START
    )
    sample = seeder.sample(home, "grid")
    values = {"scanType": "fly", "energy": "12.4", "definition": "MX"}
    raw = seeder.datasets(
        home,
        sample,
        [
            {"name": f"raw_{i}", "start": APPLE_START + timedelta(minutes=i), "values": values, "technique": "MX"}
            for i in range(size)
        ],
    )
    results = seeder.datasets(home, sample, [{"name": f"result_{i}", "type": "processed"} for i in range(size)])
    for source, result in zip(raw, results, strict=True):
        seeder.list_outputs(source, [result])
    for source, result in zip(raw[:3], results[:3], strict=True):
        seeder.job([source], result)
    return home


@pytest.fixture(scope="module")
def sizes(seeder: Seeder) -> dict[str, int]:
    return {name: fill(seeder, size) for name, size in SIZES.items()}


@pytest.fixture
def calls(get: Get, services: Services) -> Callable[..., tuple[int, int]]:
    """(calls, elements) of one request."""

    def count(login: str, path: str, **query: object) -> tuple[int, int]:
        get(login, path, **query)
        with services.catalogue.counting() as counted:
            reply = get(login, path, **query)
        assert reply.status_code == 200
        return counted.calls, len(reply.json)

    return count


@pytest.mark.parametrize(
    ("query", "budget"),
    [
        ({}, FLAT + INVESTIGATION),
        ({"datasetType": "acquisition", "nested": "true"}, 2 * (FLAT + LINKS) + INVESTIGATION + 1),
        ({"sortBy": "STARTDATE", "sortOrder": "-1", "limit": "8"}, FLAT + INVESTIGATION + 1),
        ({"limit": "8", "skip": "1"}, FLAT + INVESTIGATION + 1),
        ({"parameters": "energy~gt~12,scanType~eq~fly", "search": "raw"}, FLAT + INVESTIGATION + 4),
        (
            {"techniquePids": "http://purl.org/pan-science/ESRFET#MX", "instrumentName": "bm29"},
            FLAT + INVESTIGATION + 2,
        ),
    ],
)
def test_twenty_times_more_datasets_take_as_many_calls(
    calls: Callable[..., tuple[int, int]], sizes: dict[str, int], query: dict[str, str], budget: int
) -> None:
    small, few = calls("ada", "/catalogue/datasets", investigationIds=sizes["small"], **query)
    large, many = calls("ada", "/catalogue/datasets", investigationIds=sizes["large"], **query)
    assert many == few if "limit" in query else many == few * SIZES["large"] // SIZES["small"]
    assert small <= budget
    assert large <= budget + (1 if "nested" in query or "parameters" in query else 0)


def test_other_lists_keep_their_budgets(calls: Callable[..., tuple[int, int]], sizes: dict[str, int]) -> None:
    for size in sizes.values():
        assert calls("ada", "/catalogue/{s}/investigation", ids=size)[0] <= INVESTIGATION + 1
        assert calls("ada", "/catalogue/{s}/samples", investigationId=size)[0] <= 3 + INVESTIGATION
        found = calls("ada", "/catalogue/{s}/samples", investigationId=size, includeDatasets="true", nested="true")
        assert found[0] <= 3 + INVESTIGATION + 2 * (FLAT + LINKS) + INVESTIGATION + 2
    assert calls("ada", "/catalogue/{s}/datafile", datasetId=1)[0] <= 2
    assert calls("ada", "/catalogue/{s}/datacollection")[0] <= 5


@pytest.mark.parametrize(
    ("path", "query", "grows"),
    [
        ("/catalogue/{s}/dataset", {"investigationIds": "{home}"}, True),
        ("/catalogue/{s}/dataset", {"investigationIds": "{home}", "nested": "true", "sortBy": "NAME"}, True),
        ("/catalogue/{s}/dataset/timeline", {"investigationId": "{home}"}, True),
        ("/catalogue/{s}/datasetparameter", {"investigationId": "{home}", "name": "energy"}, True),
        ("/catalogue/{s}/datasetparameter", {"investigationId": "{home}", "name": "energy,scanType"}, True),
        ("/catalogue/{s}/datasetparameter/values", {"investigationId": "{home}", "name": "energy"}, False),
        ("/catalogue/{s}/samples", {"investigationId": "{home}"}, False),
        ("/catalogue/{s}/samples", {"investigationId": "{home}", "includeDatasets": "true"}, False),
        ("/catalogue/{s}/investigation", {"ids": "{home}", "withHasAccess": "true"}, False),
        ("/catalogue/{s}/investigation/id/{home}/investigationusers", {}, False),
        (f"/dataacquisition/{API_KEY}/dataset", {"investigationId": "{home}"}, True),
        (f"/dataacquisition/{API_KEY}/investigation", {"ids": "{home}"}, False),
    ],
)
def test_no_list_takes_more_calls_for_twenty_times_more_rows(
    calls: Callable[..., tuple[int, int]], sizes: dict[str, int], path: str, query: dict[str, str], grows: bool
) -> None:
    def asked(home: int) -> tuple[int, int]:
        filled = {name: value.replace("{home}", str(home)) for name, value in query.items()}
        return calls("ada", path.replace("{home}", str(home)), **filled)

    (small, few), (large, many) = asked(sizes["small"]), asked(sizes["large"])
    assert large <= small + (1 if "nested" in query else 0)
    assert many == (few * SIZES["large"] // SIZES["small"] if grows else few)
    assert few > 0


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Session, Facility, int]]:
    """A catalogue that answers at most 100 rows at once, a facade in front of it, and a session with 200 datasets."""
    folder: Path = tmp_path_factory.mktemp("narrow")
    server = start_catalogue(folder, "--max-entities", "100")
    root = Catalogue(GatewaySettings(server.url)).login("simple", {"username": "root", "password": "root"})
    facility = seed(root)
    home = fill(Seeder(root), SIZES["large"])
    yield create_app(settings_for(server, folder)), root, facility, home
    server.stop()


def test_a_catalogue_with_small_windows_is_read_completely(narrow: tuple[Flask, Session, Facility, int]) -> None:
    app, root, _, home = narrow
    http = app.test_client()
    query = {"investigationIds": home, "datasetType": "acquisition", "nested": "true"}
    headers = {"Authorization": f"Bearer {root.id}"}
    http.get("/catalogue/datasets", query_string=query, headers=headers)
    with app.extensions["drac"].catalogue.counting() as counted:
        reply = http.get("/catalogue/datasets", query_string=query, headers=headers)
    size = SIZES["large"]
    assert len(reply.json) == size
    assert all(len(dataset["parameters"]) == 4 for dataset in reply.json)
    assert all(len(dataset["outputDatasets"]) == 1 for dataset in reply.json)
    windows = size // 100 + 1
    parameters = 4 * size // 100 + 1
    assert counted.calls <= 2 * (FLAT + 1 + LINKS) * windows + parameters + windows + INVESTIGATION + 1


def test_long_lists_take_hardly_more_calls_than_windows(narrow: tuple[Flask, Session, Facility, int]) -> None:
    """Whatever the catalogue answers at once, and the answer is the same."""
    app, root, _, home = narrow
    headers = {"Authorization": f"Bearer {root.id}"}
    with app.extensions["drac"].catalogue.counting() as counted:
        reply = app.test_client().get("/catalogue/datasets", query_string={"investigationIds": home}, headers=headers)
        datasets = reply.json
    size = 2 * SIZES["large"]
    ids = [dataset["id"] for dataset in datasets]
    assert ids == sorted(set(ids))
    assert len(ids) == size
    assert sum(len(dataset["parameters"]) for dataset in datasets) == 4 * SIZES["large"]
    assert all(p["datasetId"] == dataset["id"] for dataset in datasets for p in dataset["parameters"])
    windows = size // 100 + 1
    parameters = 4 * SIZES["large"] // 100 + 1
    assert counted.calls <= (FLAT + 1) * windows + 1.2 * parameters + 2 + INVESTIGATION


def test_pages_of_a_catalogue_with_small_windows_are_whole(narrow: tuple[Flask, Session, Facility, int]) -> None:
    app, root, _, home = narrow
    query = {"investigationIds": home, "limit": 150, "skip": 20, "sortBy": "NAME"}
    reply = app.test_client().get(
        "/catalogue/datasets", query_string=query, headers={"Authorization": f"Bearer {root.id}"}
    )
    names = [dataset["name"] for dataset in reply.json]
    assert len(names) == 150
    assert names == sorted(names)
    assert reply.json[0]["meta"]["page"] == {"total": 2 * SIZES["large"], "totalPages": 3, "currentPage": 1}


def test_names_are_looked_up_once_in_a_while_and_new_ones_at_once(
    calls: Callable[..., tuple[int, int]], seeder: Seeder, sizes: dict[str, int]
) -> None:
    query = {"investigationIds": sizes["small"], "instrumentName": "bm29", "parameters": "energy~eq~12.4"}
    plain = calls("ada", "/catalogue/datasets", investigationIds=sizes["small"])
    assert calls("ada", "/catalogue/datasets", **query)[0] == plain[0]
    missing = calls("ada", "/catalogue/datasets", **{**query, "parameters": "madeJustNow~eq~yes"})
    assert missing[1] == 0
    seeder.parameter_types(["madeJustNow"])
    dataset = seeder.datasets(sizes["small"], None, [{"name": "late", "values": {"madeJustNow": "yes"}}])[0]
    found = calls("ada", "/catalogue/datasets", **{**query, "parameters": "madeJustNow~eq~yes"})
    assert found[1] == 1
    seeder.session.delete("Dataset", [dataset])
