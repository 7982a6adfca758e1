"""Writes and deletions over the wire."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from icat_schema.gateway import Catalogue, Change, New, Ref, Select, Session
from icat_schema.gateway.changes import Operation
from icat_schema.gateway.conditions import Eq
from icat_schema.gateway.errors import (
    AccessDenied,
    CatalogueError,
    InvalidRequest,
    ObjectExists,
    ObjectNotFound,
)
from tests.gateway.world import World


def dataset(world: World, name: str, **more: object) -> New:
    fields = {"name": name, "investigation": Ref(world.investigation), "type": Ref(world.dataset_type)}
    return New("Dataset", fields | more)


def names(session: Session, world: World) -> set[str]:
    rows = session.rows(Select("Dataset", ["name"], Eq("investigation.id", world.investigation)))
    return {name for (name,) in rows}


def test_a_batch_is_one_call_and_answers_the_ids_in_order(root: Session, world: World, gate: Catalogue) -> None:
    moment = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)
    child = New("DatasetParameter", {"type": Ref(world.parameter_types["scanType"]), "stringValue": "x"})
    with gate.counting() as count:
        ids = root.write(
            [
                dataset(world, "b", startDate=moment),
                Change("Dataset", world.datasets[0], {"doi": "10.1/2", "sample": None}),
                dataset(world, "a", parameters=[child], description="ä√💎 O'Hara \\ \" <&>\n"),
            ]
        )
    assert count.calls == 1
    rows = root.rows_for(Select("Dataset", ["name", "startDate", "description"]), "id", ids)
    assert rows == [("b", moment.replace(microsecond=0), None), ("a", None, "ä√💎 O'Hara \\ \" <&>\n")]
    assert root.rows(Select("DatasetParameter", ["stringValue"], Eq("dataset.id", ids[1]))) == [("x",)]
    assert root.rows(Select("Dataset", ["doi", "sample.id", "name"], Eq("id", world.datasets[0]))) == [
        ("10.1/2", None, "d0")
    ]


def test_children_in_a_change_are_added(root: Session, world: World) -> None:
    child = New("DatasetParameter", {"type": Ref(world.parameter_types["energy"]), "numericValue": 1})
    (id_,) = root.write([dataset(world, "n")])
    assert root.write([Change("Dataset", id_, {"parameters": [child], "endDate": None})]) == []
    assert root.count(Select("DatasetParameter", ["id"], Eq("dataset.id", id_))) == 1


def test_an_empty_batch_is_no_call(root: Session, gate: Catalogue) -> None:
    with gate.counting() as count:
        assert root.write([]) == []
        root.delete("Dataset", [])
    assert count.calls == 0


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (lambda w: dataset(w, "d0"), ObjectExists),
        (lambda w: New("Dataset", {"name": "x", "type": Ref(w.dataset_type)}), InvalidRequest),
        (lambda w: dataset(w, "x" * 5000), InvalidRequest),
        (lambda w: dataset(w, "x", sample=Ref(10**9)), ObjectNotFound),
        (lambda w: Change("Dataset", 10**9, {"doi": "x"}), ObjectNotFound),
        (lambda w: Change("Dataset", w.datasets[1], {"name": "d2"}), ObjectExists),
    ],
    ids=["duplicate", "missing", "too-long", "unknown-relation", "unknown-id", "renamed-to-duplicate"],
)
def test_a_batch_is_all_or_nothing_and_says_where_it_failed(
    root: Session, world: World, bad: object, expected: type[CatalogueError]
) -> None:
    before = names(root, world)
    with pytest.raises(CatalogueError) as caught:
        root.write([dataset(world, "good"), bad(world), dataset(world, "good too")])  # type: ignore[operator]
    assert type(caught.value) is expected
    assert caught.value.offset == 1
    assert not caught.value.temporary
    assert names(root, world) == before


def test_two_of_the_same_name_in_one_batch_are_refused(root: Session, world: World) -> None:
    with pytest.raises(ObjectExists):
        root.write([dataset(world, "twin"), dataset(world, "twin")])
    assert "twin" not in names(root, world)


def test_who_may_not_write_is_told_so(gate: Catalogue, root: Session, world: World) -> None:
    stranger = gate.login("simple", {"username": "dee", "password": "dee"})
    for operation in (dataset(world, "mine"), Change("Dataset", world.datasets[0], {"doi": "mine"})):
        with pytest.raises(AccessDenied):
            stranger.write([operation])
    with pytest.raises(AccessDenied):
        stranger.write([Change("Investigation", world.investigation, {"title": "mine"})])
    with pytest.raises(AccessDenied):
        stranger.delete("Dataset", world.datasets)
    assert stranger.rows(Select("Dataset", ["id"])) == []
    assert stranger.count(Select("Dataset", ["id"])) == 0
    assert len(names(root, world)) == 6


def test_an_investigation_with_parameters_can_be_changed(root: Session, world: World) -> None:
    moment = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    type_ = Ref(world.parameter_types["scanType"])
    root.write(
        [New("InvestigationParameter", {"investigation": Ref(world.investigation), "type": type_, "stringValue": "v"})]
    )
    columns = ["title", "endDate", "startDate", "name", "doi", "facility.id"]
    select = Select("Investigation", columns, Eq("id", world.investigation))
    (before,) = root.rows(select)
    changes = {"title": "new <&> ä√", "endDate": moment, "startDate": None}
    assert root.write([Change("Investigation", world.investigation, changes)]) == []
    assert root.rows(select) == [("new <&> ä√", moment, None, *before[3:])]
    root.write([Change("Facility", world.facility, {"daysUntilRelease": 1095, "fullName": None})])
    assert root.rows(Select("Facility", ["daysUntilRelease", "fullName", "name"], Eq("id", world.facility))) == [
        (1095, None, world.name)
    ]
    root.write(
        [Change("ParameterType", type_.id, {"valueType": "NUMERIC", "enforced": True, "minimumNumericValue": 2})]
    )
    columns = ["valueType", "enforced", "minimumNumericValue", "applicableToDataset", "units", "description"]
    assert root.rows(Select("ParameterType", columns, Eq("id", type_.id))) == [("NUMERIC", True, 2.0, True, "", None)]


def test_a_change_of_its_own_transaction_stands_alone(root: Session, world: World) -> None:
    alone = Change("Investigation", world.investigation, {"title": "x"})
    batches: list[list[Operation]] = [[alone, alone], [alone, dataset(world, "x")], [dataset(world, "x"), alone]]
    for batch in batches:
        with pytest.raises(InvalidRequest, match="write it separately"):
            root.write(batch)
    with pytest.raises(InvalidRequest, match="create the Keyword objects on their own"):
        root.write([Change("Investigation", world.investigation, {"keywords": [New("Keyword", {"name": "x"})]})])


def test_a_change_of_an_investigation_that_is_not_there_is_not_found(root: Session) -> None:
    with pytest.raises(ObjectNotFound):
        root.write([Change("Investigation", 10**9, {"title": "x"})])


def test_the_status_of_a_study_is_written(root: Session, world: World) -> None:
    ids = root.write([New("Study", {"name": world.name, "status": s}) for s in ("NEW", "IN_PROGRESS")])
    assert root.rows_for(Select("Study", ["status"]), "id", ids) == [("NEW",), ("IN_PROGRESS",)]
    root.write([Change("Study", ids[0], {"status": "COMPLETE"})])
    assert root.rows(Select("Study", ["id"], Eq("status", "COMPLETE"), [("id", "DESC")]))[0] == (ids[0],)


def test_deleting_takes_what_belongs_to_the_object(root: Session, world: World, gate: Catalogue) -> None:
    with gate.counting() as count:
        root.delete("Dataset", world.datasets[:5])
    assert count.calls == 1
    assert names(root, world) == {"d5"}
    select = Select("DatasetParameter", ["id"], Eq("dataset.investigation.id", world.investigation))
    assert root.count(select) == 3


def test_deleting_is_all_or_nothing(root: Session, world: World) -> None:
    with pytest.raises(ObjectNotFound) as caught:
        root.delete("Dataset", [world.datasets[0], 10**9])
    assert caught.value.offset == 1
    assert "d0" in names(root, world)
    with pytest.raises(InvalidRequest):
        root.delete("dataset", [1])


def test_a_thousand_objects_are_deleted_in_one_call(root: Session, world: World, gate: Catalogue) -> None:
    ids = root.write([dataset(world, f"many {n}") for n in range(1000)])
    with gate.counting() as count:
        root.delete("Dataset", ids)
    assert count.calls == 1
    assert len(names(root, world)) == 6


def test_writers_in_eight_threads_do_not_disturb_each_other(root: Session, world: World) -> None:
    def work(n: int) -> list[int]:
        return [i for k in range(5) for i in root.write([dataset(world, f"t{n}-{k}"), dataset(world, f"u{n}-{k}")])]

    with ThreadPoolExecutor(8) as pool:
        ids = [i for found in pool.map(work, range(8)) for i in found]
    assert len(set(ids)) == 80
    assert len(names(root, world)) == 86
