"""Hostile requests to every operation that the facade describes, and to its pages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

HOSTILE = (
    "",
    " ",
    "-1",
    "0",
    "1.5",
    "1e400",
    "NaN",
    "99999999999999999999999",
    "-9223372036854775809",
    "１２",
    "true",
    "null",
    "undefined",
    "2026-02-31",
    "9999999-01-01",
    "1,2,,x",
    ",".join(["7"] * 1500),
    "'",
    "' OR '1'='1",
    '"); DROP TABLE DATASET; --',
    "x') OR o.id IN (SELECT d.id FROM Dataset d) OR ('1'='1",
    "\\",
    "%",
    "_",
    "a/b/../../c",
    "../../../../etc/passwd",
    "\x00",
    "a\x00b\x08",
    "\ufffe",
    "日本語 ä \U0001f600",
    "‮",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}%s%n",
    "\r\nSet-Cookie: a=b",
    "Process_note~eq~' OR 1=1",
    "a~between~1;2,b~in~;;,~~~",
    "a~gt~NaN,b~like~%,c~regex~(a+)+$",
    "A" * 6000,
)
RAW = (
    "%2F",
    "%2e%2e%2f%2e%2e%2f",
    "%00",
    "%ff%fe",
    "%ED%A0%80",
    "%",
    "%zz",
    "%252F",
    "a%2Fb%2Fc",
    ";x=y",
    "//",
    "?",
    "#",
)
BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"7",
    b"{}",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b'{"plugin": 7, "username": [], "password": {}}',
    b'{"plugin": "../../x", "username": "ada", "password": "x"}',
    b'{"plugin": "simple", "username": "ada\\u0000", "password": "\\ud800"}',
    b'{"plugin": "simple", "username": "' + b"a" * 100_000 + b'", "password": "x"}',
    b'{"plugin": "simple", "username": "ada"}',
    b'{"datasetIds": "x"}',
    b'{"datasetIds": [-1, 1e99, "1; DROP", null, true, {}]}',
    b'{"datasetIds": [NaN, Infinity]}',
    b'{"datasetIds": [' + b",".join([b"7"] * 20_000) + b"]}",
    b"plugin=simple&username=ada",
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
)
TYPES = (
    "application/json",
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
)
METHODS = ("POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "OPTIONS", "HEAD", "ODD")
PAGES: Mapping[str, tuple[str, ...]] = {
    "/portal/": ("q", "instrument", "page"),
    "/portal/investigations/{id}": ("page", "display", "shell", "statistic", "symmetry"),
    "/portal/datasets/{id}": ("page", "display", "shell", "statistic", "symmetry"),
    "/portal/datasets/{id}/gallery/{resource}": (),
    "/portal/log-in": ("next",),
    "/portal/log-in/openid": ("next",),
    "/portal/log-in/openid/return": ("code", "state", "error", "error_description"),
    "/portal/static/{path}": (),
    "/api-docs/{path}": (),
    "/health": ("x",),
    "/{path}": ("x",),
}


@dataclass(frozen=True)
class Shot:
    """One request. `path` is percent-encoded."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path[:150]} {str(dict(self.query))[:150]} {(self.body or b'')[:80]!r}"


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    variables: tuple[str, ...]
    query: tuple[str, ...]
    body: bool


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation of a swagger document but those whose answer goes on and on."""
    for path, item in document["paths"].items():
        for method in item.keys() & {"get", "post", "put", "delete", "patch"}:
            if path.endswith("/stream"):
                continue
            described = [*item.get("parameters", ()), *item[method].get("parameters", ())]
            yield Operation(
                method.upper(),
                path,
                tuple(p["name"] for p in described if p["in"] == "path"),
                tuple(p["name"] for p in described if p["in"] == "query"),
                "requestBody" in item[method],
            )


def pages() -> Iterator[Operation]:
    """The routes that the document does not describe."""
    for path, query in PAGES.items():
        variables = tuple(part.strip("{}") for part in path.split("/") if part.startswith("{"))
        yield Operation("GET", path, variables, query, body=False)
    yield Operation("POST", "/portal/log-in", (), (), body=True)
    yield Operation("POST", "/portal/log-out", (), (), body=True)


def shots(operation: Operation, good: Mapping[str, str], known: Collection[str] = ()) -> Iterator[Shot]:
    """`good`: values for path variables under which the operation answers 200, so that one thing is odd at a time.
    `known`: parameters that other operations have been asked with all values; a part of them will do. So it does of
    bodies under a type that is not JSON."""
    method, fine = operation.method, {name: good.get(name, "1") for name in operation.variables}
    path = operation.path.format(**fine)
    for variable in operation.variables:
        part = 7 if variable in known else 1
        for value in [*(quote(v, safe="") for v in HOSTILE[::part]), *RAW[::part]]:
            yield Shot(method, operation.path.format(**{**fine, variable: value}))
    for name in operation.query:
        for value in HOSTILE[::7] if name in known else HOSTILE:
            yield Shot(method, path, {name: value})
    if operation.query:
        yield Shot(method, path, {name: HOSTILE[len(name) % len(HOSTILE)] for name in operation.query})
        yield Shot(method, path, {"nobody knows": "this", "__proto__": "x", "": "y"})
    for other in METHODS[:: 3 if known else 1]:
        yield Shot(other, path)
    if operation.body:
        for number, content_type in enumerate(TYPES):
            for body in BODIES[:: 7 if number else 1]:
                yield Shot(method, path, body=body, content_type=content_type)
