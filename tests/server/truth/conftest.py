"""A catalogue with python-icat's reference content, and a second one without its rules."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.exchanges.cases import users_of
from tests.exchanges.own_server import PASSWORD, reference_catalogue
from tests.server.truth.calls import Calls
from tests.server.truth.cells import Table
from tests.server.truth.graph import Graph
from tests.support.catalogue import RunningCatalogue, start_catalogue

RECORDED = Path(__file__).parents[2] / "exchanges" / "exchanges.jsonl"
ROOTS = frozenset({"simple/root"})
FULL = os.environ.get("DRAC_TEST_TRUTH") == "full"
"""Look at every single object in every way, and at many more generated rules."""
USERS = users_of(RECORDED)
EXTRA = ({"FundingReference": {"funderName": "Wild Foundation", "awardNumber": "1"}},)
"""What the reference content lacks so that an object of every entity can still be created."""


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    with reference_catalogue(tmp_path_factory.mktemp("truth"), USERS) as catalogue:
        yield catalogue


@pytest.fixture(scope="session")
def table(reference: RunningCatalogue) -> Table:
    root = calls_of(reference, "root")
    root.create(*EXTRA)
    return Table(Graph.dumped(root.search), ROOTS, datetime.now(UTC), FULL)


@pytest.fixture(scope="session")
def without_rules(
    reference: RunningCatalogue, table: Table, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningCatalogue]:
    """The same content, but nobody except root may do anything."""
    folder = tmp_path_factory.mktemp("without-rules")
    copy = folder / "catalogue.db"
    with (
        closing(sqlite3.connect(reference.database.removeprefix("sqlite:///"))) as original,
        closing(sqlite3.connect(copy)) as copied,
    ):
        original.backup(copied)
        copied.execute('DELETE FROM "Rule"')
        copied.execute('DELETE FROM "PublicStep"')
        copied.commit()
    simple = [f"simple/{user['username']}" for user in USERS.values() if user["plugin"] == "simple"]
    catalogue: RunningCatalogue = start_catalogue(folder, "--quiet", users=simple, password=PASSWORD)
    yield catalogue
    catalogue.stop()


def calls_of(catalogue: RunningCatalogue, person: str) -> Calls:
    user = USERS[person]
    credentials = {"username": user["username"], "password": PASSWORD} if "username" in user else {}
    return Calls(catalogue.url, name_of(person), user["plugin"], credentials)


def name_of(person: str) -> str:
    """The name of the session's user."""
    return f"{USERS[person]['plugin']}/{USERS[person].get('username', 'anon')}"
