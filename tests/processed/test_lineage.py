"""Lineage over the wire: both directions, depth, what may be seen, the number of calls, and the three forms."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from prov.model import ProvDocument
from rocrate.rocrate import ROCrate

from drac_plugins.core.reads.view import View
from drac_plugins.processed.lineage import lineage
from tests.processed.conftest import World


def ids(found: dict[str, Any], *levels: int) -> set[int]:
    return {node["id"] for node in found["nodes"] if not levels or node["level"] in levels}


def node(found: dict[str, Any], dataset_id: int) -> dict[str, Any]:
    return next(node for node in found["nodes"] if node["id"] == dataset_id)


def test_both_directions_are_walked_and_siblings_are_not(world: World) -> None:
    f = world.facility
    found = world.lineage(f.merge).json()
    assert ids(found) == {f.merge, *f.raw, f.report}
    assert ids(found, -1) == set(f.raw)
    assert ids(found, 1) == {f.report}
    edges = {(edge["input"], edge["output"]) for edge in found["edges"]}
    assert edges == {*((raw, f.merge) for raw in f.raw), (f.merge, f.report)}
    assert found["complete"] is True


@pytest.mark.parametrize(("direction", "levels"), [("up", {0, -1}), ("down", {0, 1}), ("both", {0, 1, -1})])
def test_one_direction_may_be_asked_for(world: World, direction: str, levels: set[int]) -> None:
    found = world.lineage(world.facility.merge, direction=direction).json()
    assert {n["level"] for n in found["nodes"]} == levels


def test_depth_cuts_and_says_so(world: World, chain: list[int]) -> None:
    found = world.lineage(chain[5], depth=2).json()
    assert ids(found) == set(chain[3:8])
    assert found["complete"] is False
    assert all(n["hiddenInputs"] == n["hiddenOutputs"] == 0 for n in found["nodes"])
    whole = world.lineage(chain[5], depth=60).json()
    assert ids(whole) == set(chain)
    assert whole["complete"] is True
    assert ids(world.lineage(chain[5], depth=0).json()) == {chain[5]}


@pytest.mark.parametrize("depth", ["61", "-1", "many"])
def test_a_depth_out_of_bounds_is_refused_with_a_sentence(world: World, depth: str) -> None:
    reply = world.lineage(world.facility.merge, depth=depth)
    assert reply.status_code == 400
    assert "depth" in reply.json()["detail"]


def test_what_the_caller_may_not_see_is_a_number(world: World) -> None:
    reply = world.lineage(world.mixed)
    found = reply.json()
    assert ids(found) == {world.mixed, world.facility.raw[0]}
    assert node(found, world.mixed)["hiddenInputs"] == 1
    assert found["complete"] is True
    for form in ("json", "prov", "rocrate"):
        text = world.lineage(world.mixed, format=form).text
        assert "secret" not in text
        assert f"datasets/{world.facility.other_raw}" not in text


def test_a_dataset_that_may_not_be_read_is_not_told_from_none(world: World) -> None:
    hidden, none = world.lineage(world.mixed, "dee"), world.lineage(10**9)
    assert hidden.status_code == none.status_code == 404
    assert hidden.json()["detail"] == none.json()["detail"].replace(str(10**9), str(world.mixed))
    assert world.lineage(world.facility.merge, None).status_code == 404
    assert world.lineage(world.facility.open_raw, None).json()["datasetId"] == world.facility.open_raw


def test_the_number_of_calls_grows_with_depth_only(world: World, chain: list[int]) -> None:
    services = world.facade.services
    session = services.catalogue.session(world.facade.log_in("ada"))
    view = View(session, ZoneInfo("Europe/Paris"))

    def calls(dataset_id: int, depth: int) -> int:
        with services.catalogue.counting() as counted:
            lineage(view, dataset_id, depth)
        return counted.calls

    many = world.seeder.datasets(world.facility.apple, None, [{"name": f"wide_{n}"} for n in range(40)])
    world.seeder.list_outputs(many[0], many[1:])
    services.catalogue.properties()
    narrow, wide = calls(chain[0], 1), calls(many[0], 1)
    assert wide <= narrow
    per_level = calls(chain[0], 4) - calls(chain[0], 3)
    assert calls(chain[0], 8) - calls(chain[0], 7) == per_level


def test_prov_json_parses_back_with_the_library(world: World) -> None:
    reply = world.lineage(world.mixed, accept="application/provenance+json")
    assert reply.headers["Content-Type"] == "application/provenance+json"
    document = ProvDocument.deserialize(content=reply.text, format="json")
    kinds = sorted(record.get_type().localpart for record in document.get_records())
    assert kinds == sorted(
        ["Entity", "Entity", "Activity", "Agent", "Generation", "Usage", "Derivation", "Association"]
    )
    (activity,) = document.get_records(
        type(next(r for r in document.get_records() if r.get_type().localpart == "Activity"))
    )
    assert activity.label == "xds <&> é 1.2"
    assert {str(k): v for k, v in activity.attributes}["icat:hiddenInputs"] == 1


def test_ro_crate_parses_back_with_the_library(world: World, tmp_path: Path) -> None:
    reply = world.lineage(world.mixed, accept="application/ld+json")
    assert reply.headers["Content-Type"].startswith("application/ld+json")
    (tmp_path / "ro-crate-metadata.json").write_text(reply.text)
    crate = ROCrate(tmp_path)
    actions = [entity for entity in crate.get_entities() if entity.type == "CreateAction"]
    assert [action["name"] for action in actions] == ["xds <&> é 1.2"]
    assert actions[0]["result"].id.endswith(f"/portal/datasets/{world.mixed}/")
    assert actions[0]["object"][0]["name"] == "apple_scan_0"
    assert actions[0]["instrument"]["softwareVersion"] == "1.2"
    assert crate.mainEntity.id == actions[0]["result"].id


def test_format_wins_over_accept_and_json_is_the_default(world: World) -> None:
    assert world.lineage(world.mixed).json()["datasetId"] == world.mixed
    assert "entity" in world.lineage(world.mixed, format="prov").json()
    chosen = world.lineage(world.mixed, format="rocrate", accept="application/json")
    assert "@graph" in json.loads(chosen.text)
    refused = world.lineage(world.mixed, format="pdf")
    assert refused.status_code == 400
    assert "Accept" in world.lineage(world.mixed).headers["Vary"]


def test_a_circle_ends(world: World) -> None:
    one, two = world.seeder.datasets(world.facility.apple, None, [{"name": "ring_1"}, {"name": "ring_2"}])
    world.seeder.list_outputs(one, [two])
    world.seeder.list_outputs(two, [one, 10**18 * 12])
    found = world.lineage(one).json()
    assert ids(found) == {one, two}
    assert found["complete"] is True
    for form in ("prov", "rocrate"):
        assert world.lineage(one, format=form).status_code == 200


def test_the_page_of_a_dataset_leads_to_its_lineage(world: World) -> None:
    with requests.Session() as visitor:
        form = visitor.get(f"{world.facade.url}/portal/log-in", timeout=30).text
        token = re.findall(r'name="csrf_token" value="([^"]+)"', form)[0]
        filled = {"username": "ada", "password": "ada", "csrf_token": token}
        visitor.post(f"{world.facade.url}/portal/log-in", data=filled, timeout=30)
        page = visitor.get(f"{world.facade.url}/portal/datasets/{world.mixed}", timeout=30).text
        addresses = re.findall(r'href="([^"]*/lineage[^"]*)"', page)
        assert len(addresses) == 3
        for address in addresses:
            found = visitor.get(world.facade.url + html.unescape(address), timeout=30)
            assert found.status_code == 200, found.text
            assert json.loads(found.text)
