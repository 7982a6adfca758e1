"""Routes of the group Session of ICAT+."""

from __future__ import annotations

from typing import Any

from flask import Response

from drac_plugins.core.web import Blueprint, Caller, client_address, empty_reply, services, text_reply
from drac_plugins.session import service
from drac_plugins.session.schemas import Credentials, Session, SessionInformation

blueprint = Blueprint("Session", __name__, description="Sessions of the catalogue")


@blueprint.route("/session", methods=["POST"])
@blueprint.arguments(Credentials, location="json")
@blueprint.response(200, Session)
def log_in(credentials: dict[str, Any]) -> service.SignedIn:
    """Log in"""
    return service.log_in(services(), credentials, client_address())


@blueprint.route("/session/<sessionId>")
@blueprint.session_in_path()
@blueprint.response(200, SessionInformation)
def information(caller: Caller) -> service.SignedIn:
    """Owner and remaining time of a session"""
    return service.describe(services(), caller.session)


@blueprint.route("/session/<sessionId>", methods=["PUT"])
@blueprint.session_in_path()
@blueprint.response(204)
def extend(caller: Caller) -> Response:
    """Let the time of the session begin anew"""
    service.refresh(caller.session)
    return empty_reply()


@blueprint.route("/session/<sessionId>", methods=["DELETE"])
@blueprint.session_in_path()
@blueprint.response(200)
def log_out(caller: Caller) -> Response:
    """Log out; a session that has ended already is fine"""
    service.log_out(services(), caller.session)
    return text_reply("")
