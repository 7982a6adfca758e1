"""Routes of the group DMP of ICAT+."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import marshmallow as ma
from marshmallow import fields

from drac_plugins.core.web import Blueprint, Caller, QuerySchema, Text, WholeNumber, services
from drac_plugins.dmp import service

blueprint = Blueprint("DMP", __name__, description="Data management plans")


class QuestionnaireQuery(QuerySchema):
    investigation_id = WholeNumber(data_key="investigationId", required=True)
    investigation_name = Text(data_key="investigationName", required=True)


class Questionnaire(ma.Schema):
    uuid = fields.String(required=True)


@blueprint.route("/dmp/<sessionId>/questionnaires")
@blueprint.session_in_path()
@blueprint.arguments(QuestionnaireQuery)
@blueprint.response(200, Questionnaire(many=True))
def questionnaires(caller: Caller, query: dict[str, Any]) -> Sequence[dict[str, str]]:
    """Questionnaires of an investigation"""
    return service.questionnaires(services(), caller.session, query["investigation_id"], query["investigation_name"])
