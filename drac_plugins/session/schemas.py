"""The wire of `/session`: what both generations of clients read. Every key is always there."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from drac_plugins.core.web import QuerySchema, Text, WireDateTime


class Credentials(QuerySchema):
    """Log-in. Single sign-on sends no user name: the password is its token."""

    plugin = Text(load_default="", allow_none=True, metadata={"description": "ICAT authenticator; default: a setting"})
    username = Text(load_default="", allow_none=True)
    password = Text(load_default="", allow_none=True)
    username_suffix = Text(
        data_key="usernameSuffix", load_default="", allow_none=True, metadata={"description": "one of several accounts"}
    )


def _nothing(data_key: str) -> fields.Constant[tuple[()]]:
    """A list that clients index but nobody fills."""
    return fields.Constant((), data_key=data_key, metadata={"type": "array", "items": {}})


class UserByPrefix(ma.Schema):
    id = fields.Integer()
    name = fields.String()
    full_name = fields.String(data_key="fullName")
    given_name = fields.String(data_key="givenName")
    family_name = fields.String(data_key="familyName")
    email = fields.String()
    affiliation = fields.String()
    create_id = fields.String(data_key="createId")
    create_time = WireDateTime(data_key="createTime")
    mod_id = fields.String(data_key="modId")
    mod_time = WireDateTime(data_key="modTime")
    data_publication_users = _nothing("dataPublicationUsers")
    instrument_scientists = _nothing("instrumentScientists")
    investigation_users = _nothing("investigationUsers")
    studies = _nothing("studies")
    user_groups = _nothing("userGroups")


class Session(ma.Schema):
    """`name` is the ICAT user name, `username` the login in it; `life_time_minutes` what remains."""

    session_id = fields.String(data_key="sessionId")
    username = fields.String()
    name = fields.String()
    full_name = fields.String(data_key="fullName")
    life_time_minutes = fields.Float(data_key="lifeTimeMinutes")
    expiration_time = WireDateTime(data_key="expirationTime")
    is_administrator = fields.Boolean(data_key="isAdministrator")
    is_instrument_scientist = fields.Boolean(data_key="isInstrumentScientist")
    is_minter = fields.Boolean(data_key="isMinter")
    is_beta_tester = fields.Boolean(data_key="isBetaTester")
    users_by_prefix = fields.List(fields.Nested(UserByPrefix), data_key="usersByPrefix")


class SessionInformation(ma.Schema):
    """The same facts twice: some at top level, all under `user`."""

    remaining_minutes = fields.Float(data_key="remainingMinutes", attribute="life_time_minutes")
    user_name = fields.String(data_key="userName", attribute="name")
    full_name = fields.String(data_key="fullName")
    email = fields.String()
    affiliation = fields.String()
    user = fields.Nested(Session, attribute="itself")
