"""A client of the embedded catalogue that only moves bytes: what it measures is the server, not a client's parsing."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from types import TracebackType
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

SOAP_PATH = "/ICATService/ICAT"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
XML = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


class Wire:
    """One connection that stays open, and a session. Every answer is read to its last byte; raises AssertionError for
    those that are no success."""

    def __init__(self, url: str, user: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=600)
        credentials = [{"username": user}, {"password": user}]
        document = json.dumps({"plugin": "simple", "credentials": credentials})
        body = self._send("POST", "/icat/session", urlencode({"json": document}).encode(), FORM)
        self._session: str = json.loads(body)["sessionId"]

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def rest(self, query: str) -> bytes:
        parameters = urlencode({"sessionId": self._session, "query": query})
        return self._send("GET", f"/icat/entityManager?{parameters}", None, {})

    def soap(self, query: str) -> bytes:
        return self._call("search", f"<query>{escape(query)}</query>")

    def create_many(self, beans: str) -> bytes:
        """`beans`: the elements as XML text."""
        return self._call("createMany", beans)

    def _call(self, operation: str, content: str) -> bytes:
        envelope = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/" '
            'xmlns:i="http://icatproject.org" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><S:Body>'
            f"<i:{operation}><sessionId>{self._session}</sessionId>{content}</i:{operation}></S:Body></S:Envelope>"
        )
        return self._send("POST", SOAP_PATH, envelope.encode(), XML)

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        assert response.status == 200, content[:2000]
        return content
