"""What every answer carries: JSON as the clients decode it, CORS, security headers, a request id, a line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from datetime import date, datetime
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask.json.provider import DefaultJSONProvider

from drac_plugins.core.logs import request_id
from drac_plugins.core.settings import Web
from drac_plugins.core.web.fields import facility_zone, wire_datetime
from drac_plugins.core.web.problems import wire_of_request

JSON_TYPE = "application/json; charset=utf-8"
_ACCESS = logging.getLogger("drac.access")
_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS"
_EXPOSED = "Content-Disposition,Content-Length,Location,X-Request-Id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class JsonProvider(DefaultJSONProvider):
    """Compact, UTF-8, keys in the order given, moments as `wire_datetime`, days as YYYY-MM-DD."""

    ensure_ascii = False
    sort_keys = False
    mimetype = JSON_TYPE

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        kwargs.setdefault("separators", (",", ":"))
        return super().dumps(obj, **kwargs)

    @staticmethod
    def default(value: Any) -> Any:
        if isinstance(value, datetime):
            return wire_datetime(value, facility_zone())
        if isinstance(value, date):
            return value.isoformat()
        return DefaultJSONProvider.default(value)


def json_reply(value: Any, status: int = 200) -> Response:
    """A JSON answer without a schema in between, for views that return long lists of ready-made dictionaries."""
    return Response(current_app.json.dumps(value), status, content_type=JSON_TYPE)


def text_reply(text: str, status: int = 200) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")


def empty_reply(status: int = 204) -> Response:
    """No body and no content type."""
    response = Response(status=status)
    response.headers.pop("Content-Type", None)
    return response


def install(app: Flask, web: Web) -> None:
    """Put the headers and the access log around every answer of the app."""
    app.json = JsonProvider(app)

    @app.before_request
    def begin() -> Response | None:
        given = request.headers.get("X-Request-Id", "")
        g.drac_request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex[:16]
        g.drac_begun = time.perf_counter()
        request_id.set(g.drac_request_id)
        return empty_reply() if request.method == "OPTIONS" else None

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.setdefault("X-Request-Id", g.get("drac_request_id", "-"))
        _secure(response)
        _allow_origin(response, web.cors_origins)
        _log(response)
        return response


def _secure(response: Response) -> None:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")  # paths hold session ids
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cache-Control", "no-store")
    page = response.mimetype == "text/html" or wire_of_request() == "page"
    headers.setdefault("Content-Security-Policy", _PAGE_POLICY if page else _DATA_POLICY)


def _allow_origin(response: Response, origins: tuple[str, ...]) -> None:
    origin = request.headers.get("Origin")
    headers = response.headers
    if "*" in origins:
        headers["Access-Control-Allow-Origin"] = "*"
    else:
        headers.add("Vary", "Origin")
        if origin not in origins:
            return
        headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS":
        asked = request.headers.get("Access-Control-Request-Headers", "Authorization,Content-Type,Accept")
        headers["Access-Control-Allow-Methods"] = _METHODS
        headers["Access-Control-Allow-Headers"] = asked
        headers["Access-Control-Max-Age"] = "600"
        headers.add("Vary", "Access-Control-Request-Headers")


def _log(response: Response) -> None:
    """The rule instead of the path: session ids and API keys in paths never get into the log."""
    rule = request.url_rule.rule if request.url_rule else "(no route)"
    milliseconds = (time.perf_counter() - g.get("drac_begun", time.perf_counter())) * 1000
    _ACCESS.info("%s %s %d %.0f ms", request.method, rule, response.status_code, milliseconds)
