"""Routes of the group User management of ICAT+."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from drac_plugins.core.web import Blueprint, Caller, services, text_reply
from drac_plugins.usermanagement import schemas, service

blueprint = Blueprint("User management", __name__, description="Scientists of instruments")


@blueprint.route("/catalogue/<sessionId>/instrumentscientist")
@blueprint.session_in_path()
@blueprint.arguments(schemas.ScientistQuery)
@blueprint.response(200, schemas.InstrumentScientist(many=True))
def scientists(caller: Caller, query: dict[str, Any]) -> Sequence[service.Scientist]:
    """Who is scientist of which instrument; administrators and instrument scientists"""
    return service.scientists(services(), caller.session, query["instrument_name"])


@blueprint.route("/catalogue/<sessionId>/instrumentscientist", methods=["PUT"])
@blueprint.session_in_path()
@blueprint.arguments(schemas.NewScientists, location="json")
@blueprint.response(200, schemas.InstrumentScientist(many=True))
def add(caller: Caller, body: dict[str, Any]) -> Sequence[service.Scientist]:
    """Make users scientists of instruments; administrators"""
    return service.add(services(), caller.session, body["usernames"], body["instrument_names"])


@blueprint.route("/catalogue/<sessionId>/instrumentscientist", methods=["DELETE"])
@blueprint.session_in_path()
@blueprint.arguments(schemas.FormerScientists, location="json")
@blueprint.response(200)
def remove(caller: Caller, body: dict[str, Any]) -> Response:
    """Remove scientists by user or by entry; administrators"""
    service.remove(services(), caller.session, body["usernames"], body["ids"])
    return text_reply("")


@blueprint.route("/catalogue/<sessionId>/user/name/<name>/instrumentscientist")
@blueprint.session_in_path(expired=401)
@blueprint.response(200, schemas.ScientistOfUser(many=True))
def of_user(caller: Caller, name: str) -> Sequence[service.Scientist]:
    """Instruments of one user"""
    return service.scientist_entries(services(), caller.session, name)
