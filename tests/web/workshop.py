"""A plugin that shows everything the web layer offers, for the tests of the web layer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from flask import Response
from marshmallow import fields

from drac_plugins.core.apikeys import ACQUISITION
from drac_plugins.core.errors import Conflict, Forbidden, Invalid, NotFound, NotSupported, Unavailable, UpstreamBroken
from drac_plugins.core.plugins import Health, Plugin
from drac_plugins.core.services import Services
from drac_plugins.core.settings import Section
from drac_plugins.core.web import (
    Blueprint,
    Caller,
    Day,
    Flag,
    Ids,
    SortedPageQuery,
    Text,
    WholeNumber,
    WireDateTime,
    Words,
    json_reply,
    page_meta,
    services,
    sign_in,
    sign_out,
)
from drac_plugins.core.web.answers import streamed
from icat_schema.gateway import New, Select
from icat_schema.gateway.conditions import Eq

ERRORS = {
    error.__name__: error
    for error in (Invalid, Forbidden, NotFound, Conflict, NotSupported, Unavailable, UpstreamBroken)
}


class WorkshopSettings(Section):
    greeting: str = "hello"


class Query(SortedPageQuery):
    number = WholeNumber(load_default=None)
    ids = Ids()
    words = Words(data_key="manyWords")
    day = Day(load_default=None)
    moment = WireDateTime(load_default=None)
    nested = Flag()


class Body(ma.Schema):
    name = Text(load_default=None)
    count = WholeNumber(load_default=None)


class Echo(ma.Schema):
    value = fields.Dict()


class Moment(ma.Schema):
    moment = WireDateTime()


wire = Blueprint("Workshop", __name__, description="For tests")
own = Blueprint("own", __name__, wire="problem", description="Our own interface")
pages = Blueprint("pages", __name__, wire="page")


@wire.route("/workshop/query")
@wire.arguments(Query)
def query(arguments: dict[str, Any]) -> Response:
    """Say the arguments"""
    return json_reply(arguments)


@wire.route("/workshop/body", methods=["POST", "DELETE"])
@wire.arguments(Body, location="json")
@wire.response(200, Echo)
def body(arguments: dict[str, Any]) -> dict[str, Any]:
    """Say the body"""
    return {"value": arguments}


@wire.route("/workshop/moment")
@wire.response(200, Moment)
def moment() -> dict[str, Any]:
    """A moment"""
    return {"moment": datetime(2031, 5, 6, 6, 0, tzinfo=UTC)}


@wire.route("/workshop/pieces/<id:number>")
def pieces(number: int) -> Response:
    """So many pieces; the one after the third fails"""
    return streamed(_pieces(number))


def _pieces(number: int) -> Iterator[bytes]:
    yield b"["
    for place in range(number):
        if place == 3:
            raise Unavailable("the catalogue went away")
        yield b'"%s",' % (b"x" * 2000)
    yield b"0]"


@wire.route("/workshop/page")
@wire.arguments(SortedPageQuery)
def page(arguments: dict[str, Any]) -> Response:
    """Numbers of a page"""
    return json_reply(page_meta(45, arguments["limit"], arguments["skip"]))


@wire.route("/workshop/<sessionId>/whoAmI/name/<userName>")
@wire.session_in_path()
def who_am_i(caller: Caller, user_name: str) -> Response:
    """Who is asking"""
    return json_reply({"kind": caller.kind, "name": caller.session.user_name(), "given": user_name})


@wire.route("/workshop/<sessionId>/strict")
@wire.session_in_path(expired=401)
def strict(caller: Caller) -> Response:
    """Declares 401"""
    return json_reply(caller.session.user_name())


@wire.route("/workshop/open")
@wire.bearer(optional=True)
def open_to_all(caller: Caller) -> Response:
    """Bearer or nothing"""
    return json_reply({"kind": caller.kind, "name": caller.session.user_name()})


@wire.route("/workshop/closed")
@wire.bearer()
def closed(caller: Caller) -> Response:
    """Bearer only"""
    return json_reply(caller.session.user_name())


@wire.route("/workshop/key/<apiKey>/hello")
@wire.api_key(ACQUISITION)
def with_key(caller: Caller) -> Response:
    """API key"""
    return json_reply({"kind": caller.kind, "application": caller.application, "name": caller.session.user_name()})


@wire.route("/workshop/thing/<id:thingId>")
def thing(thing_id: int) -> Response:
    """One identifier"""
    return json_reply(thing_id)


@wire.route("/workshop/things/<ids:thingIds>")
def things(thing_ids: tuple[int, ...]) -> Response:
    """Several identifiers"""
    return json_reply(thing_ids)


@wire.route("/workshop/fail/<error>")
def fail(error: str) -> Response:
    """Fail in our words"""
    raise ERRORS[error](f"text of {error}")


@wire.route("/workshop/<sessionId>/catalogue/<error>")
@wire.session_in_path()
def fail_in_catalogue(caller: Caller, error: str) -> Response:
    """Fail in the catalogue"""
    if error == "denied":
        caller.session.write([New("Facility", {"name": "not by a stranger"})])
    if error == "query":
        caller.session.rows(Select("Dataset", ["noSuchThing"], Eq("id", 1)))
    raise ZeroDivisionError("a mistake of ours with a secret inside: password=hush")


@own.route("/workbench/fail")
def fail_with_document() -> Response:
    """Fail as a problem document"""
    raise Invalid("text of Invalid")


@own.route("/workbench/who")
@own.bearer_or_cookie()
def who(caller: Caller) -> Response:
    """Bearer, cookie or nobody"""
    return json_reply({"kind": caller.kind, "name": caller.session.user_name()})


@pages.route("/shopwindow/")
@pages.page_caller()
def window(caller: Caller) -> str:
    """A page"""
    return f"<!doctype html><title>{caller.kind}</title>"


@pages.route("/shopwindow/in/<sessionId>")
def enter(session_id: str) -> str:
    """Sign in without a form"""
    sign_in(session_id)
    return "<!doctype html><title>in</title>"


@pages.route("/shopwindow/form", methods=["GET", "POST"])
def form() -> str:
    """A form"""
    from flask import render_template_string, request

    if request.method == "POST":
        sign_out()
        return "<!doctype html><title>done</title>"
    return render_template_string("<form method=post><input name=csrf_token value='{{ csrf_token() }}'></form>")


@pages.route("/shopwindow/broken")
def broken() -> str:
    """Fail on a page"""
    raise NotFound("Nothing <b>here</b>")


def _light(available: Services) -> Health:
    greeting = available.plugin_settings["workshop"]
    assert isinstance(greeting, WorkshopSettings)
    return Health("degraded", "one lamp is out", {"greeting": greeting.greeting})


plugin = Plugin(
    name="workshop",
    summary="For tests",
    blueprints=lambda _: (wire, own, pages),
    settings=WorkshopSettings,
    health={"light": _light},
)

__all__ = ["plugin", "services"]
