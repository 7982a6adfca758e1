"""Routes below `/displays`: documents, and which of them applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Response, g, request

from displays.colours import Ends
from displays.document import Display, json_schema
from displays.library import Library
from displays.reader import Reader
from displays.view_model import as_json
from drac_plugins.core.errors import NotFound
from drac_plugins.core.reads.criteria import EVERYTHING, DatasetCriteria, Window
from drac_plugins.core.reads.view import View
from drac_plugins.core.web import Blueprint, Caller, facility_zone, json_reply, services
from drac_plugins.displays import mx_settings, service
from drac_plugins.displays.documents import library_of, lint_of
from drac_plugins.displays.presenting import grouped_parameters
from drac_plugins.displays.schemas import (
    ANY_TYPE,
    DisplayedLists,
    DisplaySummary,
    LintFinding,
    LintRequest,
    ListMany,
    ListQuery,
    Resolution,
    ResolvedGroup,
    ResolveMany,
    ResolveQuery,
)

blueprint = Blueprint("Displays", __name__, wire="problem", description="How datasets are shown, and why")


def library() -> Library:
    """The library of the app that answers this request: the same one from its beginning to its end."""
    if "display_library" not in g:
        g.display_library = library_of(services().settings)
    found: Library = g.display_library
    return found


def reader(caller: Caller, query: dict[str, Any]) -> Reader:
    """For whom a view is made: what they remembered (`mxsettings`), with what the query says in its place."""
    return reader_who_chose(caller, service.reader_settings(query))


def reader_who_chose(caller: Caller, chosen: Mapping[str, Any]) -> Reader:
    """The same, with choices under the names of `mxsettings` in the place of what is remembered."""
    known = library()
    return Reader(facility_zone(), known.vocabulary, known.techniques, {**mx_settings.saved(caller), **chosen})


@blueprint.route("/displays")
@blueprint.response(200, DisplaySummary(many=True))
def list_displays() -> list[dict[str, Any]]:
    """All display documents with their selectors"""
    return [{**_reference(display), "selector": _as_data(display)["selector"]} for display in library()]


@blueprint.route("/displays/resolve")
@blueprint.bearer_or_cookie()
@blueprint.arguments(ResolveQuery)
@blueprint.response(200, Resolution)
def resolve(caller: Caller, query: dict[str, Any]) -> Response:
    """The display that applies to a dataset"""
    resolved = service.resolve(_view(caller), library(), query["dataset_id"], query["pinned"])
    answer: dict[str, Any] = {
        "datasetId": resolved.dataset.id,
        "display": _reference(resolved.resolution.display),
    }
    if query["explain"]:
        answer["explain"] = resolved.resolution.explain().as_dict()
    if query["view"]:
        answer["view"] = as_json(service.evaluate(resolved, reader(caller, query)))
    if query["parameters"]:
        grouped = grouped_parameters(resolved.dataset, library().vocabulary)
        answer["parameters"] = [as_json(line) for lines in grouped.values() for line in lines]
    return json_reply(answer)


@blueprint.route("/displays/resolve", methods=["POST"])
@blueprint.bearer_or_cookie()
@blueprint.arguments(ResolveMany, location="json")
@blueprint.response(200, ResolvedGroup(many=True))
def resolve_many(caller: Caller, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Datasets grouped by the display that applies to them"""
    groups = service.resolve_many(_view(caller), library(), body["dataset_ids"])
    return [{"display": _reference(group.display), "dataset_ids": list(group.dataset_ids)} for group in groups]


@blueprint.route("/displays/lists")
@blueprint.bearer_or_cookie()
@blueprint.arguments(ListQuery)
@blueprint.response(200, DisplayedLists)
def lists(caller: Caller, query: dict[str, Any]) -> Response:
    """The datasets of a session as lists under their displays, with their plots"""
    criteria = DatasetCriteria(
        investigation_ids=(query["investigation_id"],),
        types=() if query["dataset_type"] == ANY_TYPE else (query["dataset_type"],),
    )
    window = Window(query["limit"], query["skip"], "STARTDATE")
    return json_reply(_lists(caller, criteria, window, query, {}))


@blueprint.route("/displays/lists", methods=["POST"])
@blueprint.bearer_or_cookie()
@blueprint.arguments(ListMany, location="json")
@blueprint.response(200, DisplayedLists)
def lists_of(caller: Caller, body: dict[str, Any]) -> Response:
    """These datasets as lists under their displays, with their plots"""
    ends = {name: Ends(**moved) for name, moved in body["ends"].items()}
    return json_reply(_lists(caller, DatasetCriteria(ids=tuple(body["dataset_ids"])), EVERYTHING, body, ends))


def _lists(
    caller: Caller, criteria: DatasetCriteria, window: Window, query: dict[str, Any], ends: dict[str, Ends]
) -> dict[str, Any]:
    found = service.lists(_view(caller), library(), reader(caller, query), criteria, window, query["pinned"], ends)
    return {
        "total": found.total,
        "limit": found.limit,
        "skip": found.skip,
        "groups": [
            {"display": _reference(one.display), "list": as_json(one.rows), "plots": as_json(one.plots)}
            for one in found.items
        ],
    }


@blueprint.route("/displays/schema")
@blueprint.response(200)
def schema() -> dict[str, Any]:
    """The JSON Schema of display documents"""
    return json_schema()


@blueprint.route("/displays/lint", methods=["POST"])
@blueprint.bearer()
@blueprint.arguments(LintRequest, location="json")
@blueprint.response(200, LintFinding(many=True))
def lint(caller: Caller, body: dict[str, Any]) -> list[dict[str, Any]]:
    """What is wrong with display documents, and with others because of them; nothing is stored"""
    caller.session.user_name()  # for those with a session only: checking takes time
    written = [(document["source"], document["text"]) for document in body["documents"]]
    return [asdict(finding) for finding in lint_of(services().settings, library(), written)]


@blueprint.route("/displays/<displayId>")
@blueprint.response(200)
def show_display(display_id: str) -> Response:
    """A display document, inherited parts included"""
    display = library().get(display_id)
    if display is None:
        known = ", ".join(sorted(other.id for other in library()))
        raise NotFound(f"There is no display {display_id!r}; there are: {known}")
    reply = json_reply(_as_data(display))
    reply.set_etag(library().etag(display), weak=True)  # the same document, compressed or not
    reply.headers["Cache-Control"] = "no-cache"  # keep it, but ask whether it is still the same
    reply.make_conditional(request)
    return reply


def _view(caller: Caller) -> View:
    return View(caller.session, facility_zone())


def _reference(display: Display) -> dict[str, Any]:
    return {"id": display.id, "version": display.version, "title": display.title or display.id}


def _as_data(display: Display) -> dict[str, Any]:
    data: dict[str, Any] = display.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"selector": {}, **data}
