"""Route of the group Catalogue that ends or prolongs an embargo."""

from __future__ import annotations

from flask import Response
from marshmallow import fields, validate

from drac_plugins.catalogue.release_service import set_release_date
from drac_plugins.catalogue.routes import blueprint, view_of
from drac_plugins.core.reads.wire.arguments import Query
from drac_plugins.core.web import Caller, Day, QuerySchema, services, text_reply


class NewReleaseDate(QuerySchema):
    release_date = Day(data_key="releaseDate", required=True, metadata={"description": "YYYY-MM-DD"})
    message = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=10_000))


@blueprint.route("/catalogue/investigations/<id:investigationId>/release-date", methods=["POST"])
@blueprint.bearer()
@blueprint.arguments(NewReleaseDate, location="json")
@blueprint.response(200)
def release_date(caller: Caller, body: Query, investigation_id: int) -> Response:
    """Set the end of the embargo; administrators"""
    set_release_date(services(), view_of(caller), investigation_id, body["release_date"], body["message"] or "")
    return text_reply("")
