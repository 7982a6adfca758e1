"""A facade with the plugins `session` and `workshop`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drac_plugins.session.plugin import plugin as session_plugin
from tests.support.catalogue import RunningCatalogue, catalogue
from tests.support.facade import RunningFacade, running_facade
from tests.web.workshop import plugin as workshop

__all__ = ["catalogue"]


@pytest.fixture(scope="session")
def facade(catalogue: RunningCatalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFacade]:
    folder = tmp_path_factory.mktemp("facade")
    with running_facade(catalogue, folder, (session_plugin, workshop)) as running:
        yield running
