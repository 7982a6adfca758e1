"""Fixtures of the tests of the core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drac_plugins.core.storage import Store, upgrade
from drac_plugins.core.tables import load_all
from tests.support.catalogue import catalogue
from tests.support.postgres import postgres

__all__ = ["catalogue", "postgres"]

load_all()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store without tables, on both engines."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    else:
        store = Store(request.getfixturevalue("postgres").new_database())
    yield store
    store.close()


@pytest.fixture
def store(empty_store: Store) -> Store:
    """A store that is up to date."""
    upgrade(empty_store)
    return empty_store
