"""A walk of somebody who wants other people's data and may see some of the own: ids of both, mixed in every request
that takes two, and answers that would tell whether a guess was right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from icat_schema.gateway.conditions import Eq
from tests.access.places import DESCRIPTION, Place
from tests.access.world import World
from tests.catalogue.seed import Seeder


@pytest.fixture
def mine(world: World) -> Place:
    """Of ada, who is the principal investigator."""
    return world.places["embargoed"]


@pytest.fixture
def theirs(world: World) -> Place:
    return world.places["others"]


def ada(world: World, method: str, path: str, **options: Any) -> requests.Response:
    return world.facade.request(method, path.replace("{s}", world.facade.log_in("ada")), "ada", **options)


def test_a_second_id_of_ones_own_opens_nothing_of_others(world: World, mine: Place, theirs: Place) -> None:
    own, other = mine, theirs
    for method, path, body in (
        ("GET", f"/catalogue/{{s}}/files/download?sampleId={own.sample}&resourceId={other.sample_file}", None),
        ("GET", f"/catalogue/{{s}}/files/download?sampleId={other.sample}&resourceId={own.sample_file}", None),
        ("GET", f"/catalogue/{{s}}/files?sampleId={other.sample}&investigationId={own.investigation}", None),
        ("GET", _file(other.location, own.dataset, own.investigation), None),
        ("GET", _file(own.location, other.dataset, own.investigation), None),
        ("GET", _file(other.location, other.dataset, own.investigation), None),
        ("PUT", f"/catalogue/{{s}}/sampleParameters/{other.sample_parameter}?investigationId={own.investigation}", "x"),
        ("POST", f"/catalogue/{{s}}/samples/{other.sample}/sampleParameters?investigationId={own.investigation}", "x"),
        ("GET", f"/catalogue/{{s}}/samples/{other.sample}/page?investigationId={own.investigation}", None),
        (
            "GET",
            f"/dmp/{{s}}/questionnaires?investigationId={other.investigation}&investigationName={own.stored_name}",
            None,
        ),
        ("GET", f"/catalogue/{{s}}/dataset?datasetIds={other.dataset}&investigationIds={own.investigation}", None),
        ("GET", f"/catalogue/{{s}}/dataset/id/{own.dataset},{other.dataset}/dataset", None),
        ("GET", f"/catalogue/{{s}}/dataset/id/{own.dataset},{other.dataset}/dataset_document", None),
        ("GET", f"/catalogue/datasets?datasetIds={own.dataset},{other.dataset}&nested=true", None),
        ("GET", f"/ids/data/metalink?datasetIds={own.dataset},{other.dataset}", None),
        ("GET", f"/ids/{{s}}/path?datasetIds={own.dataset},{other.dataset}", None),
        ("GET", f"/ids/{{s}}/datasets/status?datasetIds={own.dataset},{other.dataset}", None),
        ("POST", f"/ids/{{s}}/datasets/restore?datasetIds={own.dataset},{other.dataset}", None),
        ("GET", f"/ids/data/download?datasetIds={own.dataset}&datafileIds={other.datafile}", None),
        (
            "GET",
            f"/resource/{{s}}/file/download?resourceId={other.attachment}&investigationId={own.investigation}",
            None,
        ),
    ):
        options = {} if body is None else {"json": {"name": DESCRIPTION, "value": body}}
        reply = ada(world, method, path, **options)
        assert reply.status_code in (200, 403, 404), (path, reply.text)
        assert other.mark not in reply.text, path
        assert method == "GET" or reply.status_code in (403, 404), path
    described = world.value("SampleParameter", "stringValue", Eq("id", other.sample_parameter))
    assert str(described).startswith(other.mark)


def _file(location: str, dataset: int, investigation: int) -> str:
    return f"/catalogue/{{s}}/datafile/download?filepath={location}&datasetId={dataset}&investigationId={investigation}"


@pytest.fixture
def mixed(world: World, theirs: Place) -> Iterator[None]:
    """A publication of an open dataset together with one that is nobody's business."""
    opened = world.places["open"]
    made = Seeder(world.root).publication("10.99999/mixed", [opened.dataset, theirs.dataset], "Both")
    yield
    world.root.delete("DataCollection", [made])


@pytest.mark.usefixtures("mixed")
def test_a_publication_shows_only_those_of_its_datasets_that_one_may_read(world: World, theirs: Place) -> None:
    opened = world.places["open"]
    for user in ("ada", "dee", "reader"):
        path = f"/catalogue/{world.facade.log_in(user)}/datacollection"
        found = world.facade.get(path, datasetId=opened.dataset).json()
        (both,) = (one for one in found if one["doi"] == "10.99999/mixed")
        assert [one["dataset"]["id"] for one in both["dataCollectionDatasets"]] == [opened.dataset]
        assert world.facade.get(path, datasetId=theirs.dataset).json() == [], "nor is it found by the hidden one"


def test_nobody_finds_out_by_guessing_who_takes_part(world: World) -> None:
    """The same answer for a member and for a stranger, from everybody who may not see the team."""
    path = f"/catalogue/{{}}/investigation/id/{world.places['open'].investigation}/investigationusers"
    for user in ("dee", "reader", "bo"):
        answers = [
            world.facade.request(method, path.format(world.facade.log_in(user)), json={"name": f"simple/{name}"})
            for name in ("ada", "dee", "nobody-of-this-name")
            for method in ("POST", "DELETE")
        ]
        assert {(reply.status_code, reply.text) for reply in answers} == {(403, answers[0].text)}


def test_what_anonymous_callers_choose_is_not_shown_to_the_next(world: World) -> None:
    path = f"/users/{world.facade.log_in('reader')}/preferences"
    visited = [{"url": "https://evil.example.org", "label": "Your data", "target": {}}]
    assert world.facade.request("PUT", path, json={"recentlyVisited": visited}).json()["recentlyVisited"]
    assert "evil" not in world.facade.get(path).text
