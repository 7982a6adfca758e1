"""The server goes on answering whatever clients do with their connections."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import requests

from tests.server.wire.raw import RestCalls
from tests.support.catalogue import RunningCatalogue, start_catalogue


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    """A server with one thread, which a slow client could occupy."""
    options = ("--threads", "1", "--idle-seconds", "1", "--max-header-bytes", "20000")
    server: RunningCatalogue = start_catalogue(tmp_path_factory.mktemp("narrow"), *options)
    yield server
    server.stop()


def _connect(server: RunningCatalogue) -> socket.socket:
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port or 80), timeout=20)


def _answers(server: RunningCatalogue) -> bool:
    return requests.get(f"{server.rest_url}/version", timeout=5).status_code == 200


def test_half_requests_occupy_no_thread(narrow: RunningCatalogue) -> None:
    halves = [
        b"POST /icat/session HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\njson=",
        b"GET /icat/version HT",
        b"POST /ICATService/ICAT HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"",
    ]
    connections = [_connect(narrow) for _ in range(40)]
    for number, connection in enumerate(connections):
        connection.sendall(halves[number % len(halves)])
    assert _answers(narrow)
    for connection in connections:
        connection.close()
    assert _answers(narrow)


def test_a_client_that_does_not_read_its_answer_occupies_no_thread(narrow: RunningCatalogue) -> None:
    root = RestCalls.login(narrow.rest_url, "root")
    root.write([{"Facility": {"name": f"f{n}", "description": "x" * 1000}} for n in range(3_000)])
    query = quote("SELECT f FROM Facility f")
    slow = []
    for _ in range(8):
        connection = _connect(narrow)
        path = f"/icat/entityManager?sessionId={root.session_id}&query={query}"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        slow.append(connection)
    started = time.monotonic()
    assert _answers(narrow)
    assert time.monotonic() - started < 15
    for connection in slow:
        connection.close()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /icat/version HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 30_000 + b"\r\n\r\n", b"431"),
        (b"GET /icat/version?" + b"x" * 30_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"431"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"POST /icat/session HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n", b"413"),
        (b"POST /icat/session HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", b"400"),
        (b"GET /icat/session/%00%ff%2e%2e HTTP/1.1\r\nHost: x\r\n\r\n", b"403"),
    ],
)
def test_a_request_that_is_none_or_too_large_is_refused_at_once(
    narrow: RunningCatalogue, request_: bytes, status: bytes
) -> None:
    with _connect(narrow) as connection:
        connection.sendall(request_)
        assert connection.recv(100).split(b" ")[1] == status
    assert _answers(narrow)


def test_one_connection_carries_many_calls_in_a_row(narrow: RunningCatalogue) -> None:
    call = b"GET /icat/version HTTP/1.1\r\nHost: x\r\n\r\n"
    with _connect(narrow) as connection:
        connection.sendall(call * 20)
        received = b""
        while received.count(b'{"version":"5.0.3"}') < 20:
            received += connection.recv(65536)


def test_a_silent_connection_is_closed(narrow: RunningCatalogue) -> None:
    with _connect(narrow) as connection:
        assert connection.recv(1) == b""


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[RunningCatalogue]:
    options = ("--max-query-length", "100", "--max-request-bytes", "2000", "--max-entities", "3", "--no-ids")
    server: RunningCatalogue = start_catalogue(tmp_path, *options)
    yield server
    server.stop()


def test_limits_are_options_and_their_errors_have_types(strict: RunningCatalogue) -> None:
    root = RestCalls.login(strict.rest_url, "root")
    long = {"sessionId": root.session_id, "query": f"SELECT f FROM Facility f WHERE f.name = '{'x' * 100}'"}
    assert root.refused(root.send("GET", "entityManager", params=long))[:3] == (
        400,
        "BAD_PARAMETER",
        "The query has 142 characters, more than 100",
    )
    assert root.refused(root.post([{"Facility": {"name": "x" * 3000}}]))[1] == "BAD_PARAMETER"
    root.write([{"Facility": {"name": str(n)}} for n in range(4)])
    query = {"sessionId": root.session_id, "query": "Facility"}
    assert root.refused(root.send("GET", "entityManager", params=query))[1:3] == (
        "VALIDATION",
        "attempt to process more than 3 entities",
    )
    deep = {"sessionId": root.session_id, "entities": "[" * 1_000}
    assert root.refused(root.send("POST", "entityManager", data=deep))[1] == "BAD_PARAMETER"


def test_large_bodies_are_taken_in_only_where_files_are_sent(strict: RunningCatalogue) -> None:
    root = RestCalls.login(strict.rest_url, "root")
    assert root.send("POST", "session", data={"json": "x" * 200_000}).status_code == 413
    wanted = f'{{"sessionId":"{root.session_id}"}}'
    content = b"1.0\nFacility(name:0)\n" + b"# much ado\n" * 20_000 + b'"nothing"\n'
    reply = root.send("POST", "port", files=[("json", (None, wanted)), ("file", ("icat.port", content))])
    assert (reply.status_code, root.search("SELECT f.name FROM Facility f")) == (204, ["nothing"])
