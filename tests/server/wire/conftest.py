"""Servers, clients and a small facility for the tests of the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.server.wire.raw import RestCalls, SoapCalls
from tests.support.catalogue import RunningCatalogue, catalogue, fresh_catalogue, start
from tests.support.postgres import postgres

__all__ = ["catalogue", "fresh_catalogue", "postgres", "start"]


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
