"""The pages below `/portal`. They work without JavaScript; every address can be kept and shared."""

from __future__ import annotations

import contextlib
from typing import Any

import flask
from flask import Response, redirect, render_template, url_for
from marshmallow import validate

from displays.ranking_model import STATISTICS
from drac_plugins.core import resources
from drac_plugins.core.errors import BadCredentials, NotFound
from drac_plugins.core.reads import datasets
from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.view import View
from drac_plugins.core.signin.log_in import Offer
from drac_plugins.core.signin.log_in import log_in as signing_in
from drac_plugins.core.web import (
    Blueprint,
    Caller,
    QuerySchema,
    Text,
    WholeNumber,
    client_address,
    facility_zone,
    services,
    sign_in,
    sign_out,
    stored_file,
)
from drac_plugins.displays import service
from drac_plugins.displays.addresses import own_address
from drac_plugins.displays.presenting import grouped_parameters, install
from drac_plugins.displays.routes import library, reader
from drac_plugins.displays.schemas import SHELLS, Preferences
from icat_schema.gateway import Session
from icat_schema.gateway.errors import CatalogueUnavailable, SessionInvalid

blueprint = Blueprint(
    "portal",
    __name__,
    wire="page",
    url_prefix="/portal",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)
install(blueprint)

_LINEAGE_FORMS = {"json": "JSON graph", "prov": "PROV-JSON", "rocrate": "RO-Crate"}


class Listing(QuerySchema):
    q = Text(load_default=None, validate=validate.Length(max=200))
    instrument = Text(load_default=None, validate=validate.Length(max=100))
    page = WholeNumber(load_default=1, validate=validate.Range(min=1, max=100_000))


class OnePage(Preferences):
    page = WholeNumber(load_default=1, validate=validate.Range(min=1, max=100_000))
    display = Text(load_default=None, validate=validate.Length(max=100))


class Credentials(QuerySchema):
    username = Text(load_default="", validate=validate.Length(max=200))
    password = Text(load_default="", validate=validate.Length(max=1000))
    next = Text(load_default="")


@blueprint.route("/")
@blueprint.page_caller()
@blueprint.arguments(Listing)
def sessions(caller: Caller, query: dict[str, Any]) -> str:
    """Sessions that the visitor may see"""
    found = service.sessions(_view(caller), query["q"], query["instrument"], query["page"])
    return render_template("portal/sessions.html", found=found, query=query)


@blueprint.route("/investigations/<id:investigationId>")
@blueprint.page_caller()
@blueprint.arguments(OnePage)
def investigation(caller: Caller, query: dict[str, Any], investigation_id: int) -> str:
    """One session: raw and processed data together, each under its display"""
    whom = reader(caller, query)
    page = service.session_page(_view(caller), library(), whom, investigation_id, query["page"])
    return render_template(
        "portal/investigation.html",
        page=page,
        query=query,
        settings=whom.settings,
        shells=SHELLS,
        statistics=STATISTICS,
    )


@blueprint.route("/datasets/<id:datasetId>")
@blueprint.page_caller()
@blueprint.arguments(OnePage)
def dataset(caller: Caller, query: dict[str, Any], dataset_id: int) -> str:
    """One dataset under its display, with the reasons"""
    whom = reader(caller, query)
    page = service.dataset_page(_view(caller), library(), whom, dataset_id, query["display"])
    return render_template(
        "portal/dataset.html",
        page=page,
        view=page.view,
        explanation=page.resolved.resolution.explain(),
        parameters=grouped_parameters(page.resolved.dataset, library().vocabulary),
        query=query,
        settings=whom.settings,
        shells=SHELLS,
        statistics=STATISTICS,
        lineage_forms=_LINEAGE_FORMS if any(p.name == "processed" for p in services().plugins) else {},
    )


@blueprint.route("/datasets/<id:datasetId>/gallery/<resourceId>")
@blueprint.page_caller()
def picture(caller: Caller, dataset_id: int, resource_id: str) -> Response:
    """A gallery file of a dataset that the visitor may read; its content never changes"""
    readable = datasets.find(_view(caller), DatasetCriteria(ids=(dataset_id,)))
    with services().store.read() as connection:
        found = resources.get(connection, resource_id) if readable.items else None
    if found is None or found.dataset_id != dataset_id:
        raise NotFound("There is no such picture that you may see")
    return stored_file(found.content, found.content_type, found.filename, shown=found.shown, etag=found.sha256)


@blueprint.route("/log-in")
@blueprint.page_caller()
def log_in(_caller: Caller) -> str:
    """The form"""
    return render_template("portal/log_in.html", fault=None, next=flask.request.args.get("next", ""))


@blueprint.route("/log-in", methods=["POST"])
@blueprint.arguments(Credentials, location="form")
def submit_log_in(credentials: dict[str, Any]) -> Response:
    """Log in at the catalogue, and keep the session in the signed cookie"""
    try:
        session = _log_in(credentials)
    except BadCredentials as error:
        page = render_template("portal/log_in.html", fault=error.message, next=credentials["next"])
        return Response(page, 403)
    name = session.user_name()
    sign_in(session.id)
    flask.session["name"] = name.rpartition("/")[2] if "/" in name else name
    return Response(status=303, headers={"Location": own_address(credentials["next"])})


@blueprint.route("/log-out", methods=["POST"])
@blueprint.page_caller()
def log_out(caller: Caller) -> Response:
    """End the session here and at the catalogue"""
    sign_out()
    if caller.kind == "person":
        with contextlib.suppress(SessionInvalid, CatalogueUnavailable):  # it has ended, or will by itself
            caller.session.logout()
    return redirect(url_for("portal.sessions"), 303)  # type: ignore[return-value]


def _view(caller: Caller) -> View:
    return View(caller.session, facility_zone())


def _log_in(credentials: dict[str, Any]) -> Session:
    offer = Offer(username=credentials["username"], password=credentials["password"], address=client_address())
    try:
        return signing_in(services(), offer)
    except BadCredentials as error:
        if "from here" in error.message:
            raise
        raise BadCredentials("Authentication failed: user name or password is wrong") from error
