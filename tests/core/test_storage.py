"""The store: transactions, moments, ids."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, select, text
from sqlalchemy.exc import StatementError

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.settings import SettingsError
from drac_plugins.core.storage import Instant, Store, new_document_id

own = MetaData()
moment = Table("moment", own, Column("id", Integer, primary_key=True), Column("at", Instant))


@pytest.fixture
def moments(empty_store: Store) -> Store:
    own.create_all(empty_store.engine)
    return empty_store


def test_a_moment_comes_back_as_utc_whatever_its_zone_was(moments: Store) -> None:
    given = datetime(2031, 5, 6, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with moments.begin() as connection:
        connection.execute(moment.insert().values(id=1, at=given))
    with moments.read() as connection:
        (found,) = connection.execute(select(moment.c.at)).one()
    assert found == given
    assert found.tzinfo is UTC


def test_a_moment_without_offset_is_refused(moments: Store) -> None:
    with (
        pytest.raises(StatementError, match="needs its offset"),
        moments.begin() as connection,
    ):
        connection.execute(moment.insert().values(id=1, at=datetime(2031, 5, 6)))  # noqa: DTZ001


def test_moments_of_different_zones_are_ordered_by_time(moments: Store) -> None:
    first = datetime(2031, 5, 6, 8, 0, tzinfo=timezone(timedelta(hours=5)))
    second = datetime(2031, 5, 6, 4, 0, tzinfo=UTC)
    with moments.begin() as connection:
        connection.execute(moment.insert(), [{"id": 1, "at": second}, {"id": 2, "at": first}])
        ids = connection.execute(select(moment.c.id).order_by(moment.c.at)).scalars().all()
        late = connection.execute(select(moment.c.id).where(moment.c.at > first)).scalars().all()
    assert (ids, late) == ([2, 1], [1])


def test_an_exception_undoes_the_transaction(moments: Store) -> None:
    with pytest.raises(RuntimeError), moments.begin() as connection:  # noqa: PT012
        connection.execute(moment.insert().values(id=1))
        raise RuntimeError
    with moments.read() as connection:
        assert connection.execute(select(moment.c.id)).all() == []


def test_a_reading_transaction_cannot_write(moments: Store) -> None:
    with pytest.raises(Exception, match=r"readonly|read-only"), moments.read() as connection:
        connection.execute(moment.insert().values(id=1))
    with moments.begin() as connection:
        connection.execute(moment.insert().values(id=1))


def test_a_reader_does_not_wait_for_a_writer_and_sees_what_was_committed(moments: Store) -> None:
    with moments.begin() as writer:
        writer.execute(moment.insert().values(id=1))
        begun = time.monotonic()
        with moments.read() as reader:
            assert reader.execute(select(moment.c.id)).all() == []
        assert time.monotonic() - begun < 5


def test_writers_in_many_threads_take_turns(moments: Store) -> None:
    with moments.begin() as connection:
        connection.execute(text("CREATE TABLE tally (n INTEGER)"))
        connection.execute(text("INSERT INTO tally VALUES (0)"))

    def add() -> None:
        for _ in range(20):
            with moments.begin() as connection:
                _lock(connection)
                n = connection.execute(text("SELECT n FROM tally")).scalar_one()
                connection.execute(text("UPDATE tally SET n = :n"), {"n": n + 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with moments.read() as connection:
        assert connection.execute(text("SELECT n FROM tally")).scalar_one() == 80


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE tally"))


def test_foreign_keys_hold(empty_store: Store) -> None:
    with empty_store.begin() as connection:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE child (parent_id INTEGER REFERENCES parent (id))"))
    with pytest.raises(Exception, match=r"(?i)foreign key"), empty_store.begin() as connection:
        connection.execute(text("INSERT INTO child VALUES (1)"))


def test_a_missing_table_says_what_to_run(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'x.sqlite'}")
    with pytest.raises(Unavailable, match="drac db upgrade"), store.read() as connection:
        connection.execute(select(moment.c.id))
    store.close()


def test_a_store_that_does_not_answer_is_unavailable_and_keeps_its_password_to_itself() -> None:
    store = Store("postgresql://me:hush@127.0.0.1:1/x?connect_timeout=2")
    with pytest.raises(Unavailable) as caught, store.read() as connection:
        connection.execute(text("SELECT 1"))
    assert "hush" not in caught.value.message
    assert "127.0.0.1" in caught.value.message


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_be_used_names_the_setting(url: str) -> None:
    with pytest.raises(SettingsError, match=r"store\.url"):
        Store(url)


def test_the_folder_of_an_sqlite_file_is_made(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a' / 'b' / 'x.sqlite'}")
    with store.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    store.close()


def test_document_ids_are_24_hexadecimal_digits_that_grow() -> None:
    ids = [new_document_id() for _ in range(5000)]
    assert all(len(id_) == 24 and int(id_, 16) >= 0 for id_ in ids)
    assert ids == sorted(set(ids))


def test_a_document_id_begins_with_its_second() -> None:
    assert abs(int(new_document_id()[:8], 16) - time.time()) < 5


def test_document_ids_keep_growing_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_document_id()
    monkeypatch.setattr(time, "time_ns", lambda: 1_000_000_000)
    assert new_document_id() > before


def test_document_ids_of_threads_and_processes_differ() -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.extend([new_document_id() for _ in range(500)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with multiprocessing.get_context("fork").Pool(3) as pool:
        found += [id_ for part in pool.map(_draw, range(6), chunksize=1) for id_ in part]
    assert len(found) == len(set(found)) == 2000 + 6 * 500


def _draw(_: int) -> list[str]:
    assert os.getpid()
    return [new_document_id() for _ in range(500)]
