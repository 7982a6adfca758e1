"""The wire of `/resource`."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.reads.wire.arguments import Identifier, Line
from drac_plugins.core.web import QuerySchema, Text, WireDateTime

_RESOURCE_ID = validate.Regexp(r"^[0-9a-f]{24}$", error="expected 24 hexadecimal digits")


class ResourceQuery(QuerySchema):
    resource_id = Text(data_key="resourceId", required=True, validate=_RESOURCE_ID)


class PlaceQuery(QuerySchema):
    investigation_id = Identifier("investigationId", "the investigation whose logbook it is for")
    instrument_name = Line("instrumentName", "or the instrument")


_TYPES = ("attachment", "annotation", "notification")


class Facts(QuerySchema):
    """What is said of the file, beside it in the form."""

    type = fields.String(load_default="attachment", validate=validate.OneOf(_TYPES))
    category = fields.String(load_default="file", validate=validate.Length(max=32))
    software = Text(load_default=None, validate=validate.Length(max=255))
    machine = Text(load_default=None, validate=validate.Length(max=255))
    title = Text(load_default=None, validate=validate.Length(max=1000))
    creation_date = WireDateTime(data_key="creationDate", load_default=None)


class AttachmentEvent(ma.Schema):
    """The event that a logbook shows for the file."""

    id = fields.String(data_key="_id")
    investigation_id = fields.Integer(data_key="investigationId")
    instrument_name = fields.String(data_key="instrumentName")
    type = fields.String(required=True)
    category = fields.String(required=True)
    title = fields.String()
    filename = fields.String()
    file_size = fields.Integer(data_key="fileSize")
    content_type = fields.String(data_key="contentType")
    file = fields.List(fields.String())
    username = fields.String()
    software = fields.String()
    machine = fields.String()
    creation_date = WireDateTime(data_key="creationDate")

    @ma.post_dump
    def _only_what_is_there(self, event: dict[str, object], **_: object) -> dict[str, object]:
        return {name: value for name, value in event.items() if value is not None}
