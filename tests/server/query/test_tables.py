"""What the databases keep, and how."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import IntegrityError

from icat_schema.definitions import schema
from icat_schema.server.store.engine import open_engine, reading, writing
from icat_schema.server.store.tables import relation_column, table
from tests.server.query.content import Content


def kept(content: Content, entity: str, id_: int, column: str) -> Any:
    rows = table(entity)
    return content.connection.execute(select(rows.c[column]).where(rows.c.id == id_)).scalar_one()


def test_every_entity_has_a_table_with_its_fields() -> None:
    for entity in schema().entities.values():
        columns = table(entity.name).c.keys()
        assert set(columns) == {a.name for a in entity.attributes} | {relation_column(r.name) for r in entity.one}


def test_dates_come_back_as_the_same_instant_in_utc_cut_to_milliseconds(content: Content) -> None:
    summer = datetime(2026, 7, 1, 12, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
    study = content.add("Study", name="s", startDate=summer, endDate=datetime(1, 1, 1, tzinfo=UTC))
    assert kept(content, "Study", study, "startDate") == datetime(2026, 7, 1, 10, 0, 0, 123_000, tzinfo=UTC)
    assert kept(content, "Study", study, "startDate").utcoffset() == timedelta(0)
    assert kept(content, "Study", study, "endDate") == datetime(1, 1, 1, tzinfo=UTC)


def test_dates_before_1970_sort_before_later_ones(content: Content) -> None:
    years = (1969, 1500, 2026)
    for year in years:
        content.add("Study", name=str(year), startDate=datetime(year, 5, 1, tzinfo=UTC))
    rows = table("Study")
    query = select(rows.c.name).where(rows.c.startDate.is_not(None)).order_by(rows.c.startDate)
    assert list(content.connection.execute(query).scalars()) == ["1500", "1969", "2026"]


def test_enumerations_sort_as_they_are_declared(content: Content) -> None:
    for status in sorted(schema().enums["StudyStatus"]):
        content.add("Study", name="ordered", status=status)
    rows = table("Study")
    query = select(rows.c.status).where(rows.c.name == "ordered").order_by(rows.c.status)
    assert tuple(content.connection.execute(query).scalars()) == schema().enums["StudyStatus"]


def test_numbers_and_texts_keep_their_kind(content: Content) -> None:
    type_ = content.ids["ParameterType energy"]
    dataset = content.ids["Dataset em_1"]
    parameter = content.add("DatasetParameter", dataset=dataset, type=type_, numericValue=5.0, stringValue="5")
    number = kept(content, "DatasetParameter", parameter, "numericValue")
    assert (number, type(number)) == (5.0, float)
    assert kept(content, "DatasetParameter", parameter, "stringValue") == "5"
    session, raw = content.ids["Investigation EM-77"], content.ids["DatasetType raw"]
    large = content.add("Dataset", name="l", investigation=session, type=raw, fileSize=2**62)
    assert kept(content, "Dataset", large, "fileSize") == 2**62
    assert kept(content, "Dataset", large, "complete") is False


def test_unique_keys_and_references_are_kept_by_the_database(content: Content) -> None:
    for values in ({"name": "ESRF"}, {"name": "ESRF", "url": "x"}):
        with pytest.raises(IntegrityError), content.connection.begin_nested():
            content.add("Facility", **values)
    with pytest.raises(IntegrityError), content.connection.begin_nested():
        content.add("Instrument", name="n", facility=10**9)


def test_ids_are_not_given_twice(content: Content) -> None:
    first = content.add("Grouping", name="a")
    content.connection.execute(table("Grouping").delete())
    assert content.add("Grouping", name="b") > first


def test_every_relation_and_the_paths_of_datasets_have_an_index(engine: Engine) -> None:
    found = inspect(engine)
    for entity in schema().entities.values():
        first_columns = {index["column_names"][0] for index in found.get_indexes(entity.name)}
        key = found.get_unique_constraints(entity.name)
        first_columns |= {constraint["column_names"][0] for constraint in key}
        assert {relation_column(r.name) for r in entity.one} <= first_columns, entity.name
    assert "location" in {i["column_names"][0] for i in found.get_indexes("Dataset")}


def fail_after_writing(engine: Engine) -> None:
    with writing(engine) as connection:
        Content(connection).add("Grouping", name="gone")
        raise ZeroDivisionError


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_after_writing(engine)
    with reading(engine) as connection:
        assert connection.execute(select(table("Grouping").c.id).where(table("Grouping").c.name == "gone")).all() == []


def test_a_reader_is_not_disturbed_by_a_writer(engine: Engine) -> None:
    groups = table("Grouping")
    count = select(groups.c.id).where(groups.c.name == "later")
    with reading(engine) as reader:
        assert reader.execute(count).all() == []
        with writing(engine) as writer:
            Content(writer).add("Grouping", name="later")
        assert reader.execute(count).all() == []
    with writing(engine) as writer:
        assert writer.execute(groups.delete().where(groups.c.name == "later")).rowcount == 1


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x"])
def test_databases_that_cannot_work_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///"):
        open_engine(url)


def test_sqlite_files_are_shared_by_readers_and_a_writer(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'c.db'}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    engine.dispose()
