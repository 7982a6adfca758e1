"""The pages below `/portal`: sessions, log-in, pictures. They work without JavaScript; every address can be kept and
shared. The pages of one session and of datasets are in `session_pages` and `dataset_pages`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Literal

import flask
from flask import Response, redirect, render_template, url_for
from marshmallow import validate

from drac_plugins.core import resources
from drac_plugins.core.errors import BadCredentials, NotFound
from drac_plugins.core.people import person_of
from drac_plugins.core.reads import datasets
from drac_plugins.core.reads.criteria import DatasetCriteria, InvestigationCriteria, InvestigationScope
from drac_plugins.core.reads.view import View
from drac_plugins.core.signin.log_in import Offer
from drac_plugins.core.signin.log_in import log_in as signing_in
from drac_plugins.core.web import (
    Blueprint,
    Caller,
    Day,
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
from drac_plugins.displays.presenting import install
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

SCOPES: Mapping[InvestigationScope | Literal[""], str] = {
    "": "All that I may see",
    "participant": "Mine",
    "instrumentscientist": "Of my beamlines",
    "released": "Released",
    "embargoed": "Not released yet",
}
PERSONAL = ("participant", "instrumentscientist")
ORDERS = {"newest": "newest first", "oldest": "oldest first", "title": "by title"}


class Paged(QuerySchema):
    """What every list takes: words to look for, and the page."""

    q = Text(load_default=None, validate=validate.Length(max=200))
    page = WholeNumber(load_default=1, validate=validate.Range(min=1, max=100_000))


class Listing(Paged):
    instrument = Text(load_default=None, validate=validate.Length(max=100))
    scope = Text(load_default="", validate=validate.OneOf(tuple(SCOPES)))
    since = Day(load_default=None)
    until = Day(load_default=None)
    order = Text(load_default="newest", validate=validate.OneOf(tuple(ORDERS)))


class Credentials(QuerySchema):
    username = Text(load_default="", validate=validate.Length(max=200))
    password = Text(load_default="", validate=validate.Length(max=1000))
    next = Text(load_default="")


@blueprint.route("/")
@blueprint.page_caller()
@blueprint.arguments(Listing)
def sessions(caller: Caller, query: dict[str, Any]) -> str:
    """Sessions that the visitor may see"""
    view = view_of(caller)
    scope: InvestigationScope | Literal[""] = (
        query["scope"] if caller.kind == "person" or query["scope"] not in PERSONAL else ""
    )
    criteria = InvestigationCriteria(
        search=query["q"] or None,
        instruments=(query["instrument"],) if query["instrument"] else (),
        scope=scope or None,
        start=query["since"],
        end=query["until"],
    )
    return render_template(
        "portal/sessions.html",
        found=service.sessions(view, criteria, query["page"], query["order"]),
        query={**query, "scope": scope},
        instruments=service.instruments(view),
        scopes={name: label for name, label in SCOPES.items() if caller.kind == "person" or name not in PERSONAL},
        orders=ORDERS,
    )


@blueprint.route("/datasets/<id:datasetId>/gallery/<resourceId>")
@blueprint.page_caller()
def picture(caller: Caller, dataset_id: int, resource_id: str) -> Response:
    """A gallery file of a dataset that the visitor may read; its content never changes"""
    readable = datasets.find(view_of(caller), DatasetCriteria(ids=(dataset_id,)))
    with services().store.read() as connection:
        found = resources.get(connection, resource_id) if readable.items else None
    if found is None or found.dataset_id != dataset_id:
        raise NotFound("There is no such picture that you may see")
    return stored_file(found.content, found.content_type, found.filename, shown=found.shown, etag=found.sha256)


@blueprint.route("/log-in")
@blueprint.page_caller()
def log_in(_caller: Caller) -> str:
    """The form"""
    return log_in_page(flask.request.args.get("next", ""))


@blueprint.route("/log-in", methods=["POST"])
@blueprint.arguments(Credentials, location="form")
def submit_log_in(credentials: dict[str, Any]) -> Response:
    """Log in at the catalogue, and keep the session in the signed cookie"""
    try:
        session = _log_in(credentials)
    except BadCredentials as error:
        return Response(log_in_page(credentials["next"], error.message), 403)
    return arrived(session, credentials["next"])


def log_in_page(next_: str, fault: str | None = None) -> str:
    """The form, and the way to the OpenID provider where there is one."""
    provider = services().provider
    name = provider.settings.name if provider is not None and provider.settings.client_id else None
    return render_template("portal/log_in.html", fault=fault, next=next_, single_sign_on=name)


def arrived(session: Session, next_: str) -> Response:
    """Keep a new session in the cookie and go on to where the visitor wanted to."""
    person = person_of(services(), session)
    sign_in(session.id)
    flask.session["name"] = person.name.rpartition("/")[2]
    flask.session["staff"] = person.is_administrator or person.is_instrument_scientist  # what is offered, not allowed
    return Response(status=303, headers={"Location": own_address(next_)})


@blueprint.route("/log-out", methods=["POST"])
@blueprint.page_caller()
def log_out(caller: Caller) -> Response:
    """End the session here and at the catalogue"""
    sign_out()
    if caller.kind == "person":
        with contextlib.suppress(SessionInvalid, CatalogueUnavailable):  # it has ended, or will by itself
            caller.session.logout()
    return redirect(url_for("portal.sessions"), 303)  # type: ignore[return-value]


def view_of(caller: Caller) -> View:
    """The catalogue as the visitor may read it."""
    return View(caller.session, facility_zone())


def _log_in(credentials: dict[str, Any]) -> Session:
    offer = Offer(username=credentials["username"], password=credentials["password"], address=client_address())
    try:
        return signing_in(services(), offer)
    except BadCredentials as error:
        if "from here" in error.message:
            raise
        raise BadCredentials("Authentication failed: user name or password is wrong") from error
