"""The link table and the table of locations, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from drac_plugins.core.links import linktable
from drac_plugins.core.links.paths import location_key
from drac_plugins.core.links.records import Item, Located
from drac_plugins.core.storage import Store

NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)
RAW = "/data/visitor/ma1234/id11/20250310/RAW_DATA/ruby"


def located(number: int, location: str, *, made: bool = False) -> Located:
    return Located(number, location, location, 1, "MA-1234", f"d{number}", NOON, processed=made)


def declare(connection: Connection, output: int, *paths: str) -> bool:
    return linktable.declare(connection, output, [Item(path, location_key(path)) for path in paths], NOON)


def settle(connection: Connection, *outputs: int) -> dict[int, set[int]]:
    return linktable.settle(connection, outputs, location_key)


def test_only_what_lies_inside_a_folder_is_found_there(store: Store) -> None:
    inside = [f"{RAW}/a", f"{RAW}/B", f"{RAW}/\u00e9", f"{RAW}/-", f"{RAW}/a/deeper"]
    beside = [RAW, f"{RAW}x", f"{RAW}-1", f"{RAW}.x", f"{RAW[:-1]}Y/a", f"{RAW}0/a"]
    with store.begin() as connection:
        linktable.put_locations(connection, [located(n, place) for n, place in enumerate([*inside, *beside])])
    with store.read() as connection:
        found = linktable.lying_inside(connection, RAW, limit=100)
    assert {d.location for d in found} == set(inside)


def test_who_is_interested_in_a_place(store: Store) -> None:
    with store.begin() as connection:
        declare(connection, 1, f"{RAW}/a")
        declare(connection, 2, f"{RAW}/a/scan/x.h5")
        declare(connection, 3, f"{RAW}/ab", f"{RAW}/b")
        declare(connection, 4, f"{RAW.replace('RAW_DATA', 'raw')}/a")
        declare(connection, 5, f"{RAW}/p", "q")
    with store.read() as connection:
        assert linktable.interested_in(connection, f"{RAW}/a") == {1, 2, 4}
        assert linktable.interested_in(connection, f"{RAW}/p,q") == {5}
        assert linktable.interested_in(connection, f"{RAW}/none") == set()


def test_settling_says_what_was_gained_and_lost(store: Store) -> None:
    with store.begin() as connection:
        linktable.put_locations(connection, [located(1, f"{RAW}/a"), located(9, "/m", made=True)])
        declare(connection, 9, f"{RAW}/a/inner/x.h5", f"{RAW}/b")
        assert settle(connection, 9) == {9: {1}}
        assert settle(connection, 9) == {}
        linktable.put_locations(connection, [located(2, f"{RAW}/a/inner")])
        assert settle(connection, 9) == {9: {1, 2}}
        assert linktable.inferred_inputs(connection, [9]) == {9: {2}}
        assert linktable.family(connection, [9]).inputs == {9: (2,)}


def test_declaring_the_same_again_is_no_change(store: Store) -> None:
    with store.begin() as connection:
        assert declare(connection, 9, "/a", "/b")
        assert not declare(connection, 9, "/a", "/b")
        assert declare(connection, 9, "/b", "/a")
        assert [i.path for i in linktable.declared(connection, [9])[9]] == ["/b", "/a"]


def test_what_is_asked_for_while_it_is_written_stays_due(store: Store) -> None:
    with store.begin() as connection:
        linktable.put_locations(connection, [located(1, "/a"), located(2, "/b", made=True)])
        linktable.want_written(connection, [1])
        linktable.want_jobs(connection, [2])
        seen = linktable.revisions(connection, [1, 2])
        linktable.want_jobs(connection, [2])
        linktable.written(connection, seen, [2])
        assert linktable.due(connection, 10) == [2]
        assert linktable.jobs_wanted(connection, [1, 2]) == {2}
        linktable.written(connection, linktable.revisions(connection, [2]), [2])
        assert linktable.due(connection, 10) == []
        assert linktable.jobs_wanted(connection, [2]) == set()


def test_putting_a_location_again_keeps_what_is_due(store: Store) -> None:
    with store.begin() as connection:
        linktable.put_locations(connection, [located(1, "/a")])
        linktable.want_written(connection, [1])
        linktable.put_locations(connection, [located(1, "/moved")])
        assert linktable.due(connection, 10) == [1]
        assert linktable.located(connection, [1])[1].location == "/moved"


def test_forgetting_a_dataset_makes_links_to_it_pending(store: Store) -> None:
    with store.begin() as connection:
        linktable.put_locations(connection, [located(1, "/x/y/z/a"), located(2, "/m", made=True)])
        declare(connection, 2, "/x/y/z/a")
        settle(connection, 2)
        linktable.forget(connection, [1])
        assert linktable.resolved(connection, [2]) == {2: (None,)}
        assert settle(connection, 2) == {}


@pytest.mark.parametrize("count", [1, 401, 1200])
def test_long_lists_go_in_portions(store: Store, count: int) -> None:
    datasets = [located(n, f"{RAW}/{n}") for n in range(1, count + 1)]
    with store.begin() as connection:
        linktable.put_locations(connection, [*datasets, located(5000, "/m", made=True)])
        declare(connection, 5000, *(d.location for d in datasets))
        assert settle(connection, 5000) == {5000: {d.dataset_id for d in datasets}}
        assert linktable.family(connection, [1]).outputs[1] == (5000,)
        assert len(linktable.family(connection, [5000]).inputs[5000]) == count
