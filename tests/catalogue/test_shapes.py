"""What is sent has the shape that the API description promises, down to the type of every field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from marshmallow import RAISE, Schema

from drac_plugins.core.reads.wire import schemas
from tests.catalogue.conftest import API_KEY
from tests.catalogue.seed import Facility

Get = Callable[..., Any]

ROUTES: list[tuple[str, str, dict[str, object], type[Schema]]] = [
    ("ada", "/catalogue/datasets", {"investigationIds": "{apple},{open}", "nested": "true"}, schemas.DatasetSchema),
    ("ada", "/catalogue/{s}/dataset", {"investigationIds": "{apple}", "limit": 2}, schemas.DatasetSchema),
    ("ada", "/catalogue/{s}/investigation", {"withHasAccess": "true"}, schemas.InvestigationSchema),
    ("reader", "/catalogue/{s}/investigation", {}, schemas.InvestigationSchema),
    (
        "ada",
        "/catalogue/{s}/investigation/id/{apple}/investigationusers",
        {},
        schemas.InvestigationUserSchema,
    ),
    ("ada", "/catalogue/{s}/samples", {"investigationId": "{apple}"}, schemas.SampleSchema),
    (
        "ada",
        "/catalogue/{s}/samples",
        {"investigationId": "{apple}", "includeDatasets": "true", "nested": "true"},
        schemas.SampleSchema,
    ),
    ("ada", "/catalogue/{s}/datafile", {"datasetId": 1}, schemas.DatafileWrapperSchema),
    ("ada", "/catalogue/{s}/datacollection", {}, schemas.DataCollectionSchema),
    ("ada", "/catalogue/instruments", {}, schemas.InstrumentSchema),
    ("ada", "/catalogue/parameters", {}, schemas.ParameterTypeSchema),
    ("ada", "/catalogue/techniques", {}, schemas.TechniqueSchema),
    ("ada", "/catalogue/investigationtypes", {}, schemas.InvestigationTypeSchema),
    ("ada", f"/dataacquisition/{API_KEY}/investigation", {}, schemas.InvestigationSchema),
    ("ada", f"/dataacquisition/{API_KEY}/dataset", {"investigationId": "{apple}"}, schemas.DatasetSchema),
]


@pytest.mark.parametrize(("login", "path", "query", "schema"), ROUTES)
def test_replies_have_the_described_shape(
    get: Get, facility: Facility, login: str, path: str, query: dict[str, object], schema: type[Schema]
) -> None:
    ids = {"apple": str(facility.apple), "open": str(facility.open), "s": "{s}"}
    filled = {key: str(value).format(**ids) for key, value in query.items()}
    reply = get(login, path.format(**ids), **filled)
    assert reply.status_code == 200
    assert reply.content_type == "application/json; charset=utf-8"
    assert reply.json
    assert schema(many=True, unknown=RAISE).validate(reply.json) == {}


def test_every_field_of_the_contract_is_documented(http: FlaskClient) -> None:
    """Names of fields that clients read, per reply."""
    document = http.get("/swagger.json").json
    fields = {name: set(schema["properties"]) for name, schema in document["components"]["schemas"].items()}
    assert {"outputDatasets", "sampleId", "instrumentName", "techniques", "meta"} <= fields["Dataset"]
    assert {"investigationUsers", "canAccessDatasets", "parameters", "meta"} <= fields["Investigation"]
    assert {"members", "investigationInstruments", "summary"} <= fields["InvestigationOfDataset"]
    paths = document["paths"]
    names = {parameter["name"] for parameter in paths["/catalogue/datasets"]["get"]["parameters"]}
    assert names == {
        "investigationIds",
        "datasetIds",
        "sampleId",
        "instrumentName",
        "limit",
        "skip",
        "search",
        "datasetType",
        "nested",
        "sortBy",
        "sortOrder",
        "parameters",
        "techniquePids",
        "startDate",
        "endDate",
    }
    assert paths["/catalogue/{sessionId}/dataset"]["get"]["deprecated"] is True
