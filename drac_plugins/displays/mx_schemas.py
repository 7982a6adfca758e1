"""The wire of MX sessions, for pages and for `/displays/mx`."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from displays.ranking import SHELLS
from displays.ranking_model import STATISTICS
from drac_plugins.core.web import QuerySchema, Text, WholeNumber, Words
from drac_plugins.displays.mx_service import ACTIONS_PER_PAGE, HAS, ORDERS

MOST_PER_PAGE = 100
_NAMES = validate.Length(max=50)


class MxChoice(QuerySchema):
    """How results are ranked for this one look; absent: as the reader's preferences and the display say."""

    shell = Text(load_default=None, validate=validate.OneOf(SHELLS))
    statistic = Text(load_default=None, validate=validate.OneOf(tuple(STATISTICS)))
    symmetry = Text(load_default=None, validate=validate.OneOf(("first", "ignore")))
    cutoffs = Text(load_default=None, validate=validate.OneOf(("off",)))
    pipelines = Text(load_default=None, validate=validate.OneOf(("all",)))


class MxListing(MxChoice):
    """Which actions of a session; `types` absent: as the preferences say."""

    sample = Text(load_default=None, validate=validate.Length(max=200))
    target = Text(load_default=None, validate=validate.Length(max=200))
    container = Text(load_default=None, validate=validate.Length(max=200))
    types = Words(validate=_NAMES)
    has = Words(validate=[_NAMES, validate.ContainsOnly(tuple(HAS))])
    order = Text(load_default="newest", validate=validate.OneOf(tuple(ORDERS)))
    page = WholeNumber(load_default=1, validate=validate.Range(min=1, max=100_000))


class MxActions(MxListing):
    investigation_id = WholeNumber(required=True, data_key="investigationId")
    limit = WholeNumber(load_default=ACTIONS_PER_PAGE, validate=validate.Range(min=1, max=MOST_PER_PAGE))


class MxSession(MxChoice):
    investigation_id = WholeNumber(required=True, data_key="investigationId")


class MxSummaryPage(MxChoice):
    by = Text(load_default="container", validate=validate.OneOf(("container", "target")))


class _Head(ma.Schema):
    investigation_id = fields.Integer(required=True, data_key="investigationId")
    display_id = fields.String(allow_none=True, data_key="displayId")
    ranked_by = fields.Dict(data_key="rankedBy", metadata={"description": "shell, statistic, label, direction"})
    scale = fields.Dict(allow_none=True)


class MxActionsReply(_Head):
    offered = fields.Dict()
    counters = fields.Dict()
    best = fields.Dict(allow_none=True)
    page = fields.Dict()
    actions = fields.List(fields.Dict())


class MxActionReply(_Head):
    action = fields.Dict()


class MxSummaryReply(_Head):
    summary = fields.Dict()
