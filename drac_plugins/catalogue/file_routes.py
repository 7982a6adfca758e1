"""Routes of the group Catalogue about files."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request

from drac_plugins.catalogue import file_schemas as schemas
from drac_plugins.catalogue import file_service as files
from drac_plugins.catalogue.routes import blueprint
from drac_plugins.core.reads.wire.arguments import Query
from drac_plugins.core.web import Caller, UploadedFile, services, stored_file


@blueprint.route("/catalogue/<sessionId>/files")
@blueprint.session_in_path()
@blueprint.arguments(schemas.SampleFilesQuery)
@blueprint.response(200, schemas.SampleInformation(many=True))
def sample_files(caller: Caller, query: Query) -> Sequence[files.SampleInformation]:
    """Samples with the files that people added to them"""
    wanted = query["investigation_id"], query["sample_id"], query["group_name"]
    return files.listed(services(), caller.session, *wanted)


@blueprint.route("/catalogue/<sessionId>/files/upload", methods=["POST"])
@blueprint.session_in_path()
@blueprint.arguments(schemas.UploadQuery)
@blueprint.arguments(schemas.UploadFacts, location="form")
@blueprint.arguments(UploadedFile, location="files")
@blueprint.response(200, schemas.SampleInformation)
def add_sample_file(caller: Caller, query: Query, facts: Query, parts: Query) -> files.SampleInformation:
    """Add a file to a sample"""
    file = parts["file"]
    return files.add(services(), caller.session, query["sample_id"][0], (file.filename, file.read()), facts)


@blueprint.route("/catalogue/<sessionId>/files/download")
@blueprint.session_in_path()
@blueprint.arguments(schemas.SampleFileQuery)
@blueprint.response(200, content_type="application/octet-stream")
def sample_file_content(caller: Caller, query: Query) -> Response:
    """A file of a sample"""
    name, content, sha256 = files.content(services(), caller.session, query["sample_id"][0], query["resource_id"])
    return stored_file(content, "application/octet-stream", name, shown=False, etag=sha256)


@blueprint.route("/catalogue/<sessionId>/datafile/download")
@blueprint.session_in_path()
@blueprint.arguments(schemas.DatafileDownloadQuery)
@blueprint.response(200, content_type="application/octet-stream")
def download_datafile(caller: Caller, query: Query) -> Response:
    """A file of a dataset by its path"""
    home = query["dataset_id"][0], query["investigation_id"][0]
    found = files.datafile(services(), caller.session, query["filepath"], *home, request.headers.get("Range"))
    return Response(found.content, found.status, headers=dict(found.headers))
