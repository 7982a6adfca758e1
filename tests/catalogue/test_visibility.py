"""Who sees what: the rules of the catalogue decide, and nothing that may not be read causes an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from icat_schema.gateway import New, Session
from tests.catalogue.seed import Facility, Seeder

Get = Callable[..., Any]

SEES_DATASETS = {
    "ada": {"apple": 11, "other": 0, "open": 1},
    "bo": {"apple": 11, "other": 0, "open": 1},
    "cy": {"apple": 11, "other": 0, "open": 1},
    "dee": {"apple": 0, "other": 1, "open": 1},
    "reader": {"apple": 0, "other": 0, "open": 1},
    None: {"apple": 0, "other": 0, "open": 1},
}


@pytest.mark.parametrize("login", SEES_DATASETS)
def test_datasets_are_seen_by_those_whom_the_rules_name(get: Get, facility: Facility, login: str | None) -> None:
    for session, expected in SEES_DATASETS[login].items():
        reply = get(login, "/catalogue/datasets", investigationIds=getattr(facility, session), nested="true")
        assert reply.status_code == 200
        assert len(reply.json) == expected, session


@pytest.mark.parametrize("login", ["ada", "bo", "cy", "dee", "reader"])
def test_everything_below_an_investigation_is_seen_with_it(get: Get, facility: Facility, login: str) -> None:
    inside = login in ("ada", "bo", "cy")
    for path, query in (
        ("/catalogue/{s}/investigation", {"ids": facility.apple}),
        ("/catalogue/{s}/samples", {"investigationId": facility.apple}),
        ("/catalogue/{s}/datafile", {"datasetId": facility.raw[0]}),
        (f"/catalogue/{{s}}/investigation/id/{facility.apple}/investigationusers", {}),
        (f"/catalogue/{{s}}/dataset/id/{facility.raw[0]}/dataset", {}),
    ):
        reply = get(login, path, **query)
        assert reply.status_code == 200
        assert bool(reply.json) is inside, path


def test_outputs_that_the_caller_may_not_read_are_left_out(
    get: Get, facility: Facility, root: Session, seeder: Seeder
) -> None:
    (raw,) = seeder.datasets(facility.open, None, [{"name": "pear_raw"}])
    (hidden,) = seeder.datasets(facility.other, None, [{"name": "hidden_result", "type": "processed"}])
    (shown,) = seeder.datasets(facility.open, None, [{"name": "shown_result", "type": "processed"}])
    seeder.list_outputs(raw, [hidden, shown, 999999, raw])
    seeder.job([raw], hidden)
    (found,) = get(None, "/catalogue/datasets", datasetIds=raw, nested="true").json
    assert [output["id"] for output in found["outputDatasets"]] == [shown]
    root.delete("Dataset", [raw, hidden, shown])


def test_scopes_of_investigations_follow_the_roles(get: Get, facility: Facility) -> None:
    def ids(login: str, scope: str) -> set[int]:
        return {one["id"] for one in get(login, "/catalogue/{s}/investigation", filter=scope).json}

    mine = {facility.apple, facility.other, facility.open, facility.running}
    assert ids("bo", "participant") & mine == {facility.apple}
    assert ids("cy", "instrumentscientist") & mine == {facility.apple, facility.running}
    assert ids("cy", "participant") & mine == {facility.running}
    assert ids("dee", "participant") & mine == {facility.other}
    assert ids("reader", "released") & mine == {facility.open}
    assert ids("ada", "Embargoed") & mine == {facility.apple}


def test_access_to_datasets_is_told_apart_from_having_none(get: Get, facility: Facility) -> None:
    reply = get("cy", "/catalogue/{s}/investigation", ids=f"{facility.running},{facility.open}", withHasAccess="true")
    assert {one["id"]: one["canAccessDatasets"] for one in reply.json} == {facility.running: True, facility.open: True}
    reply = get("cy", "/catalogue/{s}/investigation", ids=facility.open)
    assert "canAccessDatasets" not in reply.json[0]


def test_a_published_dataset_of_a_closed_investigation_can_be_shown(
    get: Get, facility: Facility, root: Session, seeder: Seeder
) -> None:
    what = f"SELECT o FROM Dataset o WHERE o.id = {facility.other_raw}"
    (rule,) = root.write([New("Rule", {"crudFlags": "R", "what": what})])
    try:
        (found,) = get(None, "/catalogue/datasets", datasetIds=facility.other_raw).json
        assert found["name"] == "secret"
        assert found["investigation"]["id"] == 0
        assert found["parameters"] == []
    finally:
        root.delete("Rule", [rule])
    assert get(None, "/catalogue/datasets", datasetIds=facility.other_raw).json == []
