"""What every answer carries: JSON as the clients decode it, CORS, security headers, a request id, a mark by which it is
known again, a line in the log, a place in the figures."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, request
from flask.json.provider import DefaultJSONProvider
from flask_compress import Compress

from drac_plugins.core.logs import request_id
from drac_plugins.core.settings import Web
from drac_plugins.core.web.fields import facility_zone, wire_datetime
from drac_plugins.core.web.problems import wire_of_request

if TYPE_CHECKING:
    from drac_plugins.core.web.figures import Figures

JSON_TYPE = "application/json; charset=utf-8"
_ACCESS = logging.getLogger("drac.access")
_LOG = logging.getLogger("drac.web")
_METHODS = "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS"
_EXPOSED = "Content-Disposition,Content-Length,Location,X-Request-Id"
NO_ROUTE = "(no route)"
_COMPRESSION = {
    "COMPRESS_REGISTER": False,
    "COMPRESS_ALGORITHM": ["zstd", "gzip"],
    "COMPRESS_ALGORITHM_STREAMING": ["zstd", "gzip"],
    "COMPRESS_LEVEL": 1,  # a higher one takes longer than reading the data, and saves little of texts so alike
    "COMPRESS_ZSTD_LEVEL": 1,
    "COMPRESS_MIN_SIZE": 1400,  # one packet
    "COMPRESS_EVALUATE_CONDITIONAL_REQUEST": False,
}
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


def streamed(pieces: Iterator[bytes]) -> Response:
    """A JSON answer that is sent while it is made. What fails before the first piece is there is answered as usual;
    what fails later breaks the connection off, so that nobody takes the part for the whole. A single piece is sent as
    any other answer."""
    first = next(pieces, b"")
    second = next(pieces, None)
    if second is None:
        return Response(first, content_type=JSON_TYPE)
    return Response(_told(chain((first, second), pieces)), content_type=JSON_TYPE)


def _told(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except Exception as error:
        _LOG.warning("an answer ends early: %s: %s", type(error).__name__, getattr(error, "message", ""))
        raise


def text_reply(text: str, status: int = 200) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")


def empty_reply(status: int = 204) -> Response:
    """No body and no content type."""
    response = Response(status=status)
    response.headers.pop("Content-Type", None)
    return response


def install(app: Flask, web: Web) -> None:
    """Put the headers and the access log around every answer of the app."""
    from drac_plugins.core.web.figures import Figures  # its library looks at the environment when it is imported

    app.json = JsonProvider(app)
    app.config.update(_COMPRESSION)
    compress = Compress()
    compress.init_app(app)
    figures = app.extensions["drac_figures"] = Figures()

    @app.before_request
    def begin() -> Response | None:
        given = request.headers.get(web.request_id_header, "") if web.request_id_header else ""
        g.drac_request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex[:16]
        g.drac_begun = time.perf_counter()
        request_id.set(g.drac_request_id)
        return empty_reply() if request.method == "OPTIONS" else None

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers.setdefault("X-Request-Id", g.get("drac_request_id", "-"))
        _secure(response)
        _mark(response)
        if _may_be_compressed(response):
            response = compress.after_request(response)
        _allow_origin(response, web.cors_origins)
        _account(response, figures)
        return response


def _secure(response: Response) -> None:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")  # paths hold session ids
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cache-Control", "no-store")
    page = response.mimetype == "text/html" or wire_of_request() == "page"
    headers.setdefault("Content-Security-Policy", _PAGE_POLICY if page else _DATA_POLICY)


def _mark(response: Response) -> None:
    """The same answer to the same caller has the same weak ETag, so that it need not be sent again. It is made from the
    answer, which was made with the caller's rights: knowing a mark gives nothing to others."""
    if request.method in ("GET", "HEAD") and _is_json(response) and not response.is_streamed:
        if "ETag" not in response.headers:
            response.set_etag(blake2b(response.get_data(), digest_size=16).hexdigest(), weak=True)
            response.vary.update(("Authorization", "Cookie"))
        response.make_conditional(request)


def _may_be_compressed(response: Response) -> bool:
    """Our own data only. Not pages: they hold tokens beside what the caller sent. Not files: most are compressed, and
    are asked for in ranges."""
    return _is_json(response) and "Content-Disposition" not in response.headers


def _is_json(response: Response) -> bool:
    return response.status_code == 200 and response.mimetype == "application/json"


def _allow_origin(response: Response, origins: tuple[str, ...]) -> None:
    origin = request.headers.get("Origin")
    headers = response.headers
    if "*" in origins:
        headers["Access-Control-Allow-Origin"] = "*"
    else:
        response.vary.add("Origin")
        if origin not in origins:
            return
        headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS":
        asked = request.headers.get("Access-Control-Request-Headers", "Authorization,Content-Type,Accept")
        headers["Access-Control-Allow-Methods"] = _METHODS
        headers["Access-Control-Allow-Headers"] = asked
        headers["Access-Control-Max-Age"] = "600"
        response.vary.add("Access-Control-Request-Headers")


def _account(response: Response, figures: Figures) -> None:
    """When the answer has been sent. The rule stands for the path: session ids and API keys in paths get neither into
    the log nor into the figures."""
    rule = request.url_rule.rule if request.url_rule else NO_ROUTE
    method, status, wanted = request.method, response.status_code, g.get("drac_request_id", "-")
    begun = g.get("drac_begun", time.perf_counter())

    def sent() -> None:
        seconds = time.perf_counter() - begun
        figures.count(method, rule, status, seconds)
        facts = {"method": method, "route": rule, "status": status, "milliseconds": round(seconds * 1000)}
        request_id.set(wanted)
        _ACCESS.info("%s %s %d %.0f ms", method, rule, status, seconds * 1000, extra={"facts": facts})

    if response.is_streamed:
        response.call_on_close(sent)
    else:
        sent()
