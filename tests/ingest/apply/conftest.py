"""Catalogues in the state before the corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.apply.corpus import EVERYTHING, feed
from tests.ingest.apply.ground import Ground, filled_database, fresh_ground
from tests.ingest.apply.snapshot import Snapshot, take
from tests.support.catalogue import fresh_catalogue

__all__ = ["fresh_catalogue"]


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
