"""HTTP requests as bytes, and the recorded ones to start from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from lxml import etree

from tests.exchanges.wire import ARGUMENTS, NS, XSI, add_argument, envelope

RECORDED = Path(__file__).parents[1] / "exchanges" / "exchanges.jsonl"
SESSION = "SESSIONSESSION"
"""Stands for the session of whoever sends the request."""
PLACE = re.compile(r"\$\{([^}]*)\}")
SOAP_PATH = "/ICATService/ICAT"
FORM = "application/x-www-form-urlencoded"
XML = "text/xml; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """`chunked`: the body goes in pieces of this many bytes; 0: as a whole."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunked: int = 0

    def raw(self, session: str) -> bytes:
        """As it goes over the wire, with the session filled in."""
        body = self.body.replace(SESSION.encode(), session.encode())
        path = self.path.replace(SESSION, session)
        lines = [f"{self.method} {path} HTTP/1.1", "Host: catalogue"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.chunked:
            lines.append("Transfer-Encoding: chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in _pieces(body, self.chunked)) + b"0\r\n\r\n"
        elif body or self.method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body

    def with_body(self, body: bytes) -> Request:
        return replace(self, body=body)


def _pieces(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def soap_request(body: bytes) -> Request:
    return Request("POST", SOAP_PATH, {"Content-Type": XML, "SOAPAction": '""'}, body)


def search_request(query: str | bytes) -> Request:
    return Request("GET", f"/icat/entityManager?sessionId={SESSION}&query={quote(query)}")


def get_request(query: str | bytes, id_: int) -> Request:
    return Request("GET", f"/icat/entityManager?sessionId={SESSION}&query={quote(query)}&id={id_}")


def write_request(entities: str | bytes) -> Request:
    form = urlencode({"sessionId": SESSION, "entities": entities})
    return Request("POST", "/icat/entityManager", {"Content-Type": FORM}, form.encode())


@cache
def recorded_steps() -> tuple[dict[str, Any], ...]:
    """The calls of all recorded cases, references to objects replaced by small ids."""
    with RECORDED.open(encoding="utf-8") as lines:
        next(lines)
        steps = [step for line in lines for step in json.loads(line)["steps"]]
    return tuple({json.dumps(step, sort_keys=True): _filled(step) for step in steps}.values())


def recorded_queries() -> list[str]:
    return sorted({step["query"] for step in recorded_steps() if step.get("query")})


def recorded_soap() -> list[Request]:
    found = []
    for step in recorded_steps():
        if "envelope" in step:
            found.append(soap_request(step["envelope"].encode()))
        elif "soap" in step:
            wrapper = etree.Element(f"{{{NS}}}{step['soap']}", nsmap={"tns": NS, "xsi": XSI})
            for name in ARGUMENTS[step["soap"]]:
                value = SESSION if name == "sessionId" and step["soap"] != "logout" else step.get(name)
                if value is not None:
                    add_argument(wrapper, name, value)
            found.append(soap_request(envelope(wrapper)))
    return found


def recorded_rest() -> list[Request]:
    return [_rest(step) for step in recorded_steps() if isinstance(step.get("rest"), str)]


def _rest(step: dict[str, Any]) -> Request:
    method, _, path = step["rest"].partition(" ")
    parameters = {name: _text(value) for name, value in step.get("params", {}).items()}
    headers = {**step.get("headers", {})}
    body = b""
    if "form" in step:
        headers.setdefault("Content-Type", FORM)
        body = urlencode({name: _text(value) for name, value in step["form"].items()}).encode()
    elif "multipart" in step:
        headers["Content-Type"] = "multipart/form-data; boundary=frontier"
        parts = "".join(_part(name, _text(value)) for name, value in step["multipart"].items())
        body = f"{parts}--frontier--\r\n".encode()
    query = f"?{urlencode(parameters)}" if parameters else ""
    return Request(method, f"/icat/{quote(path)}{query}", headers, body)


def _part(name: str, text: str) -> str:
    return f'--frontier\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n{text}\r\n'


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part) for part in value]
    return PLACE.sub(_replacement, value) if isinstance(value, str) else value


def _replacement(found: re.Match[str]) -> str:
    """The session that a case opens for itself is one that nobody has: its log-out would end all that follows."""
    if found[1] == "new session":
        return "3c4d7c54-0000-4000-8000-000000000000"
    return SESSION if "session" in found[1] else str(1 + len(found[1]) % 9)
