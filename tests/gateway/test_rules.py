"""What ordinary users read: the catalogue's rules decide, and they cost nobody a row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from icat_schema.gateway import Catalogue, GatewaySettings, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Contains, Eq, NotNull
from tests.gateway.world import World, build
from tests.support.catalogue import start_catalogue

MINE = "SELECT x FROM {entity} x JOIN x.{path} i JOIN i.investigationUsers iu JOIN iu.user u WHERE u.name = :user"


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """A catalogue where types are public and the rest is for the members of a session; samples only if their name tells
    that they are not secret."""
    server = start_catalogue(tmp_path_factory.mktemp("ruled"))
    gate = Catalogue(GatewaySettings(server.url))
    whats = ["DatasetType", "SampleType", "ParameterType", "User"]
    whats.append(MINE.format(entity="Dataset", path="investigation"))
    whats.append(MINE.format(entity="DatasetParameter", path="dataset.investigation"))
    whats.append(MINE.format(entity="Sample", path="investigation") + " AND x.name <> 'secret'")
    _root(gate).write([New("Rule", {"crudFlags": "R", "what": what}) for what in whats])
    yield gate
    gate.close()
    server.stop()


def _root(gate: Catalogue) -> Session:
    return gate.login("simple", {"username": "root", "password": "root"})


@pytest.fixture
def world(ruled: Catalogue) -> World:
    root = _root(ruled)
    world = build(root)
    users: dict[str, int] = dict(root.rows(Select("User", ["name", "id"])))
    ada = users.get("simple/ada") or root.write([New("User", {"name": "simple/ada"})])[0]
    member = {"investigation": Ref(world.investigation), "user": Ref(ada), "role": "Participant"}
    secret = New("Sample", {"name": "secret", "investigation": Ref(world.investigation)})
    _, hidden = root.write([New("InvestigationUser", member), secret])
    fields = {"investigation": Ref(world.investigation), "type": Ref(world.dataset_type), "sample": Ref(hidden)}
    root.write([New("Dataset", {"name": "d6", **fields})])
    return world


@pytest.fixture
def ada(ruled: Catalogue) -> Session:
    return ruled.login("simple", {"username": "ada", "password": "ada"})


COLUMNS = ["name", "sample.name", "type.name", "sample.type.name"]


def test_datasets_without_a_sample_or_with_an_unreadable_one_are_kept(
    ruled: Catalogue, ada: Session, world: World
) -> None:
    here = Eq("investigation.id", world.investigation)
    expected = [(f"d{n}", "lysozyme" if n in (0, 2, 4) else None, "raw", None) for n in range(7)]
    with ruled.counting() as count:
        assert ada.rows(Select("Dataset", COLUMNS, here)) == expected
    assert count.calls == 2
    with ruled.counting() as count:
        assert ada.page(Select("Dataset", COLUMNS, here, [("name", "DESC")], limit=5)) == expected[:1:-1]
    assert count.calls == 2
    assert ada.rows_for(Select("Dataset", COLUMNS), "investigation.id", [world.investigation]) == expected
    assert ada.count(Select("Dataset", COLUMNS, here)) == 7


def test_the_rules_would_drop_these_rows_from_a_plain_outer_join(ada: Session, world: World) -> None:
    """The reason for the second call: each selected item must pass the rules, and nothing does not."""
    text = (
        f"SELECT o.name, a.name FROM Dataset o LEFT JOIN o.sample AS a WHERE o.investigation.id = {world.investigation}"
    )
    url = f"{ada._doors.settings.base}/icat/entityManager"
    found = requests.get(url, params={"sessionId": ada.id, "query": text}, timeout=20).json()
    assert [name for name, _ in found] == ["d0", "d2", "d4"]


def test_without_such_columns_one_call_is_enough(ruled: Catalogue, ada: Session, world: World) -> None:
    with ruled.counting() as count:
        rows = ada.rows(Select("Dataset", ["name", "type.name"], Eq("investigation.id", world.investigation)))
    assert len(rows) == 7
    assert count.calls == 1


def test_the_order_may_go_over_what_is_not_readable(ada: Session, world: World) -> None:
    select = Select("Dataset", ["name"], Eq("investigation.id", world.investigation), [("sample.name", "DESC")])
    assert {name for (name,) in ada.page(select)} == {f"d{n}" for n in range(7)}


def test_a_root_user_reads_everything_by_the_same_query(ruled: Catalogue, world: World) -> None:
    select = Select("Dataset", ["name", "sample.name"], And(Contains("name", "d6"), NotNull("sample")))
    assert ("d6", "secret") in _root(ruled).rows(select)


def test_a_stranger_reads_nothing(ruled: Catalogue, world: World) -> None:
    dee = ruled.login("simple", {"username": "dee", "password": "dee"})
    assert dee.rows(Select("Dataset", COLUMNS)) == []
    assert dee.page(Select("Dataset", COLUMNS, limit=3)) == []
    assert dee.count(Select("Dataset", ["id"])) == 0
    assert dee.rows(Select("DatasetType", ["name"], Eq("id", world.dataset_type))) == [("raw",)]
