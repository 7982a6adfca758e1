"""Who sees and does what: every operation, asked by everybody, about everything. The table is in `table.txt`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.access.callers import SEES, Caller
from tests.access.deeds import DEEDS
from tests.access.places import Place
from tests.access.table import PLACES, Row, operation_of, table
from tests.access.ways import READS, VARIABLES, Way
from tests.access.world import World
from tests.contract.comparison import contract, name_of

TABLE = table()
WAYS = {**READS, **DEEDS}
PUBLISHED = {name_of(one): one for one in contract().operations}
STATUSES = {400: "0", 401: "1", 403: "3", 404: "4"}


@pytest.mark.parametrize("row", TABLE)
def test_an_operation_answers_everybody_as_the_table_says(world: World, everybody: list[Caller], row: str) -> None:
    faults: list[str] = []
    found: Row = {}
    for caller in everybody:
        places = [world.places[name] for name in PLACES[: len(TABLE[row][caller.name])]]
        found[caller.name] = "".join(_outcome(world, caller, row, place, faults) for place in places)
    assert faults == []
    assert found == TABLE[row]


def test_every_operation_that_is_served_has_a_row_and_every_row_is_asked() -> None:
    assert {operation_of(row) for row in TABLE} == set(PUBLISHED)
    assert set(TABLE) == set(WAYS)


@pytest.mark.parametrize("row", TABLE)
def test_an_invalid_session_is_told_by_the_status_that_the_contract_declares(row: str) -> None:
    """401 where it is declared; else 403. Operations with an API key or without any caller know no sessions."""
    operation = PUBLISHED[operation_of(row)]
    expected = set(TABLE[row]["expired"]) & set("13")
    if expected and "{apiKey}" not in operation["path"]:
        assert expected == {"1" if "401" in operation["responses"] else "3"}


def _outcome(world: World, caller: Caller, row: str, place: Place, faults: list[str]) -> str:
    way = WAYS[row]
    instead = way.before(world, caller, place)
    caller = instead if isinstance(instead, Caller) else caller
    try:
        reply = _asked(world, caller, row, way, place)
        faults += [f"{caller.name} on {place.name}: {leak}" for leak in _leaks(world, caller, row, reply)]
        return _symbol(world, caller, way, place, reply, faults)
    finally:
        way.after(world, caller, place)


def _symbol(world: World, caller: Caller, way: Way, place: Place, reply: requests.Response, faults: list[str]) -> str:
    done = way.shows(world, caller, place, reply) if reply.ok or way.changes else False
    if reply.status_code < 400:
        return "+" if done else "-"
    if done:
        faults.append(f"{caller.name} on {place.name}: {reply.status_code}, and done all the same")
    if reply.status_code not in STATUSES:
        faults.append(f"{caller.name} on {place.name}: {reply.status_code} {reply.text[:300]}")
    return STATUSES.get(reply.status_code, "?")


def _asked(world: World, caller: Caller, row: str, way: Way, place: Place) -> requests.Response:
    method, path = operation_of(row).split()
    for name in ("sessionId", "apiKey"):
        path = path.replace(f"{{{name}}}", caller.in_path)
    for name, value in VARIABLES.items():
        path = path.replace(f"{{{name}}}", str(value(place)))
    if "{key}" in path:
        session = world.facade.log_in("ada")
        world.http.post(f"{world.facade.url}/cache/{session}", timeout=30)  # so that nothing kept is about to lapse
        (kept, *_) = world.kept_of({"Authorization": f"Bearer {session}"})
        path = path.replace("{key}", quote(kept, safe=""))
    options: dict[str, Any] = {"params": way.query(place), "headers": caller.headers}
    if way.form is not None:
        options |= {"data": way.form, "files": {"file": ("new.txt", b"new")}}
    elif way.body is not None or way.sent is not None:
        options["json"] = way.body(place) if way.body is not None else way.sent(caller) if way.sent is not None else {}
    return world.http.request(method, world.facade.url + path, allow_redirects=way.follows, timeout=30, **options)


def _leaks(world: World, caller: Caller, row: str, reply: requests.Response) -> Iterator[str]:
    """Marks of places that are not for this caller, wherever they turn up."""
    if caller.name == "key" and "{apiKey}" in row:
        return
    for name, place in world.places.items():
        if caller.name not in SEES[name] and place.mark.encode() in reply.content:
            yield f"{place.mark} is shown"
    if caller.name not in SEES["embargoed"] and b"ada@example.org" in reply.content:
        yield "the address of somebody with whom the caller has not worked is shown"
