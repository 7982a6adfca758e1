"""An inbox on a store of its own, and the corpus of messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drac_plugins.core.inbox import BodyFiles, Inbox
from drac_plugins.core.storage import Store, metadata

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
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    metadata.create_all(store.engine)
    yield store
    store.close()


@pytest.fixture
def inbox(store: Store, tmp_path: Path, clock: Clock) -> Inbox:
    return Inbox(store, large_bodies=BodyFiles(tmp_path / "large", 1000), clock=clock)


@pytest.fixture
def real_inbox(store: Store, tmp_path: Path) -> Inbox:
    """With the real clock and the ordinary size limit."""
    return Inbox(store, large_bodies=BodyFiles(tmp_path / "large", 10 * 1024 * 1024))
