"""Routes below `/displays/mx`: MX sessions as view models, so that another front end can draw the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from displays.mx_scales import Choice, ScaleView
from displays.view_model import as_json
from drac_plugins.core.reads.records import InvestigationRecord
from drac_plugins.core.reads.view import View
from drac_plugins.core.web import Blueprint, Caller, facility_zone, json_reply
from drac_plugins.displays import mx_service
from drac_plugins.displays.mx_pages import filters_of, reader_for
from drac_plugins.displays.mx_schemas import (
    MxActionReply,
    MxActions,
    MxActionsReply,
    MxChoice,
    MxSession,
    MxSummaryReply,
)
from drac_plugins.displays.routes import library

blueprint = Blueprint("Displays-MX", __name__, wire="problem", description="MX sessions as they are shown")


@blueprint.route("/displays/mx/actions")
@blueprint.bearer_or_cookie()
@blueprint.arguments(MxActions)
@blueprint.response(200, MxActionsReply)
def actions(caller: Caller, query: dict[str, Any]) -> Response:
    """Actions of an MX session: workflows and bundles of raw datasets, with states of pipelines, statistics of the best
    result and the reasons for it"""
    view, known = View(caller.session, facility_zone()), library()
    reader = reader_for(caller, query)
    filters = filters_of(query, reader)
    found = mx_service.action_list(
        view, known, reader, query["investigation_id"], filters, query["page"], limit=query["limit"]
    )
    page = {"total": found.page.total, "totalPages": found.page.total_pages, "currentPage": found.page.current_page}
    body = {
        **_head(found.investigation, found.display_id, found.choice, found.scale),
        "offered": as_json(found.offered),
        "counters": as_json(found.counters),
        "best": as_json(found.best),
        "page": page,
        "actions": as_json(found.page.items),
    }
    return json_reply(body)


@blueprint.route("/displays/mx/actions/<id:datasetId>")
@blueprint.bearer_or_cookie()
@blueprint.arguments(MxChoice)
@blueprint.response(200, MxActionReply)
def action(caller: Caller, query: dict[str, Any], dataset_id: int) -> Response:
    """The action that a raw dataset is part of, with the statistics of all results and what would win if"""
    view = View(caller.session, facility_zone())
    session = mx_service.investigation_of(view, dataset_id)
    found = mx_service.action(view, library(), reader_for(caller, query), session, dataset_id)
    head = _head(found.investigation, found.display_id, found.choice, found.scale)
    return json_reply({**head, "action": as_json(found.view)})


@blueprint.route("/displays/mx/summary")
@blueprint.bearer_or_cookie()
@blueprint.arguments(MxSession)
@blueprint.response(200, MxSummaryReply)
def summary(caller: Caller, query: dict[str, Any]) -> Response:
    """An MX session at a glance, by sample container and by target"""
    view = View(caller.session, facility_zone())
    found = mx_service.session_summary(view, library(), reader_for(caller, query), query["investigation_id"])
    head = _head(found.investigation, found.display_id, found.choice, found.scale)
    return json_reply({**head, "summary": as_json(found.summary)})


def _head(
    investigation: InvestigationRecord, display_id: str | None, choice: Choice | None, scale: ScaleView | None
) -> Mapping[str, Any]:
    ranked_by = (
        {
            "shell": choice.shell,
            "statistic": choice.statistic,
            "label": choice.label,
            "direction": choice.direction,
            "parameter": choice.param,
        }
        if choice is not None
        else {}
    )
    return {
        "investigationId": investigation.id,
        "displayId": display_id,
        "rankedBy": ranked_by,
        "scale": as_json(scale),
    }
