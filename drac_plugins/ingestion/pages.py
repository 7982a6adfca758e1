"""The page `/portal/ingestion` for staff. It works without JavaScript; every address can be kept and shared."""

from __future__ import annotations

from typing import Any

import flask
from flask import Response, redirect, render_template, url_for
from marshmallow import validate
from werkzeug.wrappers import Response as AnyResponse

from drac_plugins.core.errors import Invalid
from drac_plugins.core.inbox import EDITABLE
from drac_plugins.core.people import Person
from drac_plugins.core.quarantine.aliases import KINDS
from drac_plugins.core.quarantine.service import Wanted
from drac_plugins.core.quarantine.words import CAUSES, cause
from drac_plugins.core.web import Blueprint, Caller, QuerySchema, Text, WholeNumber, services
from drac_plugins.ingestion import service
from drac_plugins.ingestion.policy import quarantine_of, require_operator
from drac_plugins.ingestion.schemas import STATES, Selection

blueprint = Blueprint("ingestion_pages", __name__, wire="page", url_prefix="/portal", template_folder="templates")
PAGE = 50


class Listing(Selection):
    page = WholeNumber(load_default=1, validate=validate.Range(min=1, max=100_000))


class Change(QuerySchema):
    """The form of one message: a field for each that can be changed, and an alias."""

    proposal, beamline, name, location = (Text(load_default="") for _ in range(4))
    start, end, sample = (Text(load_default="") for _ in range(3))
    investigation_id = Text(load_default="", data_key="investigationId")
    alias_kind = Text(load_default="", data_key="aliasKind", validate=validate.OneOf(("", *KINDS)))
    alias_meant = Text(load_default="", data_key="aliasMeant", validate=validate.Length(max=255))
    alias_spelling = Text(load_default="", data_key="aliasSpelling", validate=validate.Length(max=255))


class Forgotten(QuerySchema):
    kind = Text(required=True, validate=validate.OneOf(KINDS))
    spelling = Text(required=True)
    scope = Text(load_default="")


@blueprint.route("/ingestion")
@blueprint.page_caller()
@blueprint.arguments(Listing)
def overview(caller: Caller, query: dict[str, Any]) -> str | AnyResponse:
    """Quarantine, lag and rates"""
    if caller.kind == "anonymous":
        return redirect(url_for("portal.log_in", next=url_for("ingestion_pages.overview")))
    _operator(caller)
    quarantine = quarantine_of(services())
    found = quarantine.find(service.selected(query), limit=PAGE, offset=(query["page"] - 1) * PAGE)
    return render_template(
        "ingestion/overview.html",
        found=found,
        query=query,
        pages=max(1, -(-found.total // PAGE)),
        progress=quarantine.progress(),
        alarms=quarantine.alarms(),
        aliases=quarantine.aliases(),
        causes=CAUSES,
        states=STATES,
        said=flask.request.args.get("said", type=int),
    )


@blueprint.route("/ingestion/messages/<id:messageId>")
@blueprint.page_caller()
def message(caller: Caller, message_id: int) -> str | AnyResponse:
    """One message: the reason in words, its text, what can be changed"""
    if caller.kind == "anonymous":
        return redirect(url_for("portal.log_in", next=flask.request.path))
    _operator(caller)
    return _message(message_id)


@blueprint.route("/ingestion/messages/<id:messageId>", methods=["POST"])
@blueprint.page_caller()
@blueprint.arguments(Change, location="form")
def replay(caller: Caller, form: dict[str, Any], message_id: int) -> AnyResponse:
    """Change the message, remember the alias, send it again"""
    person = _operator(caller)
    quarantine = quarantine_of(services())
    entry = quarantine.inbox.show(message_id)
    try:
        if form["alias_meant"].strip():
            wanted = Wanted(form["alias_kind"], form["alias_meant"], form["alias_spelling"] or None)
            quarantine.teach(entry, wanted, person.name)
        changed = {name: form[_field(name)].strip() for name in EDITABLE}
        edits = {name: text for name, text in changed.items() if text != entry.edits.get(name, "")}
        quarantine.replay(service.selected({**Selection().load({}), "ids": (message_id,)}), edits)
    except Invalid as error:
        return Response(_message(message_id, fault=error.message, form=form), 400)
    return redirect(url_for("ingestion_pages.message", messageId=message_id), 303)


@blueprint.route("/ingestion/replay", methods=["POST"])
@blueprint.page_caller()
@blueprint.arguments(Selection, location="form")
def replay_all(caller: Caller, form: dict[str, Any]) -> AnyResponse:
    """Send everything again that the filter of the list selects"""
    _operator(caller)
    number = quarantine_of(services()).replay_everything(service.selected(form))
    return redirect(url_for("ingestion_pages.overview", said=number), 303)


@blueprint.route("/ingestion/aliases/forget", methods=["POST"])
@blueprint.page_caller()
@blueprint.arguments(Forgotten, location="form")
def forget(caller: Caller, form: dict[str, Any]) -> AnyResponse:
    """Forget a spelling"""
    _operator(caller)
    quarantine_of(services()).forget(form["kind"], form["spelling"], proposal=form["scope"])
    return redirect(url_for("ingestion_pages.overview") + "#aliases", 303)


def _operator(caller: Caller) -> Person:
    return require_operator(services(), caller.session)


def _field(name: str) -> str:
    return "investigation_id" if name == "investigationId" else name


def _message(message_id: int, *, fault: str | None = None, form: dict[str, Any] | None = None) -> str:
    shown = quarantine_of(services()).show(message_id)
    values = {name: form[_field(name)] if form else shown.entry.edits.get(name, "") for name in EDITABLE}
    return render_template(
        "ingestion/message.html",
        shown=shown,
        entry=shown.entry,
        cause=cause(shown.entry.reason),
        values=values,
        standing={name: getattr(shown.entry, name, None) for name in EDITABLE},
        kinds=KINDS,
        fault=fault,
    )
