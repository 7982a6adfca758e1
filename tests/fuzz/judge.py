"""Whether an answer is one that ICAT could give."""

from __future__ import annotations

import json

from lxml import etree

from icat_schema.definitions import schema
from tests.fuzz.requests import SOAP_PATH, Request
from tests.fuzz.server import Reply

FAULT = ".//detail/{http://icatproject.org}IcatException"
FRAME_REFUSALS = {400, 404, 405, 411, 413, 414, 415, 417, 431, 501, 505}
"""What the HTTP server says of requests that never reach ICAT."""
UNFORESEEN = ("Unexpected failure", "Unexpected DB response")
"""How messages begin that tell of something which nobody foresaw."""


def problem(request: Request, reply: Reply) -> str | None:
    """What is wrong with the answer, None: nothing."""
    if reply.status == 0:
        return "the connection was closed without an answer"
    if request.method == "HEAD":
        return None
    if not reply.body:
        return None if reply.status in (200, 204, *FRAME_REFUSALS) else f"status {reply.status} without a body"
    path = request.path.partition("?")[0]
    is_soap = path.rstrip("/") == SOAP_PATH and request.method == "POST"
    return _soap(reply) if is_soap else _rest(reply)


def _soap(reply: Reply) -> str | None:
    if "xml" not in reply.content_type:
        return None if reply.status in FRAME_REFUSALS else f"status {reply.status} with {reply.content_type}"
    try:
        root = etree.fromstring(reply.body, etree.XMLParser(huge_tree=True))
    except etree.XMLSyntaxError as error:
        return f"not well-formed: {error}"
    fault = root.find(FAULT)
    if reply.status == 200:
        return "a fault with status 200" if fault is not None else None
    if reply.status != 500 or fault is None:
        return f"status {reply.status} without an IcatException"
    return _typed(fault.findtext("type", ""), fault.findtext("message", ""))


def _rest(reply: Reply) -> str | None:
    if reply.status < 300:
        return _success(reply)
    if "json" not in reply.content_type:
        return None if reply.status in FRAME_REFUSALS else f"status {reply.status} with {reply.content_type}"
    try:
        error = json.loads(reply.body)
        code, message = error["code"], error["message"]
    except (ValueError, KeyError, TypeError):
        return f"status {reply.status} without code and message"
    if schema().http_status.get(code) != reply.status:
        return f"status {reply.status} with code {code}"
    return _typed(code, message)


def _success(reply: Reply) -> str | None:
    if "json" not in reply.content_type:
        return None
    try:
        json.loads(reply.body)
    except ValueError as error:
        return f"not JSON: {error}"
    return None


def _typed(code: str, message: str) -> str | None:
    if code not in schema().http_status:
        return f"unknown type {code}"
    return f"unforeseen: {message}" if message.startswith(UNFORESEEN) else None
