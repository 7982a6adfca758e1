"""The HTTP side: which path is what, and every failure as ICAT answers it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from icat_schema.server.errors import IcatError
from icat_schema.server.ids import routes as ids
from icat_schema.server.ids.service import DataService
from icat_schema.server.ids.settings import IDS_PATH
from icat_schema.server.rest import aids, lucene, replies, resources
from icat_schema.server.service import Service, current_address, current_user
from icat_schema.server.settings import REST_PATH, SOAP_PATH
from icat_schema.server.soap import envelope, operations, wsdl
from icat_schema.server.store.again import again

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger("icat.server")

Resource = Callable[..., Response]

_operation: ContextVar[str] = ContextVar("operation")


def _rest(path: str, resource: Resource, method: str = "GET") -> Rule:
    return Rule(REST_PATH + path, endpoint=resource, methods=[method])


ROUTES = Map(
    [
        Rule(SOAP_PATH, endpoint="soap"),
        _rest("/version", resources.version),
        _rest("/properties", resources.properties),
        _rest("/session", resources.login, "POST"),
        _rest("/session/<session_id>", resources.show_session),
        _rest("/session/<session_id>", resources.refresh, "PUT"),
        _rest("/session/<session_id>", resources.logout, "DELETE"),
        _rest("/user/<name>", resources.user),
        _rest("/user/<mnemonic>/<path:name>", resources.user),
        _rest("/entityManager", resources.read),
        _rest("/entityManager", resources.write, "POST"),
        _rest("/entityManager", resources.delete, "DELETE"),
        _rest("/cloner", resources.copy, "POST"),
        _rest("/port", resources.export),
        _rest("/port", resources.import_, "POST"),
        _rest("/jpql", resources.jpql),
        _rest("/lucene/data", lucene.search_text),
        _rest("/lucene/db", lucene.show_populating),
        _rest("/lucene/db", lucene.commit_text, "POST"),
        _rest("/lucene/db", lucene.clear_text, "DELETE"),
        _rest("/lucene/db/<entity>/<minimum>", lucene.populate_text, "POST"),
        _rest("/sleep/<seconds>", aids.sleep),
        _rest("/waitMillis", aids.wait_millis, "POST"),
        _rest("/gatekeeper/markPublicTablesStale", aids.mark_stale, "POST"),
        _rest("/gatekeeper/markPublicStepsStale", aids.mark_stale, "POST"),
    ],
    strict_slashes=False,
    merge_slashes=False,
)

TEXTS = (resources.export, resources.jpql)
"""What answers in text, not in JSON."""

REPEATABLE = (resources.write, resources.delete, resources.copy)
"""Writes whose request is in memory, so that it can be read a second time."""


def application(
    service: Service, files: DataService | None = None
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """The WSGI application. Forwarded headers of one proxy decide the address that the WSDL names."""
    proxies = service.settings.proxies
    return ProxyFix(Application(service, files), x_for=proxies, x_proto=1, x_host=1, x_port=1, x_prefix=1)


class Application:
    """Routes requests to SOAP, REST and the data service; logs each in one line, without session ids and passwords."""

    def __init__(self, service: Service, files: DataService | None) -> None:
        self._service = service
        self._files = files

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = self._service.settings.max_request_bytes
        request.max_form_memory_size = self._service.settings.max_request_bytes
        started = time.perf_counter()
        _operation.set("")
        current_user.set(None)
        current_address.set(request.remote_addr or "")
        response = self._respond(request)
        self._log(request, response, (time.perf_counter() - started) * 1000)
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        files = self._files
        if files is not None and request.path.startswith(IDS_PATH + "/"):
            return self._guarded(lambda: ids.respond(files, request, _operation.set), ids.failure)
        try:
            resource, values = ROUTES.bind_to_environ(request.environ).match()
        except HTTPException as error:
            return _unrouted(request, error)
        if resource == "soap":
            return self._soap(request)
        _operation.set(resource.__name__)
        return self._guarded(lambda: self._rest(request, resource, values), replies.failure)

    def _rest(self, request: Request, resource: Resource, values: Mapping[str, Any]) -> Response:
        kind = "text/plain" if resource in TEXTS else "application/json"
        if request.accept_mimetypes and not request.accept_mimetypes[kind]:
            raise IcatError("INTERNAL", f"No match for accept header: answers are {kind}")
        if resource in REPEATABLE:
            return again(lambda: resource(self._service, request, **values))
        return resource(self._service, request, **values)

    def _soap(self, request: Request) -> Response:
        if request.method == "POST":
            return self._guarded(lambda: again(lambda: self._soap_call(request)), _fault)
        address = request.root_url.rstrip("/") + SOAP_PATH
        if "wsdl" in {name.lower() for name in request.args}:
            return Response(wsdl.service_document(address), content_type=envelope.CONTENT_TYPE)
        if "xsd" in request.args:
            return Response(wsdl.schema_document(), content_type=envelope.CONTENT_TYPE)
        return Response(f"ICAT SOAP service, described at {address}?wsdl\n", content_type="text/plain;charset=utf-8")

    def _soap_call(self, request: Request) -> Response:
        if request.mimetype not in ("", *envelope.MEDIA_TYPES):
            text = f"Unsupported Content-Type: {request.mimetype}, supported: {envelope.MEDIA_TYPES[0]}\n"
            return Response(text, 415, content_type="text/plain;charset=utf-8")
        body = request.get_data()
        session_id = envelope.session_of_large(body)
        if session_id is not None:
            self._service.user_name(session_id)
        wrapper = envelope.read_call(body)
        _operation.set(str(wrapper.tag).rpartition("}")[2])
        return operations.answer(self._service, wrapper).response(envelope.CONTENT_TYPE)

    @staticmethod
    def _guarded(answer: Callable[[], Response], failure: Callable[[IcatError], Response]) -> Response:
        """Every failure in the words of the wire. What nobody foresaw is logged with its traceback, and told by its
        kind alone: its text may hold what the caller must not see."""
        try:
            return answer()
        except IcatError as error:
            return failure(error)
        except RequestEntityTooLarge:
            return failure(IcatError("BAD_PARAMETER", "The request is larger than this server accepts"))
        except SQLAlchemyError as error:
            log.exception("database trouble in %s", _operation.get())
            return failure(IcatError("INTERNAL", f"Unexpected DB response {type(error).__name__}"))
        except Exception as error:
            log.exception("unexpected failure in %s", _operation.get())
            return failure(IcatError("INTERNAL", f"Unexpected failure {type(error).__name__}"))

    @staticmethod
    def _log(request: Request, response: Response, milliseconds: float) -> None:
        # The path is left out: it holds the session id of some calls.
        log.info(
            "wire=%s method=%s op=%s user=%s status=%d ms=%.1f bytes=%s",
            _wire(request.path),
            request.method,
            json.dumps(_operation.get()[:64]),
            json.dumps(current_user.get()),
            response.status_code,
            milliseconds,
            response.content_length,
        )


def _wire(path: str) -> str:
    if path.startswith(IDS_PATH + "/"):
        return "ids"
    return "soap" if path == SOAP_PATH else "rest"


def _fault(error: IcatError) -> Response:
    return Response(envelope.fault(error), 500, content_type=envelope.CONTENT_TYPE)


def _unrouted(request: Request, error: HTTPException) -> Response:
    """Below the REST path ICAT answers unknown paths and wrong methods in JSON."""
    if not request.path.startswith(REST_PATH + "/"):
        text = f"Nothing here: SOAP is at {SOAP_PATH}?wsdl, REST below {REST_PATH}/\n"
        return Response(text, 404, content_type="text/plain;charset=utf-8")
    if isinstance(error, NotFound):
        return replies.failure(replies.not_implemented())
    if isinstance(error, MethodNotAllowed):
        return replies.failure(IcatError("INTERNAL", f"No resource method found for {request.method}"))
    return replies.failure(IcatError("INTERNAL", error.description or error.name))
