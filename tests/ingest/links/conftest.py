"""Catalogues in the state before the corpus, and stores on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.apply.conftest import store, template
from tests.ingest.apply.ground import Ground, fresh_ground
from tests.support.postgres import postgres

__all__ = ["postgres", "store", "template"]


@pytest.fixture(scope="session")
def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One catalogue for many small families of datasets, each in folders of its own."""
    with fresh_ground(template, tmp_path_factory.mktemp("shared")) as found:
        yield found
