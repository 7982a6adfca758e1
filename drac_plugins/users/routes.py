"""Routes of the group USERS of ICAT+."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response

from drac_plugins.core import preferences as kept
from drac_plugins.core.web import Blueprint, Caller, json_reply, services
from drac_plugins.users.schemas import Preferences, PreferencesReply

blueprint = Blueprint("Users", __name__, description="What users chose")


@blueprint.route("/users/<sessionId>/preferences")
@blueprint.session_in_path()
@blueprint.response(200, PreferencesReply)
def preferences(caller: Caller) -> Response:
    """Preferences of the caller"""
    return json_reply(_on_the_wire(kept.preferences(services(), caller.session)))


@blueprint.route("/users/<sessionId>/preferences", methods=["PUT"])
@blueprint.session_in_path()
@blueprint.arguments(Preferences, location="json")
@blueprint.response(200, PreferencesReply)
def change(caller: Caller, parts: Mapping[str, Any]) -> Response:
    """Change preferences of the caller: each part that is sent replaces the one before"""
    return json_reply(_on_the_wire(kept.change(services(), caller.session, parts)))


def _on_the_wire(document: Mapping[str, Any]) -> dict[str, Any]:
    """Clients refuse a document with parts that they do not know."""
    known = PreferencesReply().fields
    return {name: part for name, part in document.items() if name in known}
