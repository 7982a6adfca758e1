"""The wire of `/ingestion/changes`."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.web import QuerySchema, WholeNumber, WireDateTime


class ChangesQuery(QuerySchema):
    since = WholeNumber(
        load_default=None,
        validate=validate.Range(min=0),
        metadata={"description": "`next` of the page before; 0: from the beginning; absent: only where to begin"},
    )
    limit = WholeNumber(load_default=100, validate=validate.Range(min=1, max=1000))


class ChangeSchema(ma.Schema):
    id = fields.Integer(required=True)
    key = fields.String(required=True, metadata={"description": "the same when the event is told again"})
    kind = fields.String(required=True)
    dataset_id = fields.Integer(data_key="datasetId", allow_none=True)
    investigation_id = fields.Integer(data_key="investigationId", allow_none=True)
    at = WireDateTime(required=True)


class ChangesSchema(ma.Schema):
    changes = fields.List(fields.Nested(ChangeSchema), required=True, attribute="events")
    next = fields.Integer(required=True)
    more = fields.Boolean(required=True)
    reset = fields.Boolean(required=True)
