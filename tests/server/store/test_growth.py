"""What keeps a catalogue fast as it grows: indexes, statistics, and answers that do not fill the memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import IntegrityError

from icat_schema.server.body import IN_MEMORY, Body
from icat_schema.server.store.bulk import insert_many
from icat_schema.server.store.engine import create_tables, open_engine, reading, writing
from icat_schema.server.store.fetch import fetch
from icat_schema.server.store.statistics import FIRST
from icat_schema.server.store.tables import table

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'c.db'}" if sqlite else request.getfixturevalue("postgres").new_database()
    opened = open_engine(url)
    create_tables(opened)
    yield opened
    opened.dispose()


def facility(id_: int, name: str = "F") -> dict[str, object]:
    return {
        "id": id_,
        "createId": "simple/root",
        "createTime": NOW,
        "modId": "simple/root",
        "modTime": NOW,
        "daysUntilRelease": None,
        "description": None,
        "fullName": None,
        "name": f"{name}{id_}",
        "url": None,
    }


def index_names(engine: Engine, name: str) -> set[str | None]:
    return {index["name"] for index in inspect(engine).get_indexes(name)}


def test_a_database_of_an_older_version_gets_the_indexes_of_today(engine: Engine) -> None:
    made = table("DatasetParameter")
    today = index_names(engine, made.name)
    with writing(engine) as connection:
        connection.exec_driver_sql('DROP INDEX "ix_DatasetParameter_text"')
        connection.exec_driver_sql(
            'CREATE INDEX "ix_DatasetParameter_stringValue" ON "DatasetParameter" ("numericValue")'
        )
    create_tables(engine)
    assert index_names(engine, made.name) == today
    create_tables(engine)
    assert index_names(engine, made.name) == today


def test_every_relation_can_be_followed_by_an_index(engine: Engine) -> None:
    found = inspect(engine)
    for made in table("Dataset").metadata.tables.values():
        leading = {index["column_names"][0] for index in found.get_indexes(made.name)}
        leading |= {constraint["column_names"][0] for constraint in found.get_unique_constraints(made.name)}
        assert {key.parent.name for key in made.foreign_keys} <= leading, made.name


def test_many_rows_are_stored_as_few_are(engine: Engine) -> None:
    made = table("Facility")
    with writing(engine) as connection:
        insert_many(connection, made, [facility(1)])
        insert_many(connection, made, [facility(n) for n in range(2, 50)])
    with reading(engine) as connection:
        ((*columns,),) = fetch(
            connection, select(made.c.id, made.c.name, made.c.createTime).order_by(made.c.id), {}, 100
        )
    assert list(columns[0]) == list(range(1, 50))
    assert columns[1][48] == "F49"
    assert set(columns[2]) == {NOW}


@pytest.mark.parametrize("count", [2, 40])
def test_a_refused_batch_leaves_nothing_and_the_transaction_goes_on(engine: Engine, count: int) -> None:
    made = table("Facility")
    rows = [facility(n) for n in range(1, count)] + [facility(count) | {"name": "F1"}]
    with writing(engine) as connection:
        with pytest.raises(IntegrityError), connection.begin_nested():
            insert_many(connection, made, rows)
        insert_many(connection, made, [facility(99)])
    with reading(engine) as connection:
        assert list(connection.execute(select(made.c.id)).scalars()) == [99]


def test_statistics_follow_the_growth_of_an_sqlite_catalogue(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'c.db'}")
    create_tables(engine)

    def counted() -> list[str]:
        with reading(engine) as connection:
            if not inspect(connection).has_table("sqlite_stat1"):
                return []
            return list(connection.exec_driver_sql("SELECT stat FROM sqlite_stat1 WHERE tbl = 'Facility'").scalars())

    with writing(engine) as connection:
        insert_many(connection, table("Facility"), [facility(n) for n in range(1, 100)])
    assert counted() == []
    with writing(engine) as connection:
        insert_many(connection, table("Facility"), [facility(n) for n in range(100, FIRST + 100)])
    (about,) = (int(stat.split()[0]) for stat in counted())  # an estimate
    assert about == pytest.approx(FIRST + 99, rel=0.2)
    engine.dispose()


def test_a_big_answer_is_in_a_file_and_not_in_memory() -> None:
    part = b"x" * 1_000_000
    tracemalloc.start()
    try:
        body = Body(part for _ in range(40))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert body.length == 40_000_000
    assert peak < 3 * IN_MEMORY
    assert sum(map(len, body)) == body.length
    body.close()


def test_a_failure_on_the_way_is_a_failure_of_the_whole_answer() -> None:
    def parts() -> Iterator[bytes]:
        yield b"x"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        Body(parts())
