"""Calls below any client library: XML and JSON as they go over the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests
from lxml import etree

NAMESPACE = "http://icatproject.org"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE = '<e:Envelope xmlns:e="{soap}"><e:Body>{body}</e:Body></e:Envelope>'
SECONDS = 30


@dataclass
class Fault:
    type: str
    message: str
    offset: int


@dataclass
class SoapCalls:
    """SOAP requests written by hand."""

    url: str
    session_id: str

    def post(self, body: bytes | str, **headers: str) -> requests.Response:
        data = body.encode() if isinstance(body, str) else body
        heads = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', **headers}
        return requests.post(self.url, data=data, headers=heads, timeout=SECONDS)

    def send(self, operation: str, content: str = "", *, session: bool = True) -> requests.Response:
        own = f"<sessionId>{self.session_id}</sessionId>" if session else ""
        call = (
            f'<t:{operation} xmlns:t="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"{own}{content}</t:{operation}>"
        )
        return self.post(ENVELOPE.format(soap=SOAP, body=call))

    def call(self, operation: str, content: str = "", *, session: bool = True) -> list[etree._Element]:
        """The `return` elements of a successful call."""
        reply = self.send(operation, content, session=session)
        assert reply.status_code == 200, reply.text
        body = etree.fromstring(reply.content).find(f"{{{SOAP}}}Body")
        assert body is not None
        assert body[0].tag == f"{{{NAMESPACE}}}{operation}Response"
        return list(body[0])

    def refused(self, operation: str, content: str = "", *, session: bool = True) -> Fault:
        return fault_of(self.send(operation, content, session=session))


def fault_of(reply: requests.Response) -> Fault:
    """The fault of a reply, which must have HTTP status 500."""
    assert reply.status_code == 500, reply.text
    detail = etree.fromstring(reply.content).find(f".//detail/{{{NAMESPACE}}}IcatException")
    assert detail is not None, reply.text
    return Fault(detail.findtext("type", ""), detail.findtext("message", ""), int(detail.findtext("offset", "-1")))


@dataclass
class RestCalls:
    """REST requests of one session."""

    url: str
    session_id: str

    @classmethod
    def login(cls, url: str, user: str, plugin: str = "simple", password: str | None = None) -> RestCalls:
        credentials = [{"username": user}, {"password": password or user}]
        form = {"json": json.dumps({"plugin": plugin, "credentials": credentials})}
        reply = requests.post(f"{url}/session", data=form, timeout=SECONDS)
        assert reply.status_code == 200, reply.text
        return cls(url, reply.json()["sessionId"])

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(method, f"{self.url}/{path}", timeout=SECONDS, **more)

    def post(self, entities: Any) -> requests.Response:
        text = entities if isinstance(entities, str) else json.dumps(entities)
        return self.send("POST", "entityManager", data={"sessionId": self.session_id, "entities": text})

    def write(self, entities: Any) -> list[int]:
        """Ids of what was created."""
        reply = self.post(entities)
        assert reply.status_code == 200, reply.text
        ids: list[int] = reply.json()
        return ids

    def delete(self, entities: Any) -> requests.Response:
        return self.send(
            "DELETE", "entityManager", params={"sessionId": self.session_id, "entities": json.dumps(entities)}
        )

    def search(self, query: str) -> list[Any]:
        reply = self.send("GET", "entityManager", params={"sessionId": self.session_id, "query": query})
        assert reply.status_code == 200, reply.text
        found: list[Any] = reply.json()
        return found

    def refused(self, reply: requests.Response) -> tuple[int, str, str, int]:
        """Status, type, message and offset of an error."""
        body = reply.json()
        return reply.status_code, body["code"], body["message"], body.get("offset", -1)
