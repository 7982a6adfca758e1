"""The doors of `tests.ingest.doors`, and a whole facility: catalogue, facade, ingester."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drac_plugins.displays.plugin import plugin as displays_plugin
from tests.ingest.apply.conftest import template
from tests.ingest.apply.ground import Ground, fresh_ground
from tests.ingest.doors.conftest import Door, door
from tests.producers.chain import PLUGINS, Chain, running_chain

__all__ = ["Door", "door", "template"]


@pytest.fixture
def ground(template: Path, tmp_path: Path) -> Iterator[Ground]:
    with fresh_ground(template, tmp_path, retry_seconds=(1, 60)) as found:
        yield found


@pytest.fixture(scope="module")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with running_chain(tmp_path_factory.mktemp("facility"), (*PLUGINS, displays_plugin)) as chain:
        yield chain
