"""The first seconds of what `make fuzz` does for minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import TARGETS, attack

SEED = 503
SECONDS = 4.0


@pytest.mark.parametrize("target", TARGETS)
def test_no_request_makes_the_server_fail_hang_or_die(tmp_path: Path, target: str) -> None:
    (report,) = attack(tmp_path, [target], SEED, SECONDS)
    assert report.problems == [], report
    assert report.requests > 30
