"""What the gateway makes of servers that misbehave: real sockets, scripted answers."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from icat_schema.gateway import Catalogue, GatewaySettings, New, Select, Session
from icat_schema.gateway.conditions import Gt
from icat_schema.gateway.errors import (
    AccessDenied,
    CatalogueBroken,
    CatalogueError,
    CatalogueUnavailable,
    InvalidRequest,
    SessionInvalid,
)

SECRET = "01234567-89ab-cdef-0123-456789abcdef"
PROPERTIES = {"maxEntities": 3, "lifetimeMinutes": 120, "authenticators": [{"mnemonic": "anon"}]}


@dataclass
class Answer:
    status: int = 200
    body: bytes = b"[]"
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    """Close the connection without an answer."""
    wait: float = 0


@dataclass
class Server:
    """Answers `entityManager` and `session` from a script, the last entry for ever."""

    url: str
    script: list[Answer]
    requests: list[str] = field(default_factory=list)

    def next(self) -> Answer:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def serving(*script: Answer) -> Iterator[Server]:
    stop = threading.Event()
    state = Server("", list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/icat/version":
                return self.say(Answer(body=b'{"version":"5.0.3"}'))
            if self.path == "/icat/properties":
                return self.say(Answer(body=json.dumps(PROPERTIES).encode()))
            state.requests.append(self.path)
            return self.say(state.next())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            state.requests.append(self.path)
            self.say(state.next())

        def say(self, answer: Answer) -> None:
            if answer.wait:
                stop.wait(answer.wait)
            if answer.drop:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


def session_at(url: str, **settings: object) -> Session:
    return Catalogue(GatewaySettings(url, zone="UTC", **settings)).session(SECRET)  # type: ignore[arg-type]


def icat_error(status: int, code: str, message: str, **more: object) -> Answer:
    return Answer(status, json.dumps({"code": code, "message": message, **more}).encode())


READ = Select("Dataset", ["id", "startDate"])


@pytest.mark.parametrize(
    ("answer", "expected", "temporary"),
    [
        (icat_error(403, "SESSION", f"Unable to find user by sessionid: {SECRET}"), SessionInvalid, False),
        (icat_error(403, "INSUFFICIENT_PRIVILEGES", "no"), AccessDenied, False),
        (icat_error(400, "BAD_PARAMETER", "no"), InvalidRequest, False),
        (icat_error(500, "INTERNAL", "database"), CatalogueBroken, True),
        (icat_error(418, "TEAPOT", "short and stout"), CatalogueBroken, False),
        (Answer(503, b"<html>down</html>"), CatalogueUnavailable, True),
        (Answer(404, b"<html>nothing here</html>"), CatalogueBroken, False),
        (Answer(302, b"", {"Location": "http://127.0.0.1:9/steal"}), CatalogueBroken, False),
        (Answer(200, b"<html>a portal</html>"), CatalogueBroken, False),
        (Answer(200, b'{"no": "list"}'), CatalogueBroken, False),
        (Answer(200, b"[[1]]"), CatalogueBroken, False),
        (Answer(200, b'[[1, "yesterday", 1]]'), CatalogueBroken, False),
        (Answer(200, b'[[1, "2020-01-01T00:00:00.000", 1]]'), CatalogueBroken, False),
        (Answer(200, b"[[1, 5, 1]]"), CatalogueBroken, False),
        (Answer(200, b"[" * 100_000), CatalogueBroken, False),
        (Answer(200, b'"\xff"'), CatalogueBroken, False),
        (Answer(200, b"[[1,", {"Content-Length": "400"}), CatalogueUnavailable, True),
        (Answer(drop=True), CatalogueUnavailable, True),
    ],
)
def test_a_read_fails_in_our_words(answer: Answer, expected: type[CatalogueError], temporary: bool) -> None:
    if answer.headers.get("Content-Length"):
        answer.headers["Connection"] = "close"
    with serving(answer) as server, pytest.raises(CatalogueError) as caught:
        session_at(server.url, timeout_seconds=2).rows(READ)
    assert type(caught.value) is expected
    assert caught.value.temporary is temporary
    assert SECRET not in caught.value.message
    assert len(caught.value.message) > 1


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(CatalogueUnavailable) as caught:
        Catalogue(GatewaySettings(f"http://127.0.0.1:{port}")).login("simple", {"username": "ada", "password": "x"})
    assert caught.value.temporary


def test_a_server_that_does_not_answer_in_time_is_unavailable() -> None:
    with serving(Answer(wait=5)) as server, pytest.raises(CatalogueUnavailable) as caught:
        session_at(server.url, timeout_seconds=0.2).rows(READ)
    assert caught.value.temporary


def test_a_plain_web_page_instead_of_the_service_description_is_broken() -> None:
    with serving(Answer(200, b"<html/>")) as server, pytest.raises(CatalogueBroken, match="address of an ICAT server"):
        Catalogue(GatewaySettings(server.url)).login("anon", {})


def test_a_read_over_a_connection_that_the_server_has_closed_is_repeated_once() -> None:
    good = Answer(body=b'[[1, "2020-01-01T00:00:00.000Z", 1]]')
    with serving(Answer(drop=True), good) as server:
        assert len(session_at(server.url).rows(READ)) == 1
        assert len(server.requests) == 2


def test_a_write_is_never_repeated_by_itself() -> None:
    with serving(Answer(drop=True), Answer(body=b"[7]")) as server:
        with pytest.raises(CatalogueUnavailable):
            session_at(server.url).write([New("Facility", {"name": "F"})])
        assert len(server.requests) == 1


def test_a_write_that_answers_too_few_ids_is_broken() -> None:
    with serving(Answer(body=b"[]")) as server, pytest.raises(CatalogueBroken):
        session_at(server.url).write([New("Facility", {"name": "F"})])


def test_the_offset_of_a_refused_object_is_kept() -> None:
    with (
        serving(icat_error(412, "VALIDATION", "too long", offset=1)) as server,
        pytest.raises(InvalidRequest) as caught,
    ):
        session_at(server.url).write([New("Facility", {"name": "F"}), New("Facility", {"name": "G"})])
    assert caught.value.offset == 1


@pytest.mark.parametrize("id_", ["", "..", "a/b", "a?b=c", "a b", "ä", "x" * 200, "a\n"])
def test_what_cannot_be_a_session_id_never_reaches_the_wire(id_: str) -> None:
    with pytest.raises(SessionInvalid):
        Catalogue(GatewaySettings("http://127.0.0.1:9")).session(id_)


def test_the_session_id_is_in_no_log_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    with serving(icat_error(403, "SESSION", f"Session id:{SECRET} has expired")) as server:
        session = session_at(server.url)
        with caplog.at_level(logging.DEBUG):
            for call in (lambda: session.rows(READ), session.user_name, session.remaining_minutes):
                with pytest.raises(SessionInvalid):
                    call()
    assert any("entityManager" in record.getMessage() for record in caplog.records)
    assert SECRET not in caplog.text
    assert SECRET not in repr(session)


def test_the_zone_is_learned_from_stored_dates_before_the_first_date_goes_out() -> None:
    dates = json.dumps([[f"2020-{month:02}-01T00:00:00.000-0{5 if month < 3 else 4}:00", 1] for month in (1, 7)])
    with serving(Answer(body=dates.encode()), Answer()) as server:
        session = Catalogue(GatewaySettings(server.url)).session(SECRET)
        moment = Select("Dataset", ["id"], Gt("startDate", datetime(2021, 7, 1, 12, tzinfo=UTC)))
        assert session.rows(moment) == []
        assert session.rows(moment) == []
    assert "2021-07-01+08:00:00" in server.requests[1]
    assert len(server.requests) == 3


def test_rows_end_with_a_short_window_and_go_on_behind_the_last_id() -> None:
    def window(*ids: int) -> Answer:
        return Answer(body=json.dumps([[f"d{i}", i] for i in ids]).encode())

    with serving(window(1, 2, 5), window(6, 7, 9), window()) as server:
        rows = session_at(server.url).rows(Select("Dataset", ["name"]))
    assert rows == [(f"d{i}",) for i in (1, 2, 5, 6, 7, 9)]
    assert ["id+%3E+5" in r for r in server.requests] == [False, True, False]
    assert "id+%3E+9" in server.requests[2]
