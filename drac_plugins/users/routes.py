"""Routes of the group USERS of ICAT+."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from drac_plugins.core.web import Blueprint, Caller, json_reply, services
from drac_plugins.users import service
from drac_plugins.users.schemas import Preferences, PreferencesReply

blueprint = Blueprint("Users", __name__, description="What users chose")


@blueprint.route("/users/<sessionId>/preferences")
@blueprint.session_in_path()
@blueprint.response(200, PreferencesReply)
def preferences(caller: Caller) -> Response:
    """Preferences of the caller"""
    return json_reply(service.preferences(services(), caller.session))


@blueprint.route("/users/<sessionId>/preferences", methods=["PUT"])
@blueprint.session_in_path()
@blueprint.arguments(Preferences, location="json")
@blueprint.response(200, PreferencesReply)
def change(caller: Caller, parts: Mapping[str, Any]) -> Response:
    """Change preferences of the caller: each part that is sent replaces the one before"""
    return json_reply(service.change(services(), caller.session, parts))
