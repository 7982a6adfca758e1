"""The crowd of `make crowd`, smaller. DRAC_CROWD_CLIENTS and DRAC_CROWD_CREATES set clients, and calls of each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.server.crowd.run import Size, run_crowd
from tests.server.operations.conftest import NewDatabase

CLIENTS = int(os.environ.get("DRAC_CROWD_CLIENTS", "4"))
CREATES = int(os.environ.get("DRAC_CROWD_CREATES", "8"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_clients_that_fail_and_die_lose_nothing(new_database: NewDatabase, tmp_path: Path) -> None:
    report = run_crowd(tmp_path, Size(clients=CLIENTS, creates=CREATES, kills=2, seed=1), new_database, print)
    assert report.faults == []
    assert report.dumps
    assert report.kills == 2
    assert {outcome for _, outcome in report.outcomes()} == {"stored", "refused", "unknown"}
