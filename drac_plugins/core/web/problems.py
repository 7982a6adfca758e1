"""Failures out to HTTP, by one table and in three forms: plain text on the ICAT+ wire, problem documents (RFC 9457) on
our own interfaces, a page on our pages. Nothing that a client can cause answers 500."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from flask import Flask, Response, current_app, g, json, render_template, request
from werkzeug.exceptions import HTTPException

from drac_plugins.core import errors
from drac_plugins.core.web.callers import session_refused_status
from icat_schema.gateway import errors as catalogue_errors

Wire = Literal["text", "problem", "page"]
"""Form of the errors of a blueprint."""

_LOG = logging.getLogger("drac.web")
_RETRY_SECONDS = 5
SESSION_TEXT = "The session is unknown or has expired; log in again (POST /session)"
_ACCOUNT_TEXT = "A service account of this facade cannot log in to the catalogue; the operator should run: drac doctor"


@dataclass(frozen=True, slots=True)
class Problem:
    status: int
    text: str
    code: str
    headers: Mapping[str, str] = field(default_factory=dict)


_OURS: tuple[tuple[type[errors.DracError], int], ...] = (
    (errors.Invalid, 400),
    (errors.BadCredentials, 403),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.NotSupported, 501),
    (errors.Unavailable, 503),
    (errors.UpstreamBroken, 502),
)
_CATALOGUE: tuple[tuple[type[catalogue_errors.CatalogueError], int, str], ...] = (
    (catalogue_errors.AccessDenied, 403, errors.Forbidden.code),
    (catalogue_errors.ObjectNotFound, 404, errors.NotFound.code),
    (catalogue_errors.DataNotOnline, 404, "data.not-online"),
    (catalogue_errors.ObjectExists, 409, errors.Conflict.code),
    (catalogue_errors.InvalidRequest, 400, errors.Invalid.code),
    (catalogue_errors.CatalogueUnavailable, 503, errors.Unavailable.code),
    (catalogue_errors.CatalogueBroken, 502, errors.UpstreamBroken.code),
)


def install(app: Flask) -> None:
    """Register the handlers; they are the only ones of the app."""
    app.register_error_handler(errors.DracError, _answer)
    app.register_error_handler(catalogue_errors.CatalogueError, _answer)
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(Exception, _answer)


def problem_of(error: Exception) -> Problem:
    """What a failure means for the client."""
    if isinstance(error, errors.NotSignedIn):
        return _session_problem(error.message)
    if isinstance(error, errors.DracError):
        status = next((status for kind, status in _OURS if isinstance(error, kind)), 500)
        return _with_retry(Problem(status, error.message, error.code))
    if isinstance(error, catalogue_errors.CatalogueError):
        return _catalogue_problem(error)
    if isinstance(error, HTTPException):
        return _http_problem(error)
    text = f"Something went wrong here; tell the operator the request id {g.get('drac_request_id', '')}"
    return Problem(500, text, errors.DracError.code)


def _session_problem(text: str) -> Problem:
    status = session_refused_status()
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return Problem(status, text, errors.NotSignedIn.code, headers)


def _catalogue_problem(error: catalogue_errors.CatalogueError) -> Problem:
    if isinstance(error, catalogue_errors.SessionInvalid):
        return _session_problem(SESSION_TEXT)
    if isinstance(error, catalogue_errors.LoginRefused):
        return Problem(503, _ACCOUNT_TEXT, errors.Unavailable.code)
    for kind, status, code in _CATALOGUE:
        if isinstance(error, kind):
            return _with_retry(Problem(status, f"Catalogue: {error.message}", code))
    return Problem(502, f"Catalogue: {error.message}", errors.UpstreamBroken.code)


def _http_problem(error: HTTPException) -> Problem:
    status = error.code or 500
    headers = {
        name: value
        for name, value in error.get_headers(request.environ)
        if name.lower() not in ("content-type", "content-length")
    }
    texts = {
        404: f"There is nothing at {request.method} {request.url_rule or '/'.join(['', *_first_segment()])}; "
        "the operations are listed at /api-docs/",
        405: f"{request.method} is not possible here; possible are: {headers.get('Allow', '')}",
        413: f"The body is larger than this service takes ({current_app.config.get('MAX_CONTENT_LENGTH')} bytes)",
    }
    text = texts.get(status) or error.description or HTTPStatus(status).phrase
    return Problem(status, text, f"http.{status}", headers)


def _with_retry(problem: Problem) -> Problem:
    if problem.status != HTTPStatus.SERVICE_UNAVAILABLE:
        return problem
    return Problem(problem.status, problem.text, problem.code, {"Retry-After": str(_RETRY_SECONDS)})


def _answer(error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.response is not None:
        return current_app.make_response(error.get_response(request.environ))
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return current_app.make_response(error.get_response(request.environ))
    problem = problem_of(error)
    _log(error, problem)
    wire = wire_of_request()
    if wire == "page":
        body, content_type = _page(problem), "text/html; charset=utf-8"
    elif wire == "problem":
        body, content_type = _document(problem), "application/problem+json"
    else:
        body, content_type = problem.text, "text/plain; charset=utf-8"
    return Response(body, problem.status, headers=dict(problem.headers), content_type=content_type)


def _log(error: Exception, problem: Problem) -> None:
    if isinstance(error, errors.DracError | catalogue_errors.CatalogueError | HTTPException):
        if problem.status >= 500:
            _LOG.warning("%s: %s", type(error).__name__, problem.text)
    else:
        _LOG.error("unexpected %s", type(error).__name__, exc_info=error)


def wire_of_request() -> Wire:
    """Form of errors: that of the blueprint which answers; where none does, of the one whose paths begin alike."""
    by_blueprint: Mapping[str, Wire] = current_app.extensions["drac_wires"]
    answering = by_blueprint.get(request.blueprint or "")
    if answering is not None:
        return answering
    first = _first_segment()
    for rule in current_app.url_map.iter_rules():
        if first and rule.rule.lower().split("/")[1:2] == [first[0].lower()]:
            return by_blueprint.get(rule.endpoint.rpartition(".")[0], "text")
    return "text"


def _first_segment() -> list[str]:
    """Only the first: the others may hold a session id or an API key."""
    return [part for part in request.path.split("/") if part][:1]


def _document(problem: Problem) -> str:
    document: dict[str, Any] = {
        "type": f"urn:drac:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.text,
        "code": problem.code,
        "requestId": g.get("drac_request_id", ""),
    }
    return json.dumps(document)


def _page(problem: Problem) -> str:
    """`error.html` of the portal where it is switched on, else our bare one."""
    title = HTTPStatus(problem.status).phrase
    request_id = g.get("drac_request_id", "")
    return render_template(["error.html", "core/error.html"], problem=problem, title=title, request_id=request_id)
