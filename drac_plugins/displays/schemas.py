"""The wire of `/displays`."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from displays.ranking_model import STATISTICS
from drac_plugins.core.web import Flag, QuerySchema, Text, WholeNumber

SHELLS = ("overall", "inner", "outer")

MOST_DATASETS = 5000
MOST_ROWS = 1000
ANY_TYPE = "any"
MOST_DOCUMENTS = 20
MOST_CHARACTERS = 200_000


class Preferences(QuerySchema):
    """How this reader wants results to be ranked; absent: as the display says."""

    shell = Text(load_default=None, validate=validate.OneOf(SHELLS))
    statistic = Text(load_default=None, validate=validate.OneOf(tuple(STATISTICS)))
    symmetry = Text(load_default=None, validate=validate.OneOf(("ignore",)))


class ResolveQuery(Preferences):
    dataset_id = WholeNumber(required=True, data_key="datasetId", metadata={"description": "id of a dataset"})
    explain = Flag(load_default=False, metadata={"description": "why this display, and why no other"})
    view = Flag(load_default=False, metadata={"description": "the view model: everything needed to draw the dataset"})
    parameters = Flag(load_default=False, metadata={"description": "all parameters in groups, with definitions"})
    pinned = Text(load_default=None, metadata={"description": "id of a display chosen by hand"})


class ScaleEnds(ma.Schema):
    worst = fields.Float(required=True, allow_nan=False)
    best = fields.Float(required=True, allow_nan=False)


class ListQuery(Preferences):
    investigation_id = WholeNumber(required=True, data_key="investigationId")
    dataset_type = Text(
        load_default="acquisition",
        data_key="datasetType",
        metadata={"description": f"acquisition, processed, or {ANY_TYPE} for all"},
    )
    limit = WholeNumber(load_default=100, validate=validate.Range(min=1, max=MOST_ROWS))
    skip = WholeNumber(load_default=0, validate=validate.Range(min=0))
    pinned = Text(load_default=None, metadata={"description": "id of a display chosen by hand"})


class ListMany(Preferences):
    """As ListQuery for datasets named one by one; `ends` are those of colour scales that the reader moved."""

    dataset_ids = fields.List(
        fields.Integer(strict=True),
        required=True,
        data_key="datasetIds",
        validate=validate.Length(min=1, max=MOST_ROWS),
    )
    pinned = Text(load_default=None)
    ends = fields.Dict(keys=fields.String(), values=fields.Nested(ScaleEnds), load_default=dict)


class WrittenDocument(QuerySchema):
    source = fields.String(load_default="document.yaml", validate=validate.Length(min=1, max=200))
    text = fields.String(required=True, validate=validate.Length(max=MOST_CHARACTERS))


class LintRequest(QuerySchema):
    documents = fields.List(
        fields.Nested(WrittenDocument), required=True, validate=validate.Length(min=1, max=MOST_DOCUMENTS)
    )


class LintFinding(ma.Schema):
    source = fields.String(required=True)
    line = fields.Integer(required=True)
    severity = fields.String(required=True)
    text = fields.String(required=True)


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
    parameters = fields.List(fields.Dict())


class DisplayedList(ma.Schema):
    display = fields.Nested(DisplayReference, required=True)
    list = fields.Dict(required=True)
    plots = fields.List(fields.Dict(), required=True)


class DisplayedLists(ma.Schema):
    total = fields.Integer(required=True)
    limit = fields.Integer(allow_none=True)
    skip = fields.Integer(required=True)
    groups = fields.List(fields.Nested(DisplayedList), required=True)


class ResolvedGroup(ma.Schema):
    display = fields.Nested(DisplayReference, required=True)
    dataset_ids = fields.List(fields.Integer(), required=True, data_key="datasetIds")
