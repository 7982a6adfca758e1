"""Routes of the group Resource of ICAT+."""

from __future__ import annotations

from typing import Any

from flask import Response

from drac_plugins.core.web import Blueprint, Caller, UploadedFile, services, stored_file
from drac_plugins.resource import schemas, service

blueprint = Blueprint("Resource", __name__, description="Pictures and small files of datasets and logbooks")


@blueprint.route("/resource/<sessionId>/file/download")
@blueprint.session_in_path()
@blueprint.arguments(schemas.ResourceQuery)
@blueprint.response(200, content_type="application/octet-stream")
def download(caller: Caller, query: dict[str, Any]) -> Response:
    """A picture or small file by its id"""
    found = service.stored(services(), caller.session, query["resource_id"])
    return stored_file(found.content, found.content_type, found.filename, shown=found.shown, etag=found.sha256)


@blueprint.route("/resource/<sessionId>/file/upload", methods=["POST"])
@blueprint.session_in_path()
@blueprint.arguments(schemas.PlaceQuery)
@blueprint.arguments(schemas.Facts, location="form")
@blueprint.arguments(UploadedFile, location="files")
@blueprint.response(200, schemas.AttachmentEvent)
def upload(caller: Caller, query: dict[str, Any], facts: dict[str, Any], files: dict[str, Any]) -> service.Attached:
    """Attach a file to the logbook of an investigation or an instrument"""
    place = next(iter(query["investigation_id"]), None), query["instrument_name"]
    file = files["file"]
    return service.attach(services(), caller.session, place, (file.filename, file.read()), facts)
