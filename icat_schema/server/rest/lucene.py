"""Free-text search over REST. The paths are named after the engine of the original."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from icat_schema.server.errors import IcatError
from icat_schema.server.rest.replies import answer, form_of, no_content, number_of
from icat_schema.server.rest.requests import entity_named
from icat_schema.server.service import Service

DEFAULT_COUNT = "100"


def search_text(service: Service, request: Request) -> Response:
    """Ids and scores of what is found, the best first."""
    query = request.args.get("query")
    if query is None:
        raise IcatError("BAD_PARAMETER", "query is not set")
    wanted = number_of(request.args.get("maxCount", DEFAULT_COUNT))
    hits = service.text_hits(request.args.get("sessionId"), query, wanted)
    return answer([{"id": hit.id, "score": hit.score} for hit in hits])


def show_populating(service: Service, request: Request) -> Response:
    """Entities whose index is being made anew."""
    service.require_root(request.args.get("sessionId"))
    return answer(service.text_index.populating() if service.text_index is not None else [])


def commit_text(service: Service, request: Request) -> Response:
    service.require_root(form_of(request).get("sessionId"))
    if service.text_index is not None:
        service.text_index.commit()
    return no_content()


def clear_text(service: Service, request: Request) -> Response:
    service.require_root(request.args.get("sessionId"))
    if service.text_index is not None:
        service.text_index.clear()
    return no_content()


def populate_text(service: Service, request: Request, entity: str, minimum: str) -> Response:
    """Make the index of one entity anew, whole: it is never behind, so there is no part to begin at."""
    service.require_root(form_of(request).get("sessionId"))
    entity_named(entity)
    number_of(minimum)
    if service.text_index is not None:
        service.text_index.populate(entity)
    return no_content()
