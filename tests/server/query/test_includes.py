"""INCLUDE: what comes along, and at what price."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.search import Limits
from tests.server.query.conftest import Asking


def names(values: list[EntityValue]) -> set[str]:
    return {v.attributes["name"] for v in values}


def one(value: EntityValue, relation: str) -> EntityValue:
    related = value.one[relation]
    assert related is not None
    return related


def test_one_includes_all_to_one_relations(ask: Asking) -> None:
    dataset, without = ask("SELECT ds FROM Dataset ds WHERE ds.name IN ('mx_1', 'em_1') INCLUDE 1")
    assert set(dataset.one) == {"investigation", "sample", "type"}
    assert one(dataset, "sample").attributes["name"] == "lyso1"
    assert one(dataset, "sample").one == {}
    assert without.one["sample"] is None
    assert dataset.many == {}


def test_paths_include_what_is_on_the_way(ask: Asking) -> None:
    (session,) = ask(
        "SELECT i FROM Investigation i WHERE i.name = 'MX-2345' INCLUDE i.datasets.parameters.type, i.samples s, s.type"
    )
    assert names(session.many["datasets"]) == {"mx_1", "mx_2", "mx_3"}
    types = {one(p, "type").attributes["name"] for ds in session.many["datasets"] for p in ds.many["parameters"]}
    assert types == {"energy", "definition"}
    assert one(session.many["samples"][0], "type").attributes["molecularFormula"] == "C613"
    assert set(session.many) == {"datasets", "samples"}


def test_includes_have_names_of_their_own(ask: Asking) -> None:
    found = "SELECT ds FROM Dataset ds JOIN ds.investigation AS s1 WHERE s1.name = 'EM-77'"
    first, second = ask(f"{found} INCLUDE ds.type AS s1, s1.datasets")
    assert names(one(first, "type").many["datasets"]) == {"mx_1", "mx_2", "mx_3", "em_1"}
    assert names(one(second, "type").many["datasets"]) == {"em_1_100%_motion\\corrected"}
    assert first.one.keys() == {"type"}


def test_an_empty_list_is_there_and_empty(ask: Asking) -> None:
    (dataset,) = ask("SELECT ds FROM Dataset ds WHERE ds.name = 'em_1' INCLUDE ds.datafiles")
    assert dataset.many["datafiles"] == []


def test_include_of_a_path_starts_at_its_end(ask: Asking) -> None:
    (session,) = ask("SELECT ds.investigation FROM Dataset ds WHERE ds.name = 'em_1' INCLUDE 1")
    assert session.one.keys() == {"facility", "type"}


def test_include_has_no_effect_on_values(ask: Asking) -> None:
    assert ask("SELECT ds.name FROM Dataset ds WHERE ds.name = 'em_1' INCLUDE 1") == ["em_1"]
    assert ask("SELECT COUNT(ds) FROM Dataset ds INCLUDE ds.investigation") == [5]


def test_limit_may_stand_on_either_side_of_include(ask: Asking) -> None:
    before = ask("SELECT ds FROM Dataset ds ORDER BY ds.name LIMIT 2, 2 INCLUDE ds.datafiles")
    behind = ask("SELECT ds FROM Dataset ds ORDER BY ds.name INCLUDE ds.datafiles LIMIT 2, 2")
    assert [(v.attributes["name"], len(v.many["datafiles"])) for v in before] == [("mx_1", 1), ("mx_2", 2)]
    assert [v.id for v in behind] == [v.id for v in before]


def test_each_step_costs_one_statement_however_many_objects(ask: Asking, statements: Callable[[], list[str]]) -> None:
    steps = "i.datasets ds, ds.parameters p, p.type, ds.datafiles, ds.sample s, s.type, i.type"
    ask(f"SELECT i FROM Investigation i INCLUDE {steps}")
    assert len(statements()) == 1 + 7


def test_ids_are_asked_for_in_portions(ask: Asking, statements: Callable[[], list[str]]) -> None:
    few = ask.limited(Limits(max_ids_in_query=2))
    found = few("SELECT ds FROM Dataset ds INCLUDE ds.datafiles")
    assert [len(v.many["datafiles"]) for v in found] == [1, 2, 3, 0, 0]
    assert len(statements()) == 1 + 3


def test_too_many_rows_are_refused(ask: Asking) -> None:
    assert len(ask.limited(Limits(max_entities=5))("SELECT ds.name FROM Dataset ds")) == 5
    with pytest.raises(IcatError, match="attempt to process more than 4 entities") as caught:
        ask.limited(Limits(max_entities=4))("SELECT ds.name FROM Dataset ds")
    assert caught.value.type == "VALIDATION"
    assert len(ask.limited(Limits(max_entities=4))("SELECT ds.name FROM Dataset ds LIMIT 0, 4")) == 4


def test_included_objects_count_each_time_they_appear(ask: Asking) -> None:
    query = "SELECT ds FROM Dataset ds INCLUDE ds.investigation i, i.facility"
    assert len(ask.limited(Limits(max_entities=15))(query)) == 5
    with pytest.raises(IcatError, match="attempt to return more than 14 entities") as caught:
        ask.limited(Limits(max_entities=14))(query)
    assert caught.value.type == "VALIDATION"


def test_get_reads_one_object_with_its_include(ask: Asking) -> None:
    id_ = ask.content.ids["Dataset mx_2"]
    assert ask.get("Dataset", id_).one == {}
    assert ask.get("Dataset INCLUDE 1", id_).one.keys() == {"investigation", "sample", "type"}
    full = ask.get("Dataset ds INCLUDE ds.datafiles df, df.parameters, ds.investigation.facility", id_)
    assert len(full.many["datafiles"]) == 2
    assert one(one(full, "investigation"), "facility").attributes["name"] == "ESRF"
    assert ask.get("Dataset AS ds INCLUDE 1", id_).id == id_
    assert ask.get("Dataset INCLUDE Datafile, DatasetType", id_).one.keys() == {"type"}


@pytest.mark.parametrize(
    ("query", "id_", "type_", "text"),
    [
        ("Dataset", 999_999_999, "NO_SUCH_OBJECT_FOUND", r"Dataset\[id:999999999\] not found\."),
        ("Dataset", 10**30, "NO_SUCH_OBJECT_FOUND", "not found"),
        ("Bogus", 1, "BAD_PARAMETER", "Bogus is not an EntityBaseBean"),
        ("Parameter", 1, "BAD_PARAMETER", "Parameter is not an EntityBaseBean"),
        ("SELECT ds FROM Dataset ds", 1, "BAD_PARAMETER", "Expected INCLUDE or the end"),
        ("Dataset ds INCLUDE Datafile", 1, "BAD_PARAMETER", "must contain a '.'"),
        ("Dataset INCLUDE ds.datafiles", 1, "BAD_PARAMETER", "ds.datafiles is not an EntityBaseBean"),
        ("", 1, "BAD_PARAMETER", "Attempt to read beyond end"),
    ],
)
def test_get_refuses(ask: Asking, query: str, id_: int, type_: str, text: str) -> None:
    with pytest.raises(IcatError, match=text) as caught:
        ask.get(query, id_)
    assert caught.value.type == type_
