"""The wire of messages."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.web import QuerySchema, Text

MAX_TEXT = 10_000


class MessageQuery(QuerySchema):
    type = Text(load_default=None, metadata={"description": "only messages of this type: INFORMATION"})


class NewMessage(QuerySchema):
    """`message` may be empty: then nothing is shown. The type is that of the route, whatever the body says."""

    message = fields.String(load_default="", allow_none=True, validate=validate.Length(max=MAX_TEXT))


class PortalMessage(ma.Schema):
    id = fields.String(data_key="_id")
    type = fields.String(required=True)
    message = fields.String()
