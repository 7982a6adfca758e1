"""The campaign in a reduced size; `make torture` runs it in full."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.ingest.torture.campaign import Campaign, Size

MESSAGES = int(os.environ.get("DRAC_TEST_TORTURE_MESSAGES", "200"))
KILLS = int(os.environ.get("DRAC_TEST_TORTURE_KILLS", "1"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_lost_and_nothing_is_there_twice_while_every_process_is_killed(tmp_path: Path) -> None:
    size = Size(MESSAGES, kills=KILLS, parameters=8, files=1, limit_seconds=500)
    report = Campaign(size, tmp_path / "own").run()
    print(report)
    assert report.verdict is not None
    assert report.verdict.good, str(report)
    assert min(report.kills.values()) >= KILLS
