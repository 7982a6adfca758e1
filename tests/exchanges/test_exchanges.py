"""The embedded catalogue answers what the original answered, call by call, but for the listed differences."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exchanges.cases import replay, users_of
from tests.exchanges.known import known_differences
from tests.exchanges.own_server import PASSWORD, reference_catalogue
from tests.exchanges.wire import Server
from tests.support.postgres import postgres

__all__ = ["postgres"]

RECORDED = Path(__file__).with_name("exchanges.jsonl")


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_the_recorded_exchanges_differ_only_where_it_is_meant(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    database = request.getfixturevalue("postgres").new_database() if kind == "postgresql" else None
    with reference_catalogue(tmp_path / "catalogue", users_of(RECORDED), database=database) as catalogue:
        results = dict(replay(Server(catalogue.url), PASSWORD, RECORDED))
    known = known_differences()
    differing = {case: text for case, text in results.items() if text is not None}
    assert {case: text for case, text in differing.items() if case not in known} == {}
    assert known.keys() - differing.keys() == set(), "these pass: take them out of known.yaml"
