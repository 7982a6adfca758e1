"""Routes of the group Catalogue about datasets: documents, timelines, values of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from drac_plugins.catalogue import dataset_schemas as schemas
from drac_plugins.catalogue import dataset_service as service
from drac_plugins.catalogue.routes import blueprint, deprecated, reply, view_of
from drac_plugins.catalogue.service import datasets_by_id
from drac_plugins.core.reads import dataset_values
from drac_plugins.core.reads.days import wire_date
from drac_plugins.core.reads.records import DatasetRecord
from drac_plugins.core.reads.timelines import Span
from drac_plugins.core.reads.wire.arguments import Query
from drac_plugins.core.web import Caller, facility_zone, text_reply

Json = dict[str, Any]


@blueprint.route("/catalogue/<sessionId>/dataset/id/<ids:datasetIds>/dataset_document")
@blueprint.session_in_path(expired=401)
@blueprint.response(200, schemas.DatasetDocumentSchema(many=True))
def documents_by_id(caller: Caller, dataset_ids: tuple[int, ...]) -> Response:
    """These datasets as documents for a search index"""
    return reply([_document(record) for record in datasets_by_id(view_of(caller), dataset_ids).items])


@blueprint.route("/catalogue/datasets/documents")
@blueprint.bearer(optional=True, expired=401)
@blueprint.arguments(schemas.DocumentQuery)
@blueprint.response(200, schemas.DatasetDocumentSchema(many=True))
def documents(caller: Caller, query: Query) -> Response:
    """Datasets that start on these days, as documents for a search index"""
    found = service.documents(view_of(caller), query["start_date"], query["end_date"], query["limit"], query["skip"])
    return reply([_document(record) for record in found.items])


@blueprint.route("/catalogue/<sessionId>/dataset/startdate/<startDate>/enddate/<endDate>/dataset_document")
@blueprint.session_in_path(expired=401)
@blueprint.response(200, schemas.DatasetDocumentSchema(many=True))
@deprecated
def documents_of_days(caller: Caller, start_date: str, end_date: str) -> Response:
    """Datasets that start on these days, the older way"""
    found = service.documents(view_of(caller), service.day(start_date), service.day(end_date), None, 0)
    return reply([_document(record) for record in found.items])


@blueprint.route("/catalogue/<sessionId>/dataset/timeline")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.DatasetTimelineQuery)
@blueprint.response(200, schemas.TimelineSchema(many=True))
def timeline_of_datasets(caller: Caller, query: Query) -> Response:
    """Datasets of an investigation or a sample by start"""
    spans = service.timeline_of_datasets(view_of(caller), query["investigation_id"], query["sample_id"])
    return reply([_span(span) for span in spans])


@blueprint.route("/catalogue/<sessionId>/investigation/timeline")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.InstrumentTimelineQuery)
@blueprint.response(200, schemas.TimelineSchema(many=True))
def timeline_of_instrument(caller: Caller, query: Query) -> Response:
    """Sessions of an instrument by start"""
    return reply([_span(span) for span in service.timeline_of_instrument(view_of(caller), query["instrument"])])


@blueprint.route("/catalogue/<sessionId>/datasetparameter")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.ValuesTableQuery)
@blueprint.response(200, schemas.DatasetValueSchema(many=True))
def parameter_values(caller: Caller, query: Query) -> Response:
    """Values of a parameter over many datasets; of several, as a table"""
    found = service.values(view_of(caller), query)
    if query["format"] == "csv":
        return Response(service.table(found, query["name"]), content_type="text/csv; charset=utf-8")
    return reply(_values(found))


@blueprint.route("/catalogue/<sessionId>/datasetparameter/values")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.DistinctValuesQuery)
@blueprint.response(200, schemas.DatasetValueSchema(many=True))
def distinct_values(caller: Caller, query: Query) -> Response:
    """Different values of a parameter, each once"""
    return reply(_values(dataset_values.distinct(service.values(view_of(caller), query))))


@blueprint.route("/catalogue/<sessionId>/datasetparameter", methods=["PUT"])
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.ParameterIdQuery)
@blueprint.arguments(schemas.ParameterValue, location="json")
@blueprint.response(200)
def set_value(caller: Caller, query: Query, body: Query) -> Response:
    """Set the value of one dataset parameter"""
    service.set_value(view_of(caller), query["parameter_id"], body["value"])
    return text_reply("OK")


def _document(record: DatasetRecord) -> Json:
    """Texts are always there: the published client refuses a document without them."""
    zone = facility_zone()
    home = record.investigation
    return {
        "id": record.id,
        "name": record.name,
        "startDate": wire_date(record.start, zone) or "",
        "endDate": wire_date(record.end, zone) or "",
        "location": record.location or "",
        "sampleName": record.sample_name or "",
        "investigation": {"id": home.id, "name": home.name} if home is not None else {"id": 0, "name": ""},
        "parameters": [{"name": one.name, "value": one.value} for one in record.parameters],
    }


def _span(span: Span) -> Json:
    zone = facility_zone()
    facts: Json = {
        "startDate": wire_date(span.start, zone),
        "endDate": wire_date(span.end, zone),
        "investigationId": span.investigation_id,
        "investigationName": span.investigation_name,
        "datasetId": span.dataset_id,
        "datasetName": span.dataset_name,
        "datasetType": span.dataset_type,
        "sampleId": span.sample_id,
        "sampleName": span.sample_name,
        **span.sums,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _values(found: Sequence[dataset_values.DatasetValue]) -> list[Json]:
    zone = facility_zone()
    return [
        {
            "id": one.id,
            "name": one.name,
            "value": one.value,
            "units": one.units,
            "datasetId": one.dataset_id,
            "sampleId": one.sample_id,
            "sampleName": one.sample_name,
            "createTime": wire_date(one.created, zone),
        }
        for one in found
    ]
