"""Routes below `/ingestion/changes`."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from flask import Response, current_app, request

from drac_plugins.changes import service
from drac_plugins.changes.places import Places
from drac_plugins.changes.schemas import ChangeSchema, ChangesQuery, ChangesSchema
from drac_plugins.changes.service import Changes
from drac_plugins.changes.settings import ChangesSettings
from drac_plugins.changes.streaming import Stream
from drac_plugins.core.errors import Unavailable
from drac_plugins.core.web import Blueprint, Caller, facility_zone, json_reply, services, wire_datetime

blueprint = Blueprint("Changes", __name__, wire="problem", description="What has changed since")
_ID = re.compile(r"[0-9]{1,18}")
_STREAM_PAGE = 500
_PLACES = "drac_change_streams"


@blueprint.route("/ingestion/changes")
@blueprint.bearer_or_cookie()
@blueprint.arguments(ChangesQuery)
@blueprint.response(200, ChangesSchema)
def list_changes(caller: Caller, query: dict[str, Any]) -> Response:
    """Changes of what the caller may see, in the order in which they were committed

    Ask again with `since` = `next`. Every change is there at least once; nothing is ever inserted before `next`.
    """
    store, since = services().store, query["since"]
    if since is None:
        newest = service.newest(store)
        return json_reply(ChangesSchema().dump(Changes((), newest, more=False, reset=False)))
    return json_reply(ChangesSchema().dump(service.changes(store, caller.session, since, query["limit"])))


@blueprint.route("/ingestion/changes/stream")
@blueprint.bearer_or_cookie()
@blueprint.arguments(ChangesQuery)
@blueprint.response(200, content_type="text/event-stream")
def stream_changes(caller: Caller, query: dict[str, Any]) -> Response:
    """The same as server-sent events, from `Last-Event-ID` or `since` on, else from now on"""
    store, session = services().store, caller.session
    settings = services().settings_of("changes", ChangesSettings)
    name = session.user_name()  # a session that has ended is answered now, not by an empty stream
    given = request.headers.get("Last-Event-ID", "")
    since = int(given) if _ID.fullmatch(given) else query["since"]
    zone, wire = facility_zone(), ChangeSchema(exclude=("at",))
    stream = Stream(
        lambda at: service.changes(store, session, at, _STREAM_PAGE),
        lambda event: {**wire.dump(event), "at": wire_datetime(event.at, zone)},
        settings.stream_seconds,
        settings.poll_seconds,
    )
    places = _places(settings)
    if not places.take(name):
        raise Unavailable("Too many streams are open; ask /ingestion/changes now and then instead")
    reply = Response(
        stream.blocks(service.newest(store) if since is None else since),
        content_type="text/event-stream; charset=utf-8",
    )
    reply.headers["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    reply.call_on_close(partial(places.give_back, name))
    return reply


def _places(settings: ChangesSettings) -> Places:
    """Streams leave half of the threads to everybody else."""
    made = Places(min(settings.max_streams, services().settings.web.threads // 2))
    found: Places = current_app.extensions.setdefault(_PLACES, made)
    return found
