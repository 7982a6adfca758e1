"""Sessions: their lifetime, their end, and that a restart does not end them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from icat_schema.server.errors import IcatError
from icat_schema.server.sessions import Sessions, sessions
from icat_schema.server.store.engine import create_tables, open_engine, writing
from tests.server.wire.raw import RestCalls
from tests.support.catalogue import start_catalogue

START = datetime(2024, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path / 'sessions.db'}")
    create_tables(made)
    yield made
    made.dispose()


def test_a_session_ends_when_its_lifetime_is_over_whether_it_was_used_or_not(engine: Engine) -> None:
    clock = Clock()
    under_test = Sessions(120, clock)
    with writing(engine) as connection:
        id_ = under_test.open(connection, "simple/ada")
        clock.pass_minutes(119.5)
        assert under_test.user_name(connection, id_) == "simple/ada"
        assert under_test.remaining_minutes(connection, id_) == 0.5
        clock.pass_minutes(0.5)
        with pytest.raises(IcatError, match=f"Session id:{id_} has expired") as caught:
            under_test.user_name(connection, id_)
        assert caught.value.type == "SESSION"
        assert not under_test.is_logged_in(connection, "simple/ada")
        with pytest.raises(IcatError, match="has expired"):
            under_test.refresh(connection, id_)
        under_test.close(connection, id_)


def test_a_refresh_gives_a_whole_lifetime(engine: Engine) -> None:
    clock = Clock()
    under_test = Sessions(120, clock)
    with writing(engine) as connection:
        id_ = under_test.open(connection, "simple/ada")
        clock.pass_minutes(100)
        under_test.refresh(connection, id_)
        clock.pass_minutes(100)
        assert under_test.remaining_minutes(connection, id_) == 20


def test_a_user_may_have_many_sessions_and_closing_one_leaves_the_others(engine: Engine) -> None:
    under_test = Sessions(120, Clock())
    with writing(engine) as connection:
        first, second = (under_test.open(connection, "simple/ada") for _ in range(2))
        under_test.close(connection, first)
        assert under_test.user_name(connection, second) == "simple/ada"
        with pytest.raises(IcatError, match="Unable to find user by sessionid"):
            under_test.user_name(connection, first)


def test_expired_sessions_are_purged_once_an_hour(engine: Engine) -> None:
    clock = Clock()
    under_test = Sessions(30, clock)
    with writing(engine) as connection:
        for _ in range(3):
            under_test.open(connection, "simple/ada")
        clock.pass_minutes(45)
        under_test.open(connection, "simple/bo")
        assert connection.execute(select(func.count()).select_from(sessions)).scalar() == 4
        clock.pass_minutes(20)
        under_test.open(connection, "simple/cy")
        assert connection.execute(select(func.count()).select_from(sessions)).scalar() == 2


def test_sessions_survive_a_restart_of_the_server(tmp_path: Path) -> None:
    first = start_catalogue(tmp_path)
    session_id = RestCalls.login(first.rest_url, "ada").session_id
    first.stop()
    assert first.process.returncode == 0
    second = start_catalogue(tmp_path)
    try:
        shown = RestCalls(second.rest_url, session_id).send("GET", f"session/{session_id}").json()
        assert shown["userName"] == "simple/ada"
    finally:
        second.stop()
    log = second.log_file.read_text()
    assert 'op="show_session"' in log
    assert session_id not in log
