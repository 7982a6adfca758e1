"""What every REST resource answers with, and how it reads forms and numbers."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request, Response

from icat_schema.server.entities.validate import UNWRITABLE
from icat_schema.server.errors import IcatError
from icat_schema.server.rest.answers import dump

FORM = "application/x-www-form-urlencoded"
NOT_IMPLEMENTED = "Operation not implemented by this ICAT server."
CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, PUT",
}
MAX_DIGITS = 19


def answer(document: Any) -> Response:
    return json_response(dump(document))


def json_response(text: str, status: int = 200) -> Response:
    return Response(text, status, CROSS_ORIGIN, content_type="application/json")


def text_response(text: str) -> Response:
    return Response(text, 200, CROSS_ORIGIN, content_type="text/plain;charset=utf-8")


def no_content() -> Response:
    return Response(status=204, headers=CROSS_ORIGIN)


def failure(error: IcatError) -> Response:
    """ICAT's error body with the status of the type."""
    message = UNWRITABLE.sub("\ufffd", error.message)  # it may quote what came in
    body: dict[str, Any] = {"code": error.type, "message": message}
    if error.offset >= 0:
        body["offset"] = error.offset
    return json_response(dump(body), error.http_status)


def not_implemented() -> IcatError:
    return IcatError("NOT_IMPLEMENTED", NOT_IMPLEMENTED)


def number_of(text: str) -> int:
    """A number in a path, query or form; ICAT's framework takes a bad one for an unknown path."""
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > MAX_DIGITS:
        raise not_implemented()
    return int(text)


def form_of(request: Request) -> Any:
    """The fields of a form. Raises IcatError of type INTERNAL for any other content."""
    if request.mimetype != FORM:
        raise IcatError("INTERNAL", f"Cannot consume content type {request.mimetype or 'none'}: send {FORM}")
    return request.form
