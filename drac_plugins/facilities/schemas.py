"""The wire of facilities."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields


class Ontology(ma.Schema):
    name = fields.String(required=True)
    uri = fields.String(required=True)
    applies_to = fields.List(fields.String(), data_key="appliesTo")


class Facility(ma.Schema):
    name = fields.String(required=True)
    full_name = fields.String(data_key="fullName", allow_none=True)
    url = fields.String(allow_none=True)
    description = fields.String(allow_none=True)
    ontologies = fields.List(fields.Nested(Ontology))
