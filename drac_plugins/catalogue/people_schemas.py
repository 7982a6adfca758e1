"""The wire of users: of those who take part, and of those who could. The contract spells `affilation` so."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.reads.wire.arguments import AnyCase
from drac_plugins.core.web import Flag, QuerySchema


class InstrumentFilterQuery(QuerySchema):
    scope = AnyCase("filter", ("participant", "instrumentscientist"), "of sessions with the caller, or as scientist")


class UserListQuery(QuerySchema):
    only_latest = Flag(
        data_key="onlyLatestAffiliation", metadata={"description": "true: the newest user of each person alone"}
    )


class UserName(QuerySchema):
    name = fields.String(
        required=True, validate=validate.Length(min=1, max=255), metadata={"description": "ICAT user name"}
    )


class UserSchema(ma.Schema):
    id = fields.Integer(strict=True)
    name = fields.String()
    full_name = fields.String(data_key="fullName", allow_none=True)
    given_name = fields.String(data_key="givenName", allow_none=True)
    family_name = fields.String(data_key="familyName", allow_none=True)
    email = fields.String(allow_none=True)
    orcid = fields.String(allow_none=True)
    affiliation = fields.String(data_key="affilation", allow_none=True)
