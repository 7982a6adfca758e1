"""The wire of `/processed`."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.web import QuerySchema, Text, WholeNumber, WireDateTime
from drac_plugins.processed.lineage import DEEPEST

FORMATS = ("json", "prov", "rocrate")
DIRECTIONS = ("both", "up", "down")


class LineageQuery(QuerySchema):
    depth = WholeNumber(
        load_default=10,
        validate=validate.Range(min=0, max=DEEPEST),
        metadata={"description": f"steps away from the dataset, at most {DEEPEST}"},
    )
    direction = Text(
        load_default="both",
        validate=validate.OneOf(DIRECTIONS),
        metadata={"description": "up: what it was computed from; down: what was computed from it"},
    )
    format = Text(
        load_default=None,
        validate=validate.OneOf(FORMATS),
        metadata={"description": "json, prov (PROV-JSON) or rocrate; default: what the Accept header prefers"},
    )


class ProcessingSchema(ma.Schema):
    application = fields.String(required=True)
    version = fields.String(required=True)
    arguments = fields.String(allow_none=True)


class NodeSchema(ma.Schema):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    location = fields.String(allow_none=True)
    start_date = WireDateTime(data_key="startDate", allow_none=True)
    end_date = WireDateTime(data_key="endDate", allow_none=True)
    sample_name = fields.String(data_key="sampleName", allow_none=True)
    instrument_name = fields.String(data_key="instrumentName", allow_none=True)
    investigation_id = fields.Integer(data_key="investigationId", allow_none=True)
    level = fields.Integer(required=True)
    processing = fields.Nested(ProcessingSchema, allow_none=True)
    hidden_inputs = fields.Integer(required=True, data_key="hiddenInputs")
    hidden_outputs = fields.Integer(required=True, data_key="hiddenOutputs")


class EdgeSchema(ma.Schema):
    input = fields.Integer(required=True)
    output = fields.Integer(required=True)


class LineageSchema(ma.Schema):
    dataset_id = fields.Integer(required=True, data_key="datasetId")
    depth = fields.Integer(required=True)
    complete = fields.Boolean(required=True)
    nodes = fields.List(fields.Nested(NodeSchema), required=True)
    edges = fields.List(fields.Nested(EdgeSchema), required=True)
