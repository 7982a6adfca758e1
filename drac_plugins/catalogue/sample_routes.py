"""Routes of the group Catalogue about samples."""

from __future__ import annotations

from flask import Response

from drac_plugins.catalogue import sample_service as service
from drac_plugins.catalogue.dataset_schemas import ParameterValue
from drac_plugins.catalogue.routes import blueprint, deprecated, reply, view_of
from drac_plugins.core.reads.wire import arguments, replies
from drac_plugins.core.reads.wire.arguments import Identifier, Query, SampleQuery
from drac_plugins.core.reads.wire.schemas import SampleSchema
from drac_plugins.core.web import Caller, Meta, QuerySchema, facility_zone, json_reply, page_meta, text_reply


class InvestigationIdQuery(QuerySchema):
    investigation_id = Identifier("investigationId", "investigation of the sample", required=True)


@blueprint.route("/catalogue/<sessionId>/investigation/id/<id:investigationId>/sample")
@blueprint.session_in_path(expired=401)
@blueprint.response(200, SampleSchema(many=True))
@deprecated
def samples_of_investigation(caller: Caller, investigation_id: int) -> Response:
    """Samples of an investigation, the older way"""
    page = service.of_investigation(view_of(caller), investigation_id)
    return reply(replies.samples(page, facility_zone(), nested=False))


@blueprint.route("/catalogue/<sessionId>/samples/<id:sampleId>/page")
@blueprint.session_in_path()
@blueprint.arguments(SampleQuery)
@blueprint.response(200, Meta)
def page_of_sample(caller: Caller, query: Query, sample_id: int) -> Response:
    """On which page of the list of samples one of them is"""
    criteria, window = arguments.sample_criteria(query), arguments.window(query)
    position, total = service.place(view_of(caller), sample_id, criteria, window)
    return json_reply(page_meta(total, window.limit, position))


@blueprint.route("/catalogue/<sessionId>/samples/<id:sampleId>/sampleParameters", methods=["POST"])
@blueprint.session_in_path(expired=401)
@blueprint.arguments(InvestigationIdQuery)
@blueprint.arguments(ParameterValue, location="json")
@blueprint.response(200)
def create_parameter(caller: Caller, query: Query, body: Query, sample_id: int) -> Response:
    """Describe a sample, or comment on it"""
    (investigation_id,) = query["investigation_id"]
    new = service.create_parameter(view_of(caller), sample_id, investigation_id, body["name"], body["value"])
    return text_reply(str(new))


@blueprint.route("/catalogue/<sessionId>/sampleParameters/<id:id>", methods=["PUT"])
@blueprint.session_in_path(expired=401)
@blueprint.arguments(InvestigationIdQuery)
@blueprint.arguments(ParameterValue, location="json")
@blueprint.response(200)
def change_parameter(caller: Caller, query: Query, body: Query, id: int) -> Response:  # noqa: A002 - the wire's name
    """Change the description of a sample, or the comment on it"""
    (investigation_id,) = query["investigation_id"]
    service.change_parameter(view_of(caller), id, investigation_id, body["value"])
    return text_reply("OK")
