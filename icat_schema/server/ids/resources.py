"""The calls of the data service as HTTP resources."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any

from werkzeug.wrappers import Request, Response

from icat_schema.server.ids.downloads import file_response, zip_response
from icat_schema.server.ids.failures import IdsError, bad_request, not_found, not_online
from icat_schema.server.ids.selection import Datafile, Selection, read_ids
from icat_schema.server.ids.service import DataService
from icat_schema.server.ids.settings import IDS_VERSION
from icat_schema.server.ids.tasks import Request as TaskRequest
from icat_schema.server.ids.uploads import read_upload
from icat_schema.server.ids.zips import Entry, entry_names

Resource = Callable[[DataService, Request], Response]

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)

PUT_FIELDS = {
    "sessionId",
    "name",
    "datafileFormatId",
    "datasetId",
    "description",
    "doi",
    "datafileCreateTime",
    "datafileModTime",
}


def _text(value: object) -> Response:
    return Response(str(value), content_type="text/plain;charset=utf-8")


def _json(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")


def failure(error: IdsError) -> Response:
    """ASCII only: clients read it as such."""
    response = _json({"code": error.kind, "message": error.message}, error.status)
    if error.size is not None:
        response.headers["Content-Range"] = f"bytes */{error.size}"
    return response


# About the service ----------------------------------------------------------------------------------------------------


def ping(_service: DataService, _request: Request) -> Response:
    return _text("IdsOK")


def version(_service: DataService, _request: Request) -> Response:
    return _json({"version": IDS_VERSION})


def get_api_version(_service: DataService, _request: Request) -> Response:
    return _text(IDS_VERSION)


def get_icat_url(_service: DataService, request: Request) -> Response:
    """Where sessions come from: this server, as the caller sees it."""
    return _text(request.root_url.rstrip("/"))


def is_read_only(service: DataService, _request: Request) -> Response:
    return _text(_java(service.settings.refuses_writes))


def is_two_level(service: DataService, _request: Request) -> Response:
    return _text(_java(service.settings.two_levels))


def get_service_status(service: DataService, request: Request) -> Response:
    return _json(service.work_in_progress(_session(request.args)))


# About data -----------------------------------------------------------------------------------------------------------


def get_size(service: DataService, request: Request) -> Response:
    if "preparedId" in request.args:
        _, selection = service.prepared(_uuid(request.args, "preparedId"))
        return _text(sum(datafile.size for datafile in selection.datafiles.values()))
    session_id = _session(request.args)
    service.catalogue.caller(session_id)
    return _text(service.resolver(session_id).size(read_ids(request.args)))


def get_status(service: DataService, request: Request) -> Response:
    """The only call about named data that needs no session: it tells nothing but where they are."""
    if "preparedId" not in request.args and "sessionId" not in request.args:
        return _text(service.status(service.resolver(None).resolve(read_ids(request.args))))
    return _text(service.status(_selection(service, request.args)))


def get_datafile_ids(service: DataService, request: Request) -> Response:
    if "preparedId" in request.args:
        found, selection = service.prepared(_uuid(request.args, "preparedId"))
        flags = {"zip": found.zip, "compress": found.compress}
        return _json({**flags, "ids": sorted(selection.datafiles)})
    return _json({"ids": sorted(_selection(service, request.args).datafiles)})


def is_prepared(service: DataService, request: Request) -> Response:
    _, selection = service.prepared(_uuid(request.args, "preparedId"))
    return _text(_java(service.is_prepared(selection)))


# Getting data ---------------------------------------------------------------------------------------------------------


def prepare_data(service: DataService, request: Request) -> Response:
    form = _form(request)
    flags = {"zipped": _flag(form, "zip"), "compress": _flag(form, "compress")}
    return _text(service.prepare(_session(form), read_ids(form), **flags))


def get_data(service: DataService, request: Request) -> Response:
    arguments = request.args
    if "preparedId" in arguments:
        found, selection = service.prepared(_uuid(arguments, "preparedId"))
        zipped, compress = found.zip, found.compress
    else:
        ids = read_ids(arguments)
        selection = service.select(_session(arguments), ids)
        zipped, compress = _flag(arguments, "zip") or not ids.single_file, _flag(arguments, "compress")
    if zipped:
        return _send_zip(service, request, selection, compress=compress)
    if not selection.datafiles:
        raise not_found("The datafile has no location")
    (datafile,) = selection.datafiles.values()
    with service.online(selection):
        return file_response(request, service.open(datafile), arguments.get("outname") or datafile.name)


def _send_zip(service: DataService, request: Request, selection: Selection, *, compress: bool) -> Response:
    """A zip keeps one of the server's threads busy until the client has it: only some at the same time."""
    if not service.zips.acquire(blocking=False):
        raise not_online("Too many zip files are being sent at this moment, try again")
    with ExitStack() as open_ends:
        open_ends.callback(service.zips.release)
        open_ends.enter_context(service.online(selection))
        names = entry_names(selection.ordered(), selection.datasets)
        entries = [_entry(service, datafile, names[datafile.id]) for datafile in selection.ordered()]
        name = _zip_name(request.args.get("outname"), service.catalogue.now())
        response = zip_response(request, entries, name, compress=compress)
        response.call_on_close(open_ends.pop_all().close)
        return response


