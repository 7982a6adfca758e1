"""Routes of the group Catalogue about people."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from drac_plugins.catalogue import people_schemas as schemas
from drac_plugins.catalogue import people_service as people
from drac_plugins.catalogue.routes import blueprint, reply, view_of
from drac_plugins.catalogue.service import team
from drac_plugins.core.reads.wire import replies
from drac_plugins.core.reads.wire.arguments import Query
from drac_plugins.core.reads.wire.schemas import InstrumentSchema, InvestigationUserSchema
from drac_plugins.core.web import Caller, json_reply, services


@blueprint.route("/catalogue/<sessionId>/instruments")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.InstrumentFilterQuery)
@blueprint.response(200, InstrumentSchema(many=True))
def instruments_of_caller(caller: Caller, query: Query) -> Response:
    """Instruments that the caller has to do with"""
    return reply(replies.instruments(people.instruments(services(), view_of(caller), query["scope"])))


@blueprint.route("/catalogue/<sessionId>/investigation/id/<id:investigationId>/investigationusers", methods=["POST"])
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.UserName, location="json")
@blueprint.response(200, InvestigationUserSchema)
def add_participant(caller: Caller, body: Query, investigation_id: int) -> Response:
    """Let a user take part"""
    new = people.add_participant(services(), caller.session, investigation_id, body["name"])
    record, members = team(view_of(caller), investigation_id)
    users = replies.investigation_users(members, record) if record is not None else []
    return json_reply(next((user for user in users if user["id"] == new), None))


@blueprint.route("/catalogue/<sessionId>/investigation/id/<id:investigationId>/investigationusers", methods=["DELETE"])
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.UserName, location="json")
@blueprint.response(200, InvestigationUserSchema(many=True))
def remove_participant(caller: Caller, body: Query, investigation_id: int) -> Response:
    """Remove a user; answers those who are left"""
    people.remove_participant(services(), caller.session, investigation_id, body["name"])
    record, members = team(view_of(caller), investigation_id)
    return reply(replies.investigation_users(members, record) if record is not None else [])


@blueprint.route("/catalogue/<sessionId>/investigation/<id:investigationId>/user")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.UserListQuery)
@blueprint.response(200, schemas.UserSchema(many=True))
def candidates(caller: Caller, query: Query, investigation_id: int) -> Sequence[people.UserRecord]:
    """Users that may be added to an investigation, for those who may add them"""
    return people.candidates(services(), caller.session, investigation_id, only_latest=query["only_latest"])


@blueprint.route("/catalogue/<sessionId>/user")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(schemas.UserListQuery)
@blueprint.response(200, schemas.UserSchema(many=True))
def users(caller: Caller, query: Query) -> Sequence[people.UserRecord]:
    """All users; administrators"""
    return people.users(services(), caller.session, only_latest=query["only_latest"])
