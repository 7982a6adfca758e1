"""Who may do what with every entity, for every kind of user: the server agrees with a look at each single object."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from icat_schema.definitions import schema
from tests.exchanges.cases import users_of
from tests.exchanges.own_server import PASSWORD, reference_catalogue
from tests.server.truth.calls import Calls
from tests.server.truth.cells import Table
from tests.server.truth.graph import Graph
from tests.support.catalogue import RunningCatalogue

RECORDED = Path(__file__).parents[2] / "exchanges" / "exchanges.jsonl"
EXPECTED = Path(__file__).with_name("table.yaml")
ROOTS = frozenset({"simple/root"})
FULL = os.environ.get("DRAC_TEST_TRUTH") == "full"
"""Look at every single object in every way."""
USERS = users_of(RECORDED)
EXTRA = ({"FundingReference": {"funderName": "Wild Foundation", "awardNumber": "1"}},)
"""What the reference content lacks so that an object of every entity can still be created."""


pytestmark = pytest.mark.xdist_group("truth")  # one server for all of it


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    with reference_catalogue(tmp_path_factory.mktemp("truth"), USERS) as catalogue:
        yield catalogue


@pytest.fixture(scope="module")
def table(reference: RunningCatalogue) -> Table:
    root = calls_of(reference, "root")
    root.create(*EXTRA)
    graph = Graph.dumped(root.search)
    return Table(graph, ROOTS, datetime.now(UTC), FULL)


def calls_of(catalogue: RunningCatalogue, person: str) -> Calls:
    user = USERS[person]
    credentials = {"username": user["username"], "password": PASSWORD} if "username" in user else {}
    return Calls(catalogue.url, f"{user['plugin']}/{user.get('username', 'anon')}", user["plugin"], credentials)


@pytest.mark.parametrize("person", sorted(USERS))
def test_the_server_gives_each_user_what_the_rules_say_object_by_object(
    reference: RunningCatalogue, table: Table, person: str
) -> None:
    calls = calls_of(reference, person)
    assert list(table.differences(calls)) == []
    calls.close()


@pytest.mark.parametrize("entity", sorted(schema().entities))
def test_every_entity_has_a_row_with_what_each_user_may_do(table: Table, entity: str) -> None:
    rows = yaml.safe_load(EXPECTED.read_text(encoding="utf-8"))
    found = {person: table.summary(name_of(person), schema().entities[entity]) for person in USERS}
    assert rows.get(entity) == found, f"if this is right: write it into {EXPECTED.name}"


def name_of(person: str) -> str:
    return f"{USERS[person]['plugin']}/{USERS[person].get('username', 'anon')}"
