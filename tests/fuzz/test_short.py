"""The attacks with a name and the first damaged requests of what `make fuzz` does for minutes."""

from __future__ import annotations

from pathlib import Path

from tests.exchanges.cases import users_of
from tests.exchanges.own_server import reference_catalogue
from tests.fuzz.__main__ import TARGETS
from tests.fuzz.campaign import run
from tests.fuzz.requests import RECORDED
from tests.fuzz.server import Target

SEED = 503
REQUESTS = 70
PATIENCE = 60.0
"""Seconds: other tests run beside this one, so it is `make fuzz` that looks for slow answers."""


def test_no_request_makes_the_server_fail_or_die(tmp_path: Path) -> None:
    options = ("--max-query-seconds", "0.5", "--max-entities", "2000")
    with reference_catalogue(tmp_path, users_of(RECORDED), options) as catalogue:
        target = Target(catalogue, PATIENCE)
        for name in TARGETS:
            report = run(name, target, SEED, 10 * PATIENCE, print, REQUESTS)
            assert report.problems == [], report
        target.close()
        assert target.unforeseen() == []
