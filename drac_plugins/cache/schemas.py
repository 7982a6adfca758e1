"""The wire of the cache."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from drac_plugins.core.reads.wire.schemas import InvestigationSchema


class NamedInvestigation(InvestigationSchema):
    """Only `id` and `name` are there."""


_BESIDES = tuple(name for name in InvestigationSchema().fields if name not in ("id", "name"))


class UserStorage(ma.Schema):
    username = fields.String(required=True)
    my_investigations = fields.List(fields.Nested(InvestigationSchema), data_key="myInvestigations", required=True)
    investigations = fields.List(fields.Nested(InvestigationSchema), required=True)
    investigations_id = fields.List(
        fields.Nested(NamedInvestigation(partial=_BESIDES)), data_key="investigationsId", required=True
    )


class Content(ma.Schema):
    """`value` is missing for what is kept for others."""

    key = fields.String(required=True)
    cache = fields.String(required=True)
    reason = fields.String(required=True)
    seconds = fields.Float(required=True, metadata={"description": "how long it is kept at most"})
    session_bytes = fields.Integer(data_key="sessionBytes", required=True, metadata={"description": "for a session"})
    sessions = fields.Integer(required=True, metadata={"description": "for so many sessions at most"})
    age = fields.Float(required=True, metadata={"description": "seconds"})
    size = fields.Integer(required=True, metadata={"description": "bytes, about"})
    question = fields.String(metadata={"description": "what was asked"})
    value = fields.Raw()


class CacheOfName(ma.Schema):
    name = fields.String(required=True)
    reason = fields.String(required=True)
    hits = fields.Integer(required=True)
    misses = fields.Integer(required=True)
    keys = fields.Integer(required=True)
    vsize = fields.Integer(required=True, attribute="values_size")


class Statistics(ma.Schema):
    """`ksize` and `vsize` are bytes, about."""

    hits = fields.Integer(required=True)
    misses = fields.Integer(required=True)
    keys = fields.Integer(required=True)
    ksize = fields.Integer(required=True, attribute="keys_size")
    vsize = fields.Integer(required=True, attribute="values_size")
    caches = fields.List(fields.Nested(CacheOfName), required=True)