def _entry(service: DataService, datafile: Datafile, name: str) -> Entry:
    place = service.place(datafile)
    try:
        about = place.folder.stat(place.parts)
    except OSError:
        raise not_found(f"The file of datafile {datafile.id} is not there") from None
    return Entry(name, about.st_size, about.st_mtime_ns, service.catalogue.settings.zone, partial(place.open))


def _zip_name(wanted: str | None, now: datetime) -> str:
    if not wanted:
        return f"{now.astimezone(UTC):%Y-%m-%d_%H-%M-%S}.zip"
    return wanted if wanted.endswith(".zip") else f"{wanted}.zip"


def get_link(service: DataService, request: Request) -> Response:
    form = _form(request)
    user_name = form.get("username")
    ids = read_ids({"datafileIds": form.get("datafileId", "")})
    if not user_name or len(ids.datafiles) != 1:
        raise bad_request("getLink needs a datafileId and a username")
    return _text(service.get_link(_session(form), ids.datafiles[0], user_name))


# Changing data --------------------------------------------------------------------------------------------------------


def put(service: DataService, request: Request) -> Response:
    """The body is the file."""
    return _store(service, request.args, request.stream)


def put_form(service: DataService, request: Request) -> Response:
    """The same from an HTML form with the file as one of its fields."""
    if request.mimetype != MULTIPART:
        raise bad_request("Multipart content expected")
    unknown = sorted(set(request.form) - PUT_FIELDS)
    if unknown:
        raise bad_request(f"Form field {unknown[0]} is not recognised")
    files = list(request.files.values())
    if len(files) != 1:
        raise bad_request("The form must have one file")
    fields = request.form.to_dict()
    fields.setdefault("name", files[0].filename or "")
    return _store(service, fields, files[0].stream)


def _store(service: DataService, fields: Mapping[str, str], body: IO[bytes]) -> Response:
    id_, stored = service.put(_session(fields), read_upload(fields), body)
    answer = {"id": id_, "checksum": stored.crc32, "location": stored.location, "size": stored.size}
    return _json(answer, 201)


def delete(service: DataService, request: Request) -> Response:
    service.delete(_session(request.args), read_ids(request.args))
    return Response(status=204)


def _move(request_kind: TaskRequest, service: DataService, request: Request) -> Response:
    form = _form(request)
    service.request(service.select(_session(form), read_ids(form)), request_kind)
    return Response(status=204)


def archive(service: DataService, request: Request) -> Response:
    return _move("ARCHIVE", service, request)


def restore(service: DataService, request: Request) -> Response:
    return _move("RESTORE", service, request)


def write(service: DataService, request: Request) -> Response:
    return _move("WRITE", service, request)


def reset(service: DataService, request: Request) -> Response:
    service.reset(_selection(service, _form(request)))
    return Response(status=204)


# Parameters -----------------------------------------------------------------------------------------------------------


def _selection(service: DataService, parameters: Mapping[str, str]) -> Selection:
    if "preparedId" in parameters:
        return service.prepared(_uuid(parameters, "preparedId"))[1]
    return service.select(_session(parameters), read_ids(parameters))


def _session(parameters: Mapping[str, str]) -> str:
    return _uuid(parameters, "sessionId")


def _uuid(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise bad_request(f"The {name} parameter must be set")
    if not _UUID.fullmatch(value):
        raise bad_request(f"The {name} parameter '{value[:100]}' is not a valid UUID")
    return value


def _form(request: Request) -> Mapping[str, str]:
    if request.mimetype != FORM:
        raise bad_request(f"Send the parameters as {FORM}")
    return request.form


def _flag(parameters: Mapping[str, str], name: str) -> bool:
    return parameters.get(name, "").lower() == "true"


def _java(value: bool) -> str:
    return "true" if value else "false"
