"""The pages of MX sessions below `/portal`: actions, one action, the summary, and what their forms change."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import flask
from flask import Response, render_template

from displays.ranking import SHELLS
from displays.ranking_model import STATISTICS
from displays.reader import Reader
from drac_plugins.core.reads.view import View
from drac_plugins.core.web import Blueprint, Caller, facility_zone
from drac_plugins.displays import mx_forms, mx_service, mx_settings
from drac_plugins.displays.addresses import own_address
from drac_plugins.displays.mx_schemas import MxChoice, MxListing, MxSummaryPage
from drac_plugins.displays.routes import library, reader_who_chose

blueprint = Blueprint("mx", __name__, wire="page", url_prefix="/portal")

LIMITED = {
    "completeness": ("Completeness", "at least", "%"),
    "resolution_limit_high": ("Resolution, high", "at most", "Å"),
    "resolution_limit_low": ("Resolution, low", "at least", "Å"),
    "r_meas_all_IPlus_IMinus": ("Rmeas", "at most", "%"),
    "mean_I_over_sigI": ("I/sigma", "at least", ""),
    "cc_half": ("CC half", "at least", ""),
    "cc_ano": ("CC ano", "at least", "%"),
}
"""Label, meaning and unit of cut-offs, in the order of the form."""
STATES = {
    "not_analysed": "not analysed",
    "analysed": "analysed",
    "collected": "collected",
}


def reader_for(caller: Caller, query: dict[str, Any]) -> Reader:
    """For whom an MX page is made: what they remembered, with what the query says in its place."""
    return reader_who_chose(caller, mx_forms.choice_of(query))


def filters_of(query: dict[str, Any], reader: Reader) -> mx_service.Filters:
    """The filters of a query; scan types are those remembered if it names none, all if it says `all`."""
    remembered = tuple(str(one) for one in reader.settings.get(mx_settings.SCAN_TYPES) or ())
    types = tuple(query["types"]) or remembered
    return mx_service.Filters(
        sample=query["sample"],
        target=query["target"],
        container=query["container"],
        scan_types=() if types == ("all",) else types,
        has=tuple(query["has"]),
        order=query["order"],
    )


@blueprint.route("/investigations/<id:investigationId>/mx")
@blueprint.page_caller()
@blueprint.arguments(MxListing)
def actions(caller: Caller, query: dict[str, Any], investigation_id: int) -> str:
    """The actions of an MX session, each with its best result"""
    reader = reader_for(caller, query)
    filters = filters_of(query, reader)
    moved = mx_forms.moved_scales(investigation_id)
    found = mx_service.action_list(_view(caller), library(), reader, investigation_id, filters, query["page"], moved)
    return _page("portal/mx_list.html", reader, found=found, filters=filters, query=query)


@blueprint.route("/investigations/<id:investigationId>/mx/actions/<id:datasetId>")
@blueprint.page_caller()
@blueprint.arguments(MxChoice)
def action(caller: Caller, query: dict[str, Any], investigation_id: int, dataset_id: int) -> str:
    """One action: why its best result is the best, all results, phasing, characterisation"""
    reader = reader_for(caller, query)
    moved = mx_forms.moved_scales(investigation_id)
    found = mx_service.action(_view(caller), library(), reader, investigation_id, dataset_id, moved)
    return _page("portal/mx_action.html", reader, found=found, query=query)


@blueprint.route("/investigations/<id:investigationId>/mx/summary")
@blueprint.page_caller()
@blueprint.arguments(MxSummaryPage)
def summary(caller: Caller, query: dict[str, Any], investigation_id: int) -> str:
    """An MX session at a glance, by sample container or by target"""
    reader = reader_for(caller, query)
    moved = mx_forms.moved_scales(investigation_id)
    found = mx_service.session_summary(_view(caller), library(), reader, investigation_id, moved)
    return _page("portal/mx_summary.html", reader, found=found, query=query)


@blueprint.route("/mx/settings", methods=["POST"])
@blueprint.page_caller()
def settings(caller: Caller) -> Response:
    """Remember how results are ranked"""
    form = flask.request.form
    if form.get("reset"):
        mx_settings.forget(caller)
    else:
        mx_settings.remember(caller, mx_forms.settings_of(form))
    return _back(form.get("next", ""))


@blueprint.route("/investigations/<id:investigationId>/mx/scale", methods=["POST"])
@blueprint.page_caller()
def scale(_caller: Caller, investigation_id: int) -> Response:
    """Move the ends of the colour scale, or put them back"""
    form = flask.request.form
    mx_forms.move_scale(investigation_id, form)
    return _back(form.get("next", ""))


def _page(template: str, reader: Reader, **values: Any) -> str:
    return render_template(
        template,
        settings=reader.settings,
        shells=SHELLS,
        statistics=STATISTICS,
        limited=LIMITED,
        orders=mx_service.ORDERS,
        has=mx_service.HAS,
        states=STATES,
        here=_here(),
        look_at=lambda changes: urlencode(mx_forms.query_of(changes)),
        form_of=mx_forms.query_of,
        **values,
    )


def _here() -> str:
    """The address of this page without what it was asked to rank by for one look."""
    kept = [(key, value) for key, value in flask.request.args.items(multi=True) if key not in MxChoice().fields]
    return flask.request.path + (f"?{urlencode(kept)}" if kept else "")


def _back(wanted: str) -> Response:
    return Response(status=303, headers={"Location": own_address(wanted)})


def _view(caller: Caller) -> View:
    return View(caller.session, facility_zone())
