"""Routes of the group Data acquisition of ICAT+. An API key sees everything that the acquisition account sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from drac_plugins.core.apikeys import ACQUISITION
from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads import datasets as dataset_reads
from drac_plugins.core.reads import investigations as investigation_reads
from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.view import View
from drac_plugins.core.reads.wire import arguments, replies, schemas
from drac_plugins.core.reads.wire.arguments import AcquisitionDatasetQuery, AcquisitionInvestigationQuery, Query
from drac_plugins.core.web import Blueprint, Caller, facility_zone, services
from drac_plugins.core.web.answers import JSON_TYPE, streamed

blueprint = Blueprint("Data acquisition", __name__, description="For control systems")


def _reply(elements: Sequence[Any]) -> Response:
    return Response(replies.encoded(elements), content_type=JSON_TYPE)


@blueprint.route("/dataacquisition/<apiKey>/investigation")
@blueprint.api_key(ACQUISITION)
@blueprint.arguments(AcquisitionInvestigationQuery)
@blueprint.response(200, schemas.InvestigationSchema(many=True))
def investigations(caller: Caller, query: Query) -> Response:
    """Search investigations, open-ended ones included"""
    view = View(caller.session, facility_zone(), services().caches)
    page = investigation_reads.find(view, arguments.investigation_criteria(query), arguments.window(query))
    return _reply(replies.investigations(page, facility_zone()))


@blueprint.route("/dataacquisition/<apiKey>/dataset")
@blueprint.api_key(ACQUISITION)
@blueprint.arguments(AcquisitionDatasetQuery)
@blueprint.response(200, schemas.DatasetSchema(many=True))
def datasets(caller: Caller, query: Query) -> Response:
    """Datasets of an investigation, in order of registration"""
    if not query["investigation_id"]:
        raise Invalid("investigationId: the identifier of an investigation is needed")
    view = View(caller.session, facility_zone(), services().caches)
    criteria = DatasetCriteria(investigation_ids=query["investigation_id"], search=query["search"])
    listed = dataset_reads.listed(view, criteria, arguments.window(query))
    return streamed(replies.Datasets(facility_zone()).parts(*listed))
