"""An inbox on a store of its own, and the corpus of messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drac_plugins.core.inbox import BodyFiles, Inbox
from drac_plugins.core.storage import Store, upgrade
from tests.support.postgres import RunningPostgres, postgres

__all__ = ["postgres"]

MESSAGES = Path(__file__).parents[2] / "messages"


class Clock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield from _open(f"sqlite:///{tmp_path / 'store.sqlite'}")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A new store, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield from _open(f"sqlite:///{tmp_path / 'store.sqlite'}")
    else:
        server: RunningPostgres = request.getfixturevalue("postgres")
        yield from _open(server.new_database())


def _open(url: str) -> Iterator[Store]:
    store = Store(url)
    upgrade(store)
    yield store
    store.close()


@pytest.fixture
def inbox(either_store: Store, tmp_path: Path, clock: Clock) -> Inbox:
    return Inbox(either_store, large_bodies=BodyFiles(tmp_path / "large", 1000), clock=clock)


@pytest.fixture
def real_inbox(store: Store, tmp_path: Path) -> Inbox:
    """With the real clock and the ordinary size limit."""
    return Inbox(store, large_bodies=BodyFiles(tmp_path / "large", 10 * 1024 * 1024), owner="this installation")
