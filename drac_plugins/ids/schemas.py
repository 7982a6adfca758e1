"""The wire of `/ids`."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.reads.wire.arguments import Identifiers
from drac_plugins.core.web import Flag, QuerySchema, facility_zone


class SelectionQuery(QuerySchema):
    dataset_ids = Identifiers("datasetIds", "dataset identifiers, comma-separated")
    datafile_ids = Identifiers("datafileIds", "datafile identifiers, comma-separated")


class DownloadQuery(SelectionQuery):
    inline = Flag(metadata={"description": "true: to be shown in the browser instead of saved"})


class DatasetsQuery(QuerySchema):
    dataset_ids = Identifiers("datasetIds", "dataset identifiers, comma-separated")


class PathQuery(SelectionQuery):
    is_online = Flag(data_key="isonline", metadata={"description": "true: only what is on disk now"})


class Requester(QuerySchema):
    """Who is to be told; needed from anonymous callers only."""

    name = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=255))
    email = fields.Email(load_default=None, allow_none=True, validate=validate.Length(max=320))


class RestoreQuery(QuerySchema):
    dataset_id = Identifiers("datasetId", "dataset identifier")


class RestoreResult(QuerySchema):
    level = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=16))
    message = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=10_000))


class DatasetAccess(ma.Schema):
    id = fields.String(data_key="_id")
    name = fields.String(required=True)
    dataset_id = fields.Integer(required=True, data_key="datasetId")
    level = fields.String()
    type = fields.Constant("RESTORE")
    created = fields.Function(
        lambda access: access.created.astimezone(facility_zone()).date().isoformat(),
        data_key="creationDate",
        metadata={"type": "string", "format": "date"},
    )
