"""The wire of files that belong to samples, and of single files of datasets."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.reads.wire.arguments import Identifier, Line
from drac_plugins.core.web import QuerySchema, Text, WholeNumber


class SampleFilesQuery(QuerySchema):
    investigation_id = Identifier("investigationId", "files of all samples of this investigation")
    sample_id = Identifier("sampleId", "files of this sample")
    group_name = Line("groupName", "files of this group alone")


class SampleFileQuery(QuerySchema):
    sample_id = Identifier("sampleId", "sample identifier", required=True)
    resource_id = Text(data_key="resourceId", required=True, validate=validate.Length(max=64))


class UploadQuery(QuerySchema):
    sample_id = Identifier("sampleId", "sample identifier", required=True)


class UploadFacts(QuerySchema):
    file_type = Text(data_key="fileType", required=True, validate=validate.Length(min=1, max=64))
    group_name = Text(data_key="groupName", load_default=None, validate=validate.Length(max=255))
    multiplicity = WholeNumber(load_default=None, validate=validate.Range(min=0, max=1_000_000))


class DatafileDownloadQuery(QuerySchema):
    filepath = Line("filepath", "path of the file, exactly as the catalogue has it")
    dataset_id = Identifier("datasetId", "its dataset", required=True)
    investigation_id = Identifier("investigationId", "its investigation", required=True)


class _Resource(ma.Schema):
    id = fields.String(data_key="_id", required=True)
    filename = fields.String(required=True)
    file_type = fields.String(data_key="fileType")
    group_name = fields.String(data_key="groupName")
    multiplicity = fields.Integer()
    file = fields.String(metadata={"description": "the filename once more"})

    @ma.post_dump
    def _only_what_is_there(self, resource: dict[str, object], **_: object) -> dict[str, object]:
        return {name: value for name, value in resource.items() if value is not None}


class SampleInformation(ma.Schema):
    id = fields.String(data_key="_id", required=True)
    investigation_id = fields.Integer(data_key="investigationId", required=True)
    sample_id = fields.Integer(data_key="sampleId", required=True)
    resources = fields.List(fields.Nested(_Resource))
