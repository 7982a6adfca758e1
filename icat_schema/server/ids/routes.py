"""Which path and method is what call of the data service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from icat_schema.server.errors import IcatError
from icat_schema.server.ids import resources
from icat_schema.server.ids.failures import IdsError, bad_request, not_found, of_icat
from icat_schema.server.ids.service import DataService
from icat_schema.server.ids.settings import IDS_PATH

CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Content-Type, Range, If-Range",
    "Access-Control-Expose-Headers": "Content-Disposition, Content-Range, ETag",
}
PUT_PATH = f"{IDS_PATH}/put"
DATA_PATH = f"{IDS_PATH}/getData"
MAX_FIELDS = 100


def _rule(path: str, resource: resources.Resource, method: str = "GET") -> Rule:
    return Rule(f"{IDS_PATH}/{path}", endpoint=resource, methods=[method])


ROUTES = Map(
    [
        _rule("ping", resources.ping),
        _rule("version", resources.version),
        _rule("getApiVersion", resources.get_api_version),
        _rule("getIcatUrl", resources.get_icat_url),
        _rule("isReadOnly", resources.is_read_only),
        _rule("isTwoLevel", resources.is_two_level),
        _rule("getServiceStatus", resources.get_service_status),
        _rule("getSize", resources.get_size),
        _rule("getStatus", resources.get_status),
        _rule("getDatafileIds", resources.get_datafile_ids),
        _rule("isPrepared", resources.is_prepared),
        _rule("prepareData", resources.prepare_data, "POST"),
        _rule("getData", resources.get_data),
        _rule("getLink", resources.get_link, "POST"),
        _rule("put", resources.put, "PUT"),
        _rule("put", resources.put_form, "POST"),
        _rule("delete", resources.delete, "DELETE"),
        _rule("archive", resources.archive, "POST"),
        _rule("restore", resources.restore, "POST"),
        _rule("write", resources.write, "POST"),
        _rule("reset", resources.reset, "POST"),
    ],
    strict_slashes=False,
    merge_slashes=False,
)


def session_of(query: str) -> str | None:
    """The session id in the query of an address."""
    return next(iter(parse_qs(query, max_num_fields=MAX_FIELDS).get("sessionId", ())), None)


def respond(service: DataService, request: Request, note: Callable[[str], Any]) -> Response:
    """The answer, refusals included. `note` is told the name of the call."""
    try:
        response = _respond(service, request, note)
    except IdsError as error:
        response = resources.failure(error)
    except IcatError as error:
        response = failure(error)
    except RequestEntityTooLarge:
        response = resources.failure(bad_request("The request is larger than this service accepts"))
    response.headers.update(CROSS_ORIGIN)
    return response


def failure(error: IcatError) -> Response:
    return resources.failure(of_icat(error))


def _respond(service: DataService, request: Request, note: Callable[[str], Any]) -> Response:
    try:
        resource, _ = ROUTES.bind_to_environ(request.environ).match()
    except MethodNotAllowed as error:
        if request.method == "OPTIONS":
            return Response(status=204)
        raise IdsError("BadRequestException", f"This call is not for {request.method}", 405) from error
    except HTTPException:
        raise not_found("There is no such call") from None
    note(resource.__name__)
    if request.path == PUT_PATH:
        request.max_content_length = None  # it would count the reading of the end, too
        if (request.content_length or 0) > service.settings.max_upload_bytes:
            raise bad_request(f"Files of more than {service.settings.max_upload_bytes} bytes are not accepted")
    return resource(service, request)  # type: ignore[no-any-return]
