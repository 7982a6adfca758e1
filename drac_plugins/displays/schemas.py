"""The wire of `/displays`."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from displays.ranking_model import STATISTICS
from drac_plugins.core.web import Flag, QuerySchema, Text, WholeNumber

SHELLS = ("overall", "inner", "outer")

MOST_DATASETS = 5000


class Preferences(QuerySchema):
    """How this reader wants results to be ranked; absent: as the display says."""

    shell = Text(load_default=None, validate=validate.OneOf(SHELLS))
    statistic = Text(load_default=None, validate=validate.OneOf(tuple(STATISTICS)))
    symmetry = Text(load_default=None, validate=validate.OneOf(("ignore",)))


class ResolveQuery(Preferences):
    dataset_id = WholeNumber(required=True, data_key="datasetId", metadata={"description": "id of a dataset"})
    explain = Flag(load_default=False, metadata={"description": "why this display, and why no other"})
    view = Flag(load_default=False, metadata={"description": "the view model: everything needed to draw the dataset"})
    pinned = Text(load_default=None, metadata={"description": "id of a display chosen by hand"})


class ResolveMany(QuerySchema):
    dataset_ids = fields.List(
        fields.Integer(strict=True),
        required=True,
        data_key="datasetIds",
        validate=validate.Length(min=1, max=MOST_DATASETS),
    )


class DisplaySummary(ma.Schema):
    id = fields.String(required=True)
    version = fields.Integer(required=True)
    title = fields.String(required=True)
    selector = fields.Dict(required=True)


class DisplayReference(ma.Schema):
    id = fields.String(required=True)
    version = fields.Integer(required=True)
    title = fields.String(required=True)


class Resolution(ma.Schema):
    dataset_id = fields.Integer(required=True, data_key="datasetId")
    display = fields.Nested(DisplayReference, required=True)
    explain = fields.Dict()
    view = fields.Dict()


class ResolvedGroup(ma.Schema):
    display = fields.Nested(DisplayReference, required=True)
    dataset_ids = fields.List(fields.Integer(), required=True, data_key="datasetIds")
