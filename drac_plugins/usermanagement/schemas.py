"""The wire of scientists of instruments. Identifiers are texts here, as the contract declares them."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from drac_plugins.core.web import Ids, QuerySchema, Text, WireDateTime, Words


class ScientistQuery(QuerySchema):
    instrument_name = Text(data_key="instrumentName", load_default=None)


class NewScientists(QuerySchema):
    usernames = Words(metadata={"description": "ICAT user names with commas between"})
    instrument_names = Words(data_key="instrumentnames", metadata={"description": "names with commas between"})


class FormerScientists(QuerySchema):
    usernames = Words(metadata={"description": "all entries of these users"})
    ids = Ids(data_key="instrumentscientistsid", metadata={"description": "these entries"})


class ScientistUser(ma.Schema):
    name = fields.String(required=True)
    full_name = fields.String(data_key="fullName")


class ScientistInstrument(ma.Schema):
    name = fields.String(required=True)
    description = fields.String()


class Modification(ma.Schema):
    time = WireDateTime()
    user = fields.Nested(ScientistUser)


class _Entry(ma.Schema):
    user = fields.Nested(ScientistUser)
    instrument = fields.Nested(ScientistInstrument)
    create_id = fields.String(data_key="createId")
    mod_id = fields.String(data_key="modId")
    mod = fields.Nested(Modification)


class InstrumentScientist(_Entry):
    id = fields.String()


class ScientistOfUser(_Entry):
    """The contract declares datafiles here by mistake; their `id` is a number."""

    id = fields.Integer()
