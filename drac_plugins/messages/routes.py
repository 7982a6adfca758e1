"""Routes of the group Messages of ICAT+."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drac_plugins.core.web import Blueprint, Caller, services
from drac_plugins.messages import schemas, service

blueprint = Blueprint("Messages", __name__, description="What portals show to everybody")


@blueprint.route("/messages")
@blueprint.arguments(schemas.MessageQuery)
@blueprint.response(200, schemas.PortalMessage(many=True))
def messages(query: dict[str, Any]) -> Sequence[service.Message]:
    """Messages to be shown now"""
    return service.shown(services(), query["type"])


@blueprint.route("/messages/<sessionId>/information", methods=["PUT"])
@blueprint.session_in_path()
@blueprint.arguments(schemas.NewMessage, location="json")
@blueprint.response(200, schemas.PortalMessage)
def set_information(caller: Caller, body: dict[str, Any]) -> service.Message:
    """Set the information message; administrators"""
    return service.set_information(services(), caller.session, body["message"] or "")
