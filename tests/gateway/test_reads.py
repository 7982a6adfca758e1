"""Reads over the wire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import icat
import icat.query
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icat_schema.gateway import Catalogue, GatewaySettings, New, Ref, Select, Session
from icat_schema.gateway.conditions import (
    And,
    Between,
    Condition,
    Contains,
    Eq,
    Ge,
    Gt,
    In,
    InSelect,
    IsNull,
    IsUser,
    Le,
    Like,
    Lt,
    Ne,
    Not,
    NotNull,
    Or,
)
from icat_schema.gateway.errors import InvalidRequest
from tests.gateway.world import START, World, build
from tests.support.catalogue import RunningCatalogue, start_catalogue


def here(world: World, condition: Condition | None = None) -> Condition:
    mine = Eq("investigation.id", world.investigation)
    return mine if condition is None else And(mine, condition)


def names(root: Session, world: World, condition: Condition) -> list[str]:
    return [name for (name,) in root.rows(Select("Dataset", ["name"], here(world, condition)))]


def test_rows_have_the_values_of_their_columns(root: Session, world: World) -> None:
    columns = ["id", "name", "complete", "startDate", "fileSize", "doi", "type.name", "investigation.facility.name"]
    rows = root.rows(Select("Dataset", columns, here(world)))
    assert rows == [
        (id_, f"d{n}", n % 2 == 0, START + timedelta(days=n), 2**40 + n, None, "raw", world.name)
        for n, id_ in enumerate(world.datasets)
    ]
    assert rows[0][3].tzinfo is UTC


def test_a_single_column_makes_rows_of_one_and_keeps_nulls(root: Session, world: World) -> None:
    assert root.rows(Select("Dataset", ["doi"], here(world))) == [(None,)] * 6


def test_doubles_are_floats_even_when_they_are_whole(root: Session, world: World) -> None:
    root.write(
        [
            New(
                "Dataset",
                {
                    "name": "whole",
                    "investigation": Ref(world.investigation),
                    "type": Ref(world.dataset_type),
                    "parameters": [
                        New("DatasetParameter", {"type": Ref(world.parameter_types["energy"]), "numericValue": 7})
                    ],
                },
            )
        ]
    )
    rows = root.rows(Select("DatasetParameter", ["numericValue"], Eq("dataset.name", "whole")))
    assert [type(v) for (v,) in rows] == [float]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Eq("name", "d1"), "1"),
        (Ne("name", "d1"), "02345"),
        (In("name", ["d1", "d4", "nothing"]), "14"),
        (In("name", []), ""),
        (Like("name", "d_"), "012345"),
        (Like("name", "%3"), "3"),
        (Contains("name", "D2"), "2"),
        (Contains("name", "D2", ignore_case=False), ""),
        (Contains("name", "%"), ""),
        (Contains("name", "_"), ""),
        (Eq("complete", True), "024"),
        (Gt("fileSize", 2**40 + 3), "45"),
        (Between("fileSize", 2**40 + 1, 2**40 + 2), "12"),
        (IsNull("doi"), "012345"),
        (NotNull("doi"), ""),
        (IsNull("sample"), "135"),
        (NotNull("sample"), "024"),
        (IsNull("endDate"), "012345"),
        (Lt("startDate", START + timedelta(days=2)), "01"),
        (Le("startDate", START + timedelta(days=2)), "012"),
        (Eq("startDate", START + timedelta(days=2)), "2"),
        (Ge("startDate", START + timedelta(days=4)), "45"),
        (Gt("startDate", START + timedelta(days=4, milliseconds=-5)), "45"),
        (Gt("startDate", START + timedelta(days=4, milliseconds=5)), "5"),
        (Eq("sample.name", "lysozyme"), "024"),
        (Not(Eq("sample.name", "other")), "024"),
        (Or(Eq("sample.name", "lysozyme"), Eq("name", "d1")), "0124"),
        (Or(IsNull("sample"), Eq("name", "d0")), "0135"),
        (Not(NotNull("sample")), "135"),
        (Eq("parameters.type.name", "scanType"), "012345"),
        (Eq("parameters.stringValue", "kind 1"), "14"),
        (And(Eq("parameters.type.name", "definition"), Eq("parameters.stringValue", "kind 1")), ""),
        (And(Eq("parameters.type.name", "scanType"), Eq("parameters.stringValue", "kind 1")), "14"),
        (
            And(
                Eq("parameters.type.name", "scanType"),
                Or(Eq("parameters.stringValue", "kind 1"), Eq("parameters.stringValue", "kind 2")),
            ),
            "1245",
        ),
        (Not(Eq("parameters.stringValue", "kind 1")), "0235"),
        (Or(Eq("parameters.stringValue", "kind 1"), Eq("name", "d0")), "014"),
        (And(Gt("parameters.numericValue", 1), Lt("parameters.numericValue", 4)), "123"),
        (InSelect("id", Select("DatasetParameter", ["dataset.id"], Eq("stringValue", "kind 2"))), "25"),
        (Not(InSelect("id", Select("DatasetParameter", ["dataset.id"], Eq("stringValue", "kind 2")))), "0134"),
        (Eq("investigation.keywords.name", "k"), "012345"),
        (Not(Eq("investigation.keywords.name", "k")), ""),
        (Eq("createId", "simple/root"), "012345"),
        (IsUser("createId"), "012345"),
        (And(), "012345"),
        (Or(), ""),
        (Not(Or(Eq("name", "d0"), And(Ge("name", "d2"), Le("name", "d4")))), "15"),
    ],
    ids=str,
)
def test_conditions_hold_where_they_should(root: Session, world: World, condition: Condition, expected: str) -> None:
    assert "".join(name[1:] for name in names(root, world, condition)) == expected
    assert root.count(Select("Dataset", ["id"], here(world, condition))) == len(expected)


def test_related_objects_that_are_not_there_leave_none(root: Session, world: World) -> None:
    select = Select("Dataset", ["sample.name", "name", "sample.type.name", "sample.id"], here(world))
    assert root.rows(select) == [
        ("lysozyme", f"d{n}", None, world.sample) if n % 2 == 0 else (None, f"d{n}", None, None) for n in range(6)
    ]


def test_pages_are_windows_of_one_order(root: Session, world: World, gate: Catalogue) -> None:
    select = Select("Dataset", ["name", "startDate"], here(world), order=[("complete", "ASC"), ("startDate", "DESC")])
    everything = ["d5", "d3", "d1", "d4", "d2", "d0"]
    assert [name for name, _ in root.page(select)] == everything
    assert [name for name, _ in root.rows(select)] == everything
    for offset, limit in ((0, 2), (2, 2), (4, 2), (5, 3), (6, 2), (0, 100), (3, 0)):
        window = Select("Dataset", ["name"], select.where, select.order, offset=offset, limit=limit)
        with gate.counting() as count:
            rows = root.page(window)
        assert [name for (name,) in rows] == everything[offset : offset + limit]
        assert count.calls == (1 if limit else 0)


def test_rows_without_offset_only(root: Session) -> None:
    with pytest.raises(InvalidRequest, match=r"page\(\)"):
        root.rows(Select("Dataset", ["id"], limit=5))


def test_an_order_over_a_missing_relation_keeps_the_rows(root: Session, world: World) -> None:
    select = Select("Dataset", ["name"], here(world), order=[("sample.name", "ASC"), ("name", "DESC")])
    found = [name for (name,) in root.page(select)]
    assert sorted(found) == [f"d{n}" for n in range(6)]
    assert [n for n in found if n in ("d0", "d2", "d4")] == ["d4", "d2", "d0"]


def test_different_rows_are_told_once(root: Session, world: World, gate: Catalogue) -> None:
    select = Select(
        "DatasetParameter", ["stringValue"], Eq("dataset.investigation.id", world.investigation), distinct=True
    )
    with gate.counting() as count:
        assert sorted(v for (v,) in root.rows(select) if v) == ["MX", "kind 0", "kind 1", "kind 2"]
    assert count.calls == 1


def test_rows_for_many_ids_come_in_few_portions(root: Session, world: World, gate: Catalogue) -> None:
    ids = [*world.datasets, *range(10**9, 10**9 + 2000)]
    select = Select("DatasetParameter", ["dataset.id", "type.name"], order=[("type.name", "ASC")])
    with gate.counting() as count:
        rows = root.rows_for(select, "dataset.id", ids)
    assert len(rows) == 18
    assert [name for _, name in rows] == ["definition"] * 6 + ["energy"] * 6 + ["scanType"] * 6
    assert count.calls <= 2006 * 11 // 5000 + 1
    with gate.counting() as count:
        assert root.rows_for(select, "dataset.id", []) == []
    assert count.calls == 0


def test_rows_for_a_relation_to_many_names_each_object_once(root: Session, world: World) -> None:
    parameters = [i for (i,) in root.rows_for(Select("DatasetParameter", ["id"]), "dataset.id", world.datasets)]
    filler = range(10**9, 10**9 + 1000)
    mixed = [x for pair in zip(parameters * 60, filler, strict=False) for x in pair]
    assert len(root.rows_for(Select("Dataset", ["id"]), "parameters.id", mixed)) == 6


def test_a_text_of_any_kind_is_found_by_itself_only(root: Session, world: World) -> None:
    texts = [
        "O'Hara",
        "''",
        "\\",
        "50%",
        "_",
        "a\\'b",
        ":user",
        "--",
        "ä√💎",
        "{ts 2020-01-01 00:00:00}",
        "x' OR '1'='1",
        "!",
    ]
    root.write([New("Sample", {"name": t, "investigation": Ref(world.investigation)}) for t in texts])
    for wanted in texts:
        for condition in (Eq("name", wanted), In("name", [wanted, "?"]), Contains("name", wanted, ignore_case=False)):
            found = root.rows(Select("Sample", ["name"], here(world, condition)))
            expected = [t for t in texts if (wanted in t if isinstance(condition, Contains) else wanted == t)]
            assert [name for (name,) in found] == expected, condition


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30))
def test_no_text_breaks_a_query_on_the_server(root: Session, text: str) -> None:
    nowhere = Eq("id", -1)
    either = Or(Eq("name", text), Contains("title", text), Like("doi", text), In("summary", [text, "b"]))
    assert root.rows(Select("Investigation", ["id"], And(nowhere, either))) == []


@pytest.fixture(scope="module")
def narrow_gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """A catalogue that processes at most seven rows per query."""
    server = start_catalogue(tmp_path_factory.mktemp("narrow"), "--max-entities", "7")
    gate = Catalogue(GatewaySettings(server.url))
    yield gate
    gate.close()
    server.stop()


@pytest.fixture
def narrow(narrow_gate: Catalogue) -> Session:
    return narrow_gate.login("simple", {"username": "root", "password": "root"})


def test_all_rows_are_read_in_windows(narrow_gate: Catalogue, narrow: Session) -> None:
    world = build(narrow, datasets=20)
    assert narrow_gate.properties().max_entities == 7
    select = Select("Dataset", ["name", "sample.name"], here(world))
    rows = narrow.rows(select)
    assert rows == [(f"d{n}", "lysozyme" if n % 2 == 0 else None) for n in range(20)]
    ordered = narrow.rows(Select("Dataset", ["name"], here(world), order=[("startDate", "DESC")]))
    assert ordered == [(f"d{n}",) for n in reversed(range(20))]
    by_sample = narrow.rows(Select("Dataset", ["id"], here(world), order=[("sample.name", "DESC"), ("name", "ASC")]))
    assert [i for (i,) in by_sample[:10]] == [world.datasets[n] for n in (0, 10, 12, 14, 16, 18, 2, 4, 6, 8)]
    page = Select("Dataset", ["name"], here(world), order=[("startDate", "ASC")], offset=2, limit=16)
    assert narrow.page(page) == [(f"d{n}",) for n in range(2, 18)]
    distinct = Select(
        "DatasetParameter", ["numericValue"], Eq("type.id", world.parameter_types["energy"]), distinct=True
    )
    assert narrow.rows(distinct) == [(n + 0.5,) for n in range(20)]
    for_some = narrow.rows_for(Select("DatasetParameter", ["id"]), "dataset.id", world.datasets)
    assert len(for_some) == 60


@pytest.mark.parametrize(("datasets", "calls"), [(5, 1), (7, 2), (8, 2), (14, 3), (20, 3)])
def test_the_number_of_calls_is_the_number_of_windows(
    narrow_gate: Catalogue, narrow: Session, datasets: int, calls: int
) -> None:
    world = build(narrow, datasets)
    with narrow_gate.counting() as count:
        assert len(narrow.rows(Select("Dataset", ["name"], here(world)))) == datasets
    assert count.calls == calls


PARAMETERS_OF_DATASETS = Select("DatasetParameter", ["dataset.id", "numericValue", "id"])


def test_a_large_set_comes_along_its_objects_each_whole(narrow: Session) -> None:
    world = build(narrow, datasets=12)
    facts = {"units": "", "valueType": "NUMERIC", "applicableToDataset": True, "facility": Ref(world.facility)}
    late = narrow.write([New("ParameterType", {"name": f"late{n}", **facts}) for n in range(3)])
    for owner, kind in zip((world.datasets[0], world.datasets[5], world.datasets[0]), late, strict=True):
        narrow.write([New("DatasetParameter", {"dataset": Ref(owner), "type": Ref(kind), "numericValue": 99.0})])
    parts = list(narrow.parts(PARAMETERS_OF_DATASETS, world.datasets))
    assert [owner for owners, _ in parts for owner in owners] == world.datasets
    rows = [row for _, some in parts for row in some]
    assert len(rows) == 12 * 3 + 3
    assert set(rows) == set(narrow.rows(PARAMETERS_OF_DATASETS.having(In("dataset.id", world.datasets))))
    for owners, some in parts:
        assert {row[0] for row in some} <= set(owners)
        for owner in owners:
            own = [row[-1] for row in some if row[0] == owner]
            assert own == sorted(own)
            assert len(own) >= 3


@pytest.mark.parametrize(("datasets", "calls"), [(1, 1), (2, 1), (12, 7), (24, 13)])
def test_a_large_set_takes_hardly_more_calls_than_windows(
    narrow_gate: Catalogue, narrow: Session, datasets: int, calls: int
) -> None:
    world = build(narrow, datasets)
    with narrow_gate.counting() as count:
        for _ in narrow.parts(PARAMETERS_OF_DATASETS, world.datasets):
            pass
    assert count.calls <= calls  # a window of seven holds two datasets of three rows


def test_of_no_objects_there_is_no_part(narrow: Session) -> None:
    assert list(narrow.parts(PARAMETERS_OF_DATASETS, [])) == []


def test_a_large_set_need_not_be_read_to_its_end(narrow_gate: Catalogue, narrow: Session) -> None:
    world = build(narrow, datasets=20)
    with narrow_gate.counting() as count:
        parts = narrow.parts(PARAMETERS_OF_DATASETS, world.datasets)
        next(parts)
        parts.close()
    assert count.calls <= 5  # the first window, the first range and the one ahead; a full range takes a second call


@pytest.fixture
def client(catalogue: RunningCatalogue) -> Iterator[icat.Client]:
    client = icat.Client(catalogue.url)
    client.login("simple", {"username": "root", "password": "root"})
    yield client
    client.logout()


@pytest.mark.parametrize(
    ("conditions", "ours"),
    [
        ({"name": "= 'd1'"}, Eq("name", "d1")),
        ({"name": "LIKE 'd%'", "complete": "= False"}, And(Like("name", "d%"), Eq("complete", False))),
        ({"parameters.stringValue": "= 'kind 1'"}, Eq("parameters.stringValue", "kind 1")),
        (
            {"parameters.type.name": "= 'energy'", "parameters.numericValue": "> 2"},
            And(Eq("parameters.type.name", "energy"), Gt("parameters.numericValue", 2)),
        ),
        ({"sample.name": "= 'lysozyme'"}, Eq("sample.name", "lysozyme")),
        ({"investigation.facility.fullName": "= 'O''Hara''s'"}, Eq("investigation.facility.fullName", "O'Hara's")),
        (
            {"startDate": ["> '2024-07-02'", "< '2024-07-04'"]},
            Between("startDate", START.replace(day=2), START.replace(day=3)),
        ),
    ],
    ids=str,
)
def test_python_icats_query_finds_the_same(
    client: icat.Client, root: Session, world: World, conditions: dict[str, object], ours: Condition
) -> None:
    theirs = icat.query.Query(
        client,
        "Dataset",
        conditions=conditions | {"investigation.id": f"= {world.investigation}"},
        attributes=["id", "name", "startDate"],
        order=["startDate"],
    )
    mine = root.rows(Select("Dataset", ["id", "name", "startDate"], here(world, ours), order=[("startDate", "ASC")]))
    assert [tuple(row) for row in client.search(theirs)] == mine
    assert mine


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "UTC"])
def test_dates_are_the_same_instants_in_every_zone_of_the_server(zone: str, tmp_path: Path) -> None:
    server = start_catalogue(tmp_path, "--zone", zone)
    gate = Catalogue(GatewaySettings(server.url))
    root = gate.login("simple", {"username": "root", "password": "root"})
    facility = Ref(root.write([New("Facility", {"name": "F"})])[0])
    moments = [datetime(2023, month, 15, 23, 30, tzinfo=UTC) for month in range(1, 13)]
    root.write(
        [New("FacilityCycle", {"name": str(m.month), "facility": facility, "startDate": m}) for m in moments]
        + [New("InvestigationType", {"name": "t", "facility": facility})]
    )
    (type_,) = root.rows(Select("InvestigationType", ["id"]))[0]
    common = {"facility": facility, "type": Ref(type_), "visitId": "1", "title": "t"}
    root.write([New("Investigation", {"name": str(m.month), "startDate": m, **common}) for m in moments])
    for moment in moments:
        found = root.rows(Select("FacilityCycle", ["startDate"], Eq("startDate", moment)))
        assert found == [(moment,)]
        assert root.count(Select("FacilityCycle", ["id"], Le("startDate", moment))) == moment.month
    gate.close()
    server.stop()
