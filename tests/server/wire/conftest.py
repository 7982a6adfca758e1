"""Servers, clients and a small facility for the tests of the wire; each test runs on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.server.wire.raw import RestCalls, SoapCalls
from tests.support.catalogue import RunningCatalogue, start_catalogue
from tests.support.postgres import own_postgres, postgres

__all__ = ["own_postgres", "postgres"]

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]

NewDatabase = Callable[[], str | None]
"""Address of an empty database; None: SQLite in the server's folder."""


@pytest.fixture(scope="session", params=DATABASES)
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    """All servers of a test are on one kind of database."""
    if request.param == "sqlite":
        return lambda: None
    made: NewDatabase = request.getfixturevalue("postgres").new_database
    return made


@pytest.fixture(scope="session")
def catalogue(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    """One server for all tests of a process: they make objects of their own and do not count on emptiness."""
    server: RunningCatalogue = start_catalogue(tmp_path_factory.mktemp("catalogue"), database=new_database())
    yield server
    server.stop()


@pytest.fixture
def start(new_database: NewDatabase, tmp_path: Path) -> Iterator[Callable[..., RunningCatalogue]]:
    """Start servers with options of one's own, one database per folder; all are stopped at the end."""
    started: list[RunningCatalogue] = []
    databases: dict[str, str | None] = {}

    def run(*options: str, folder: str = "catalogue", **more: Any) -> RunningCatalogue:
        if folder not in databases:
            databases[folder] = new_database()
        given = {"database": databases[folder]} | more
        server: RunningCatalogue = start_catalogue(tmp_path / folder, *options, **given)
        started.append(server)
        return server

    yield run
    for server in started:
        server.stop()


@pytest.fixture
def fresh_catalogue(start: Callable[..., RunningCatalogue]) -> RunningCatalogue:
    """An empty server for one test."""
    return start()


@dataclass
class Facility:
    """Ids of one facility with a type of everything and an investigation; its name is unique to the test."""

    name: str
    id: int
    investigation_type: int
    dataset_type: int
    text_type: int
    number_type: int
    colour_type: int
    investigation_only_type: int
    investigation: int

    def dataset(self, name: str, **more: Any) -> dict[str, Any]:
        """A Dataset for REST."""
        fields = {"name": name, "investigation": {"id": self.investigation}, "type": {"id": self.dataset_type}}
        return {"Dataset": fields | more}


@pytest.fixture
def rest(catalogue: RunningCatalogue) -> RestCalls:
    return RestCalls.login(catalogue.rest_url, "root")


@pytest.fixture
def soap(catalogue: RunningCatalogue, rest: RestCalls) -> SoapCalls:
    return SoapCalls(f"{catalogue.url}/ICATService/ICAT", rest.session_id)


@pytest.fixture
def client(catalogue: RunningCatalogue) -> Any:
    return catalogue.client()


@pytest.fixture
def facility(rest: RestCalls) -> Facility:
    return make_facility(rest)


def make_facility(rest: RestCalls) -> Facility:
    name = f"facility-{uuid4()}"
    (id_,) = rest.write({"Facility": {"name": name}})
    here = {"facility": {"id": id_}}
    applicable = {"applicableToDataset": True, "applicableToDatafile": True, "applicableToSample": True}
    ids = rest.write(
        [
            {"InvestigationType": {"name": "experiment", **here}},
            {"DatasetType": {"name": "raw", **here}},
            {"ParameterType": {"name": "text", "units": "-", "valueType": "STRING", **applicable, **here}},
            {
                "ParameterType": {
                    "name": "number",
                    "units": "m",
                    "valueType": "NUMERIC",
                    "enforced": True,
                    "minimumNumericValue": 0.0,
                    "maximumNumericValue": 10.5,
                    **applicable,
                    **here,
                }
            },
            {
                "ParameterType": {
                    "name": "colour",
                    "units": "-",
                    "valueType": "STRING",
                    "enforced": True,
                    "permissibleStringValues": [{"value": "red"}, {"value": "green"}],
                    **applicable,
                    **here,
                }
            },
            {
                "ParameterType": {
                    "name": "session",
                    "units": "-",
                    "valueType": "STRING",
                    "applicableToInvestigation": True,
                    **here,
                }
            },
        ]
    )
    investigation = {"name": "i", "visitId": "1", "title": "T", "type": {"id": ids[0]}, **here}
    (investigation_id,) = rest.write({"Investigation": investigation})
    return Facility(name, id_, *ids, investigation_id)
