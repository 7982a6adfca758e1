"""Calls on a running catalogue as one user, over one connection that is kept until the server has had enough of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import urllib3

from tests.server.wire.raw import ENVELOPE, NAMESPACE, SOAP

SECONDS = 60
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FAULT_TYPE = re.compile(rb"<type>(\w+)</type>")
RETURNED = re.compile(rb"<return[^>]*>(\w+)</return>")


class Calls:
    """REST, and the one operation that only SOAP has. `user` is the name in the catalogue, such as `db/nbour`."""

    def __init__(self, url: str, user: str, plugin: str, credentials: Mapping[str, str]) -> None:
        self.user = user
        self._http = urllib3.connection_from_url(url, timeout=SECONDS, retries=False)
        keys = [{key: value} for key, value in credentials.items()]
        form = urlencode({"json": json.dumps({"plugin": plugin, "credentials": keys})})
        status, body = self._send("POST", "/icat/session", form, FORM)
        assert status == 200, body
        self._session = json.loads(body)["sessionId"]

    def close(self) -> None:
        self._http.close()

    def search(self, query: str) -> list[Any]:
        status, found = self._get({"query": query})
        assert status == 200, f"{query}: {found}"
        rows: list[Any] = found
        return rows

    def get(self, entity: str, id_: int) -> str:
        """`ok`, or the type of the refusal."""
        return _outcome(*self._get({"query": entity, "id": id_}))

    def write(self, *changes: Mapping[str, Any]) -> str:
        """Create and change all or nothing: `ok`, or the type of the refusal."""
        form = urlencode({"sessionId": self._session, "entities": json.dumps(changes)})
        return _outcome(*self._json("POST", "/icat/entityManager", form, FORM))

    def create(self, *objects: Mapping[str, Any]) -> list[int]:
        form = urlencode({"sessionId": self._session, "entities": json.dumps(objects)})
        status, ids = self._json("POST", "/icat/entityManager", form, FORM)
        assert status == 200, ids
        made: list[int] = ids
        return made

    def delete(self, *references: Mapping[str, Any]) -> str:
        query = urlencode({"sessionId": self._session, "entities": json.dumps(references)})
        return _outcome(*self._json("DELETE", f"/icat/entityManager?{query}"))

    def is_access_allowed(self, bean: str, access: str) -> str:
        """`true`, `false`, or the type of the fault."""
        call = (
            f'<t:isAccessAllowed xmlns:t="{NAMESPACE}" xmlns:xsi="{XSI}"><sessionId>{self._session}</sessionId>'
            f"{bean}<accessType>{access}</accessType></t:isAccessAllowed>"
        )
        body = ENVELOPE.format(soap=SOAP, body=call)
        status, reply = self._send("POST", "/ICATService/ICAT", body, {"Content-Type": "text/xml; charset=utf-8"})
        found = (RETURNED if status == 200 else FAULT_TYPE).search(reply)
        assert found is not None, reply
        return found[1].decode()

    def _get(self, parameters: Mapping[str, Any]) -> tuple[int, Any]:
        return self._json("GET", f"/icat/entityManager?{urlencode({'sessionId': self._session, **parameters})}")

    def _json(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> Any:
        status, reply = self._send(method, path, body, headers or {})
        return status, json.loads(reply) if reply else None

    def _send(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        reply = self._http.urlopen(method, path, None if body is None else body.encode(), dict(headers))
        return reply.status, reply.data


def _outcome(status: int, body: Any) -> str:
    return "ok" if status < 300 else body["code"]


def bean(entity: str, values: Mapping[str, Any]) -> str:
    """An object of a REST call as an element of a SOAP call."""
    type_ = entity[0].lower() + entity[1:]
    return f'<bean xsi:type="t:{type_}">{"".join(_elements(values))}</bean>'


def _elements(values: Mapping[str, Any]) -> list[str]:
    return [f"<{name}>{_content(value)}</{name}>" for name, value in values.items()]


def _content(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_elements(value))
    return str(value).lower() if isinstance(value, bool) else escape(str(value))
