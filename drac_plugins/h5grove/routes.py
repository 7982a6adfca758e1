"""Routes of the group H5Grove of ICAT+: the arguments of h5grove, with a datafile in place of the file."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from werkzeug.wsgi import FileWrapper

from drac_plugins.core.web import Blueprint, Caller, person
from drac_plugins.h5grove import schemas
from drac_plugins.h5grove.service import Files

_PORTION = 256 * 1024


def blueprint(files: Files) -> Blueprint:
    """The four routes. Every argument but the session and the datafile goes to h5grove as it is."""
    routes = Blueprint("H5Grove", __name__, description="Content of HDF5 files")

    def told(kind: str, caller: Caller, query: dict[str, Any]) -> Response:
        session = person(caller, query).session
        more = {name: value for name, value in query.items() if name not in ("session_id", "datafile_id", "path")}
        found = files.ask(session, kind, query["datafile_id"], query["path"], more)
        reply = Response(FileWrapper(found.content, _PORTION), found.status, headers=dict(found.headers))
        reply.content_length = found.length
        return reply

    @routes.route("/h5grove/attr")
    @routes.bearer_or_cookie(expired=403)
    @routes.arguments(schemas.AttributesQuery)
    @routes.response(200)
    def attributes(caller: Caller, query: dict[str, Any]) -> Response:
        """Values of the attributes of an object"""
        return told("attr", caller, {**query, "attr_keys": request.args.getlist("attr_keys") or None})

    @routes.route("/h5grove/data")
    @routes.bearer_or_cookie(expired=403)
    @routes.arguments(schemas.DataQuery)
    @routes.response(200)
    def data(caller: Caller, query: dict[str, Any]) -> Response:
        """Values of a dataset, or of a part of it"""
        return told("data", caller, query)

    @routes.route("/h5grove/meta")
    @routes.bearer_or_cookie(expired=403)
    @routes.arguments(schemas.MetadataQuery)
    @routes.response(200)
    def metadata(caller: Caller, query: dict[str, Any]) -> Response:
        """What an object is, and what is in it"""
        return told("meta", caller, query)

    @routes.route("/h5grove/stats")
    @routes.bearer_or_cookie(expired=403)
    @routes.arguments(schemas.SelectionQuery)
    @routes.response(200)
    def statistics(caller: Caller, query: dict[str, Any]) -> Response:
        """Least, greatest and mean value of a dataset, or of a part of it"""
        return told("stats", caller, query)

    return routes
