"""Who may do what with every entity, for every kind of user: the server agrees with a look at each single object."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from icat_schema.definitions import schema
from tests.server.truth.cells import Table
from tests.server.truth.conftest import USERS, calls_of, name_of
from tests.support.catalogue import RunningCatalogue

EXPECTED = Path(__file__).with_name("table.yaml")

pytestmark = pytest.mark.xdist_group("truth")  # one server for all of it


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
