"""The facade before a catalogue with data that not everybody may see, and stores on both engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drac_plugins.changes.plugin import plugin as changes_plugin
from drac_plugins.session.plugin import plugin as session_plugin
from tests.catalogue.seed import Facility, seed
from tests.ingest.apply.conftest import store
from tests.support.catalogue import catalogue
from tests.support.facade import RunningFacade, running_facade
from tests.support.postgres import postgres

__all__ = ["catalogue", "postgres", "store"]


@pytest.fixture(scope="session")
def facade(catalogue: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFacade]:
    streams = {"changes": {"max_streams": 2, "stream_seconds": 3.0, "poll_seconds": 0.1}}
    folder = tmp_path_factory.mktemp("facade")
    plugins = (session_plugin, changes_plugin)
    with running_facade(catalogue, folder, plugins, settings={"plugin": streams}) as running:  # type: ignore[arg-type]
        yield running


@pytest.fixture(scope="session")
def facility(facade: RunningFacade) -> Facility:
    return seed(facade.root)
