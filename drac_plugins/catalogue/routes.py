"""Routes of the group Catalogue of ICAT+."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response

from drac_plugins.catalogue import service
from drac_plugins.core.reads import lists
from drac_plugins.core.reads.view import View
from drac_plugins.core.reads.wire import replies, schemas
from drac_plugins.core.reads.wire.arguments import (
    DataCollectionQuery,
    DatafileQuery,
    DatafilesOfDatasetQuery,
    DatasetQuery,
    DatasetSearchQuery,
    InvestigationSearchQuery,
    ParameterTypeQuery,
    Query,
    SampleQuery,
)
from drac_plugins.core.web import Blueprint, Caller, facility_zone, services, text_reply
from drac_plugins.core.web.answers import JSON_TYPE, streamed

blueprint = Blueprint("Catalogue", __name__, description="What the catalogue knows")
deprecated: Callable[[Callable[..., Response]], Callable[..., Response]] = blueprint.doc(deprecated=True)


def view_of(caller: Caller | None = None) -> View:
    """What the caller sees; nobody: what everybody sees."""
    return View(caller.session if caller is not None else services().reader, facility_zone(), services().caches)


def reply(elements: Sequence[Any]) -> Response:
    return Response(replies.encoded(elements), content_type=JSON_TYPE)


@blueprint.route("/catalogue/instruments")
@blueprint.response(200, schemas.InstrumentSchema(many=True))
def instruments() -> Response:
    """All instruments"""
    return reply(replies.instruments(lists.instruments(view_of())))


@blueprint.route("/catalogue/investigationtypes")
@blueprint.response(200, schemas.InvestigationTypeSchema(many=True))
def investigation_types() -> Response:
    """All investigation types"""
    return reply(replies.investigation_types(lists.investigation_types(view_of()), facility_zone()))


@blueprint.route("/catalogue/parameters")
@blueprint.arguments(ParameterTypeQuery)
@blueprint.response(200, schemas.ParameterTypeSchema(many=True))
def parameter_types(query: Query) -> Response:
    """Parameter types: all, or by id or name"""
    return reply(replies.parameter_types(service.parameter_types(view_of(), query)))


@blueprint.route("/catalogue/techniques")
@blueprint.response(200, schemas.TechniqueSchema(many=True))
def techniques() -> Response:
    """All techniques"""
    return reply(replies.techniques(lists.techniques(view_of())))


@blueprint.route("/catalogue/investigation/name/<investigationName>/normalize")
@blueprint.response(200)
def normalize(investigation_name: str) -> Response:
    """The canonical spelling of a proposal's name"""
    return text_reply(service.normal_name(view_of(), investigation_name))


@blueprint.route("/catalogue/datasets")
@blueprint.bearer(optional=True)
@blueprint.arguments(DatasetSearchQuery)
@blueprint.response(200, schemas.DatasetSchema(many=True))
def datasets(caller: Caller, query: Query) -> Response:
    """Search datasets; at least one filter is needed"""
    return _datasets(caller, query)


@blueprint.route("/catalogue/<sessionId>/dataset")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(DatasetQuery)
@blueprint.response(200, schemas.DatasetSchema(many=True))
@deprecated
def datasets_of_session(caller: Caller, query: Query) -> Response:
    """Search datasets, the older way"""
    return _datasets(caller, query)


def _datasets(caller: Caller, query: Query) -> Response:
    written = replies.Datasets(facility_zone())
    if query["nested"]:
        return reply(written.reply(service.search_datasets(view_of(caller), query), nested=True))
    return streamed(written.parts(*service.list_datasets(view_of(caller), query)))


@blueprint.route("/catalogue/<sessionId>/dataset/id/<ids:datasetIds>/dataset")
@blueprint.session_in_path(expired=401)
@blueprint.response(200, schemas.DatasetSchema(many=True))
@deprecated
def datasets_by_id(caller: Caller, dataset_ids: tuple[int, ...]) -> Response:
    """Datasets of these ids"""
    page = service.datasets_by_id(view_of(caller), dataset_ids)
    return reply(replies.Datasets(facility_zone()).reply(page, nested=False))


@blueprint.route("/catalogue/<sessionId>/investigation")
@blueprint.session_in_path()
@blueprint.arguments(InvestigationSearchQuery)
@blueprint.response(200, schemas.InvestigationSchema(many=True))
def investigations(caller: Caller, query: Query) -> Response:
    """Search investigations"""
    mechanisms = tuple(services().catalogue.properties().authenticators)
    page = service.search_investigations(view_of(caller), query, mechanisms)
    return reply(replies.investigations(page, facility_zone()))


@blueprint.route("/catalogue/<sessionId>/investigation/id/<id:investigationId>/investigationusers")
@blueprint.session_in_path(expired=401)
@blueprint.response(200, schemas.InvestigationUserSchema(many=True))
def investigation_users(caller: Caller, investigation_id: int) -> Response:
    """Who takes part, one element per user and role"""
    record, team = service.team(view_of(caller), investigation_id)
    return reply(replies.investigation_users(team, record) if record is not None else [])


@blueprint.route("/catalogue/<sessionId>/samples")
@blueprint.session_in_path()
@blueprint.arguments(SampleQuery)
@blueprint.response(200, schemas.SampleSchema(many=True))
def samples(caller: Caller, query: Query) -> Response:
    """Search samples"""
    page = service.search_samples(view_of(caller), query)
    return reply(replies.samples(page, facility_zone(), nested=query["nested"]))


@blueprint.route("/catalogue/<sessionId>/datafile")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(DatafileQuery)
@blueprint.response(200, schemas.DatafileWrapperSchema(many=True))
def datafiles(caller: Caller, query: Query) -> Response:
    """Datafiles of a dataset, by id, or at a path"""
    return reply(replies.datafiles(service.search_datafiles(view_of(caller), query), facility_zone()))


@blueprint.route("/catalogue/<sessionId>/dataset/id/<id:datasetId>/datafile")
@blueprint.session_in_path(expired=401)
@blueprint.arguments(DatafilesOfDatasetQuery)
@blueprint.response(200, schemas.DatafileWrapperSchema(many=True))
@deprecated
def datafiles_of_dataset(caller: Caller, query: Query, dataset_id: int) -> Response:
    """Datafiles of a dataset, the older way"""
    whole = {**query, "dataset_id": (dataset_id,), "datafile_ids": (), "location": None}
    return reply(replies.datafiles(service.search_datafiles(view_of(caller), whole), facility_zone()))


@blueprint.route("/catalogue/<sessionId>/datacollection")
@blueprint.session_in_path()
@blueprint.arguments(DataCollectionQuery)
@blueprint.response(200, schemas.DataCollectionSchema(many=True))
def data_collections(caller: Caller, query: Query) -> Response:
    """Publications"""
    return reply(replies.data_collections(service.search_collections(view_of(caller), query), facility_zone()))


@blueprint.route("/catalogue/<sessionId>/dataset/id/<id:datasetId>/datacollection")
@blueprint.session_in_path(expired=401)
@blueprint.response(200, schemas.DataCollectionSchema(many=True))
@deprecated
def data_collections_of_dataset(caller: Caller, dataset_id: int) -> Response:
    """Publications that hold a dataset"""
    page = service.collections_of_dataset(view_of(caller), dataset_id)
    return reply(replies.data_collections(page, facility_zone()))
