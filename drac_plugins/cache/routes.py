"""Routes of the group Cache of ICAT+. The contract declares no session for the reads: it comes as bearer token or as
query argument."""

from __future__ import annotations

from typing import Any

from flask import Response

from drac_plugins.cache import schemas, service
from drac_plugins.core.reads.view import View
from drac_plugins.core.reads.wire import replies
from drac_plugins.core.web import (
    Blueprint,
    Caller,
    SessionQuery,
    facility_zone,
    json_reply,
    person,
    services,
    text_reply,
)

blueprint = Blueprint("Cache", __name__, description="What is kept of the catalogue's answers")


@blueprint.route("/cache")
@blueprint.bearer(optional=True)
@blueprint.arguments(SessionQuery)
@blueprint.response(200, schemas.UserStorage)
def user_storage(caller: Caller, query: dict[str, Any]) -> Response:
    """Investigations that are kept for the session"""
    zone = facility_zone()
    kept = service.user_storage(services(), View(person(caller, query).session, zone))
    return json_reply(
        {
            "username": kept.user_name,
            "myInvestigations": [replies.investigation(one, zone) for one in kept.mine],
            "investigations": [replies.investigation(one, zone) for one in kept.seen],
            "investigationsId": [{"id": one.id, "name": one.name} for one in kept.seen],
        }
    )


@blueprint.route("/cache/keys")
@blueprint.bearer(optional=True)
@blueprint.arguments(SessionQuery)
@blueprint.response(200)
def keys(caller: Caller, query: dict[str, Any]) -> Response:
    """Keys of what is kept for the session; for administrators, of everything"""
    return json_reply(service.keys(services(), person(caller, query).session))


@blueprint.route("/cache/keys/<key>")
@blueprint.bearer(optional=True)
@blueprint.arguments(SessionQuery)
@blueprint.response(200, schemas.Content)
def content(caller: Caller, query: dict[str, Any], key: str) -> Response:
    """What is kept under a key, why and for how long"""
    return json_reply(service.content(services(), person(caller, query).session, key))


@blueprint.route("/cache/stats")
@blueprint.bearer(optional=True)
@blueprint.arguments(SessionQuery)
@blueprint.response(200, schemas.Statistics)
def statistics(caller: Caller, query: dict[str, Any]) -> service.Totals:
    """How much is kept and how often it was of use, since this process began; administrators"""
    return service.totals(services(), person(caller, query).session)


@blueprint.route("/cache/<sessionId>", methods=["POST"])
@blueprint.session_in_path()
@blueprint.response(200)
def reload(caller: Caller) -> Response:
    """Ask the catalogue anew for what is kept for the session; for administrators, for all sessions"""
    service.reload(services(), View(caller.session, facility_zone()))
    return text_reply("")
