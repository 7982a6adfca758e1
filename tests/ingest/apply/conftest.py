"""Catalogues in the state before the corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drac_plugins.core.storage import Store, metadata
from tests.ingest.apply.corpus import EVERYTHING, feed
from tests.ingest.apply.ground import Ground, filled_database, fresh_ground
from tests.ingest.apply.snapshot import Snapshot, take
from tests.support.catalogue import fresh_catalogue
from tests.support.postgres import postgres

__all__ = ["fresh_catalogue", "postgres"]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a catalogue in the initial state; never changed."""
    return filled_database(tmp_path_factory.mktemp("template"))


@pytest.fixture
def ground(template: Path, tmp_path: Path) -> Iterator[Ground]:
    with fresh_ground(template, tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def straight_ground(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A catalogue after the corpus in file order. It may be fed the corpus again; nothing else."""
    with fresh_ground(template, tmp_path_factory.mktemp("straight")) as ground:
        ground.finish(feed(ground, EVERYTHING))
        yield ground


@pytest.fixture(scope="session")
def straight(straight_ground: Ground) -> Snapshot:
    return take(straight_ground.session)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store with all tables, on both engines."""
    if request.param == "sqlite":
        found = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    else:
        found = Store(request.getfixturevalue("postgres").new_database())
    metadata.create_all(found.engine)
    yield found
    found.close()
