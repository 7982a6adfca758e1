"""A catalogue that was filled in bulk is one like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fill import Content, fill
from tests.support.catalogue import start_catalogue
from tests.support.postgres import postgres

__all__ = ["postgres"]


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_filled_catalogue_serves_its_content_and_takes_more(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sqlite = engine == "sqlite"
    database = f"sqlite:///{tmp_path / 'c.db'}" if sqlite else request.getfixturevalue("postgres").new_database()
    content = Content(datasets=25, parameters=4, datafiles=2, datasets_each=10, members={"simple/ada": 2})
    fills = 2 if sqlite else 1
    for _ in range(fills):
        fill(database, content, quiet=True)
    server = start_catalogue(tmp_path / "server", database=database)
    try:
        client = server.client()
        assert client.search("SELECT COUNT(p) FROM DatasetParameter p") == [fills * 25 * 4]
        assert client.search("SELECT COUNT(f) FROM Datafile f WHERE f.dataset.investigation.id = 1") == [20]
        assert client.search("SELECT COUNT(m) FROM InvestigationUser m WHERE m.user.name = 'simple/ada'") == [fills * 2]
        dataset = client.search("SELECT ds FROM Dataset ds INCLUDE ds.investigation, ds.sample, ds.type LIMIT 0, 1")[0]
        del dataset.id
        dataset.name = "one more"
        assert client.create(dataset) == fills * 25 + 1
        assert client.search("Dataset [name = 'one more']")[0].location.startswith("/data/visitor/mx1000")
    finally:
        server.stop()
