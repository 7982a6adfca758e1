"""Which tests with published programs the gate leaves to `make producers`."""

from __future__ import annotations

import os

import pytest

EVERYTHING = bool(os.environ.get("DRAC_TEST_PRODUCERS"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `producers` run only when `DRAC_TEST_PRODUCERS` is set; use it in a conftest.py by importing it."""
    left = [] if EVERYTHING else [item for item in items if item.get_closest_marker("producers")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
