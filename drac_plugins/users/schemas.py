"""The wire of preferences: checked strictly, since clients refuse a whole document for one wrong type. The documents
keep the names of the wire inside as well: nothing here reads them, they only travel."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from drac_plugins.core.web import QuerySchema

MAX_ENTRIES = 10_000
MAX_TEXT = 2_000
STATISTICS = (
    "completeness",
    "resolution_limit_low",
    "resolution_limit_high",
    "r_meas_all_IPlus_IMinus",
    "mean_I_over_sigI",
    "cc_half",
    "cc_ano",
)
"""Statistics of a shell that may have a cut-off."""


class Number(fields.Field[float]):
    """A JSON number; whole ones stay whole. Texts, true and what is not finite are refused."""

    default_error_messages = {"invalid": "expected a number"}  # noqa: RUF012 - declared so by marshmallow

    def _serialize(self, value: float | None, attr: str | None, obj: Any, **kwargs: Any) -> float | None:  # noqa: ARG002
        return value

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:  # noqa: ARG002
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
            raise self.make_error("invalid")
        return value


class Truth(fields.Boolean):
    """`true` or `false` as JSON has them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:  # noqa: ARG002
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def _text(*, required: bool = False) -> fields.String:
    return fields.String(required=required, allow_none=not required, validate=validate.Length(max=MAX_TEXT))


def _number() -> Number:
    return Number(allow_none=True)


def _list(entry: fields.Field[Any], *, required: bool = False) -> fields.List[Any]:
    length = validate.Length(max=MAX_ENTRIES)
    return fields.List(entry, required=required, allow_none=not required, validate=length)


def _part(name: str, **parts: fields.Field[Any]) -> type[ma.Schema]:
    return QuerySchema.from_dict(parts, name=name)


def _nested(schema: type[ma.Schema], *, required: bool = False) -> fields.Nested:
    return fields.Nested(schema, required=required, allow_none=not required)


Shells = _part("Mxshell", inner=_number(), outer=_number(), overall=_number())
Cutoffs = _part("Mxcutoffs", **{name: _nested(Shells) for name in STATISTICS})
MxSettings = _part(
    "Mxsettings",
    autoProcessingRankingShell=_text(required=True),
    autoProcessingRankingParameter=_text(required=True),
    autoProcessingRankingDisableSpaceGroup=Truth(allow_none=True),
    scanTypeFilters=_list(_text(required=True), required=True),
    cutoffs=_nested(Cutoffs, required=True),
)
Target = _part(
    "Target",
    instrumentName=_text(),
    investigationName=_text(),
    investigationStartDate=_text(),
    investigationEndDate=_text(),
)
RecentlyVisited = _part(
    "RecentlyVisited", url=_text(required=True), label=_text(required=True), target=_nested(Target, required=True)
)
Preferences = _part(
    "Userpreferences",
    selection=_nested(_part("UserpreferencesSelection", datasetIds=_list(Number()), sampleIds=_list(Number()))),
    logbookFilters=_nested(_part("LogbookFilters", sortBy=_text(), sortOrder=_number(), types=_text())),
    recentlyVisited=_list(_nested(RecentlyVisited, required=True)),
    mxsettings=_nested(MxSettings),
    isGroupedBySample=Truth(allow_none=True),
    pagination=_list(_nested(_part("PaginationInner", key=_text(), value=_number()), required=True)),
)
"""What a PUT may change; each part replaces the one that was there."""

PreferencesReply = QuerySchema.from_dict(
    {"_id": fields.String(), "username": fields.String(required=True), **Preferences().fields},
    name="UserpreferencesReply",
)
