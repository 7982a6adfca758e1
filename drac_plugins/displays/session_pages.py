"""The page of one session, and the columns that a visitor wants to see on it."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, render_template, request
from marshmallow import validate

from displays.document import Display
from displays.ranking_model import STATISTICS
from drac_plugins.core import preferences
from drac_plugins.core.errors import NotFound
from drac_plugins.core.web import Caller, QuerySchema, Text, WholeNumber, services
from drac_plugins.displays import column_choice, session_tree
from drac_plugins.displays.addresses import own_address
from drac_plugins.displays.column_choice import ColumnChoice
from drac_plugins.displays.pages import blueprint, view_of
from drac_plugins.displays.routes import library, reader
from drac_plugins.displays.schemas import SHELLS, Preferences
from drac_plugins.displays.session_tree import Wanted

KINDS = {"raw": "Raw data and their results", "processed": "Results"}
ORDERS = {"oldest": "oldest first", "newest": "newest first"}


class OnePage(Preferences):
    q = Text(load_default=None, validate=validate.Length(max=200))
    page = WholeNumber(load_default=1, validate=validate.Range(min=1, max=100_000))
    show = Text(load_default="raw", validate=validate.OneOf(tuple(KINDS)))
    order = Text(load_default="oldest", validate=validate.OneOf(tuple(ORDERS)))


class ColumnForm(QuerySchema):
    added = Text(load_default="", validate=validate.Length(max=6000))
    back = Text(load_default="", validate=validate.Length(max=2000))
    reset = Text(load_default=None)


@blueprint.route("/investigations/<id:investigationId>")
@blueprint.page_caller()
@blueprint.arguments(OnePage)
def investigation(caller: Caller, query: dict[str, Any], investigation_id: int) -> str:
    """One session: raw and processed data together, each under its display"""
    choices = _choices(caller)

    def columns(display: Display) -> ColumnChoice:
        return column_choice.read(choices, display.id)

    wanted = Wanted(query["show"], query["q"], query["order"] == "newest", query["page"])
    whom = reader(caller, query)
    page = session_tree.session_page(view_of(caller), library(), whom, investigation_id, wanted, columns)
    kept = {shown.own.id: columns(shown.own) for shown in page.shown}
    return render_template(
        "portal/investigation.html",
        page=page,
        query=query,
        settings=whom.settings,
        shells=SHELLS,
        statistics=STATISTICS,
        kinds=KINDS,
        orders=ORDERS,
        choices=kept,
        offers={shown.own.id: column_choice.offers(shown.own, kept[shown.own.id]) for shown in page.shown},
    )


@blueprint.route("/columns/<displayId>", methods=["POST"])
@blueprint.page_caller()
@blueprint.arguments(ColumnForm, location="form")
def choose_columns(caller: Caller, form: dict[str, Any], display_id: str) -> Response:
    """Keep which columns the visitor wants to see of a display"""
    display = library().get(display_id)
    if display is None or caller.kind != "person":
        raise NotFound("There is no such display, or you are not logged in; log in to keep your choice of columns")
    choice = column_choice.NOTHING_CHOSEN
    if form["reset"] is None:
        choice = column_choice.from_form(display, request.form.getlist("show"), form["added"])
    changed = column_choice.write(_choices(caller), display_id, choice)
    preferences.change(services(), caller.session, {preferences.COLUMNS: changed})
    return redirect(own_address(form["back"]), 303)  # type: ignore[return-value]


def _choices(caller: Caller) -> dict[str, Any]:
    if caller.kind != "person":
        return {}
    found = preferences.preferences(services(), caller.session).get(preferences.COLUMNS)
    return found if isinstance(found, dict) else {}
