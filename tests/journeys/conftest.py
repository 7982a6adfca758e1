"""One installation for all tests that kill its processes; each leaves it running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.installation import Installation, installed


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(tmp_path_factory.mktemp("installation")) as running:
        yield running
