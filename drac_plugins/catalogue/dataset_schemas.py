# ruff: noqa: N815
"""The wire of documents, timelines and parameter values. Field names are the wire's own."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.reads.timelines import SUMS
from drac_plugins.core.reads.wire.arguments import AnyCase, Identifier, Identifiers, Line, Names, ParameterFilters
from drac_plugins.core.web import Day, PageQuery, QuerySchema


class DocumentQuery(PageQuery):
    start_date = Day(data_key="startDate", required=True, metadata={"description": "first day, YYYY-MM-DD"})
    end_date = Day(data_key="endDate", required=True, metadata={"description": "last day"})


class DatasetTimelineQuery(QuerySchema):
    investigation_id = Identifier("investigationId", "datasets of this investigation")
    sample_id = Identifier("sampleId", "datasets of this sample")


class InstrumentTimelineQuery(QuerySchema):
    instrument = Line("instrument", "name of the instrument, in any spelling")


class ValuesQuery(QuerySchema):
    """Which parameters of which datasets."""

    name = Names("name", "parameter types, comma-separated; one for JSON, several for CSV")
    investigation_id = Identifiers("investigationId", "datasets of these investigations, comma-separated")
    sample_id = Identifier("sampleId", "datasets of this sample")
    instrument_name = Names("instrumentName", "instruments, comma-separated")
    start_date = Day(data_key="startDate", load_default=None)
    end_date = Day(data_key="endDate", load_default=None)
    dataset_type = Names("datasetType", "types of datasets, comma-separated")


class ValuesTableQuery(ValuesQuery):
    format = AnyCase("format", ("json", "csv"), "form of the answer")


class DistinctValuesQuery(ValuesQuery):
    parameters = ParameterFilters()


class ParameterValue(QuerySchema):
    """Only the value counts; the name says what is meant where a parameter is created."""

    name = fields.String(load_default="", validate=validate.Length(max=255))
    value = fields.String(required=True, validate=validate.Length(max=4000))


class ParameterIdQuery(QuerySchema):
    parameter_id = Identifier("parameterId", "identifier of the parameter")


class _InvestigationName(ma.Schema):
    id = fields.Integer(strict=True)
    name = fields.String()


class _NameAndValue(ma.Schema):
    name = fields.String(required=True)
    value = fields.String(required=True)


class DatasetDocumentSchema(ma.Schema):
    id = fields.Integer(strict=True, required=True)
    name = fields.String(required=True)
    startDate = fields.String(required=True)
    endDate = fields.String(required=True)
    location = fields.String(required=True)
    sampleName = fields.String(required=True)
    investigation = fields.Nested(_InvestigationName)
    parameters = fields.List(fields.Nested(_NameAndValue))


TimelineSchema = ma.Schema.from_dict(
    {
        "startDate": fields.String(),
        "endDate": fields.String(),
        "investigationId": fields.Integer(strict=True),
        "investigationName": fields.String(),
        "datasetId": fields.Integer(strict=True),
        "datasetName": fields.String(),
        "datasetType": fields.String(),
        "sampleId": fields.Integer(strict=True),
        "sampleName": fields.String(),
        **{name: fields.String() for name in SUMS},
    },
    name="TimelineSchema",
)


class DatasetValueSchema(ma.Schema):
    id = fields.Integer(strict=True, required=True)
    name = fields.String()
    value = fields.String()
    units = fields.String()
    datasetId = fields.Integer(strict=True)
    sampleId = fields.Integer(strict=True, allow_none=True)
    sampleName = fields.String(allow_none=True)
    createTime = fields.String()
