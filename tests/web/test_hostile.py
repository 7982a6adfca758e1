"""Every route of every installed plugin under a shower of nonsense: nothing answers 500."""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.support.catalogue import RunningCatalogue
from tests.support.facade import RunningFacade, running_facade

TEXTS = (
    "", " ", "0", "-1", "1", "2.5", "1e9", "9" * 30, "true", "null", "NaN", "undefined", "x", "x" * 2000, "a,b,,c",
    "1,2,x", "'", "' OR '1'='1", "\\", "%", "_", "%25", "é", "😀", "\ufffd", "\x00", "\x1f", "../../etc/passwd",
    "<script>", "{}", "[]", "a~eq~b", "a~gt~", "~", ";", "a;b~in~c;d", "2031-05-06", "2031-13-01", "0000-00-00",
    "9999-12-31", "0001-01-01", "2031-05-06T00:00:00.000+02:00", "${jndi:ldap://x}", "{{7*7}}",
    "SELECT d FROM Dataset d", "\u202e", "1 2",
)  # fmt: skip
BODIES = (b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"plugin": {}}', b"\xff", b"a=b", b'{"a": "\\u0000"}', b"1e999")

SHORT_STREAMS = {"plugin": {"changes": {"stream_seconds": 0.2, "poll_seconds": 0.1}}}


@pytest.fixture(scope="module")
def whole(catalogue: RunningCatalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFacade]:
    """With all installed plugins."""
    with running_facade(catalogue, tmp_path_factory.mktemp("whole"), settings=SHORT_STREAMS) as running:
        yield running


def requests_of(facade: RunningFacade, dice: random.Random) -> Iterator[tuple[str, str, dict[str, Any]]]:
    names = _argument_names(facade)
    for rule in facade.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            for number in range(8):
                session = facade.log_in("ada") if number % 4 else "no-such-session"
                path = re.sub(r"<[^>]*>", lambda match, s=session: _value(match[0], s, facade, dice), rule.rule)  # type: ignore[misc]
                asked = dice.sample(names, min(3, len(names)))
                query = "&".join(f"{name}={quote(dice.choice(TEXTS))}" for name in asked)
                options: dict[str, Any] = {"headers": {"Authorization": f"Bearer {session}"} if number % 2 else {}}
                if method in ("POST", "PUT", "DELETE", "PATCH"):
                    options["data"] = dice.choice(BODIES)
                    options["headers"]["Content-Type"] = dice.choice(["application/json", "text/plain", "x"])
                yield method, f"{path}?{query}", options


def _argument_names(facade: RunningFacade) -> list[str]:
    paths = facade.get("/swagger.json").json()["paths"].values()
    found = {
        parameter["name"]
        for operations in paths
        for method, operation in operations.items()
        if method != "parameters"
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    }
    return sorted(found)


def _value(variable: str, session: str, facade: RunningFacade, dice: random.Random) -> str:
    if "sessionId" in variable:
        return session
    if "apiKey" in variable:
        return facade.api_key
    return quote(dice.choice(TEXTS) or "x", safe="")


@pytest.mark.parametrize("seed", range(3))
def test_nonsense_never_causes_a_server_error(whole: RunningFacade, seed: int) -> None:
    dice = random.Random(seed)
    failures = []
    for method, path, options in requests_of(whole, dice):
        reply = whole.request(method, path, **options, allow_redirects=False)
        if reply.status_code >= 500 and reply.status_code != 501:
            failures.append(f"{method} {path} {options} -> {reply.status_code} {reply.text[:200]}")
    assert failures == []


@pytest.mark.parametrize(
    "line",
    [
        "GET // HTTP/1.1",
        "GET /%zz/%2 HTTP/1.1",
        "GET /?%zz&=&a=%ff HTTP/1.1",
        "GET /;x?y#z HTTP/1.1",
        "GET /session/%ed%a0%80 HTTP/1.1",
        "GET " + "/a" * 3000 + " HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "FROB /session HTTP/1.1",
    ],
)
def test_odd_request_lines_are_answered(facade: RunningFacade, line: str) -> None:
    parts = urlsplit(facade.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30) as connection:
        connection.sendall(f"{line}\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = connection.makefile("rb").readline().decode()
    assert re.match(r"HTTP/1\.[01] [234]\d\d ", answer), answer
