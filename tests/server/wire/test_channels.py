"""Connections of the catalogue: what strangers and slow clients can make it keep."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import waitress
from waitress import wasyncore

from icat_schema.server.channels import BACKLOG_BYTES, Large, channel_class, taken_in

ORDINARY = 100_000
PIECE = bytes(1024 * 1024)


class Sender:
    """An application that sends a lot at /endless and counts what it made."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = threading.Event()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        size = len(environ["wsgi.input"].read())
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self._pieces() if environ["PATH_INFO"].startswith("/endless") else [str(size).encode()]

    def _pieces(self) -> Iterator[bytes]:
        try:
            for _ in range(200):
                self.made += len(PIECE)
                yield PIECE
        finally:
            self.closed.set()


@contextmanager
def serving(application: Any, channel: type) -> Iterator[tuple[str, int]]:
    sockets: dict[int, Any] = {}
    server = waitress.create_server(
        application,
        map=sockets,
        host="127.0.0.1",
        port=0,
        threads=2,
        channel_timeout=1,
        max_request_body_size=ORDINARY,
        outbuf_high_watermark=2**40,
    )
    server.channel_class = channel
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield "127.0.0.1", server.effective_port
    server.trigger.pull_trigger(lambda: wasyncore.close_all(sockets))
    thread.join(5)
    server.task_dispatcher.shutdown()


def ask(address: tuple[str, int], head: str) -> bytes:
    """The first line of the answer to a request of which only the head is sent."""
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(f"{head}\r\nHost: x\r\n\r\n".encode())
        return client.recv(64).split(b"\r\n")[0]


@pytest.mark.parametrize("path", ["/endless", "/endless/"])
def test_an_answer_is_made_no_faster_than_it_is_fetched_and_ends_with_its_client(path: str) -> None:
    sender = Sender()
    with serving(sender, channel_class({}, "/endless")) as address:
        client = socket.create_connection(address)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        assert sender.closed.wait(15), "a client that fetches nothing keeps its thread"
        client.close()
    assert sender.made < 2 * BACKLOG_BYTES


def test_a_client_that_fetches_gets_everything() -> None:
    sender = Sender()
    with serving(sender, channel_class({}, "/endless")) as address:
        client = socket.create_connection(address, timeout=10)
        client.sendall(b"GET /endless HTTP/1.0\r\n\r\n")
        received = 0
        while piece := client.recv(1024 * 1024):
            received += len(piece)
        client.close()
    assert received > sender.made == 200 * len(PIECE)


def test_large_bodies_are_read_only_from_those_who_are_admitted() -> None:
    asked: list[str] = []

    def admits(query: str) -> bool:
        asked.append(query)
        return query == "sessionId=mine"

    large = {"/put": Large(10 * ORDINARY, admits)}
    with serving(Sender(), channel_class(large)) as address:
        for query in ("", "?sessionId=other"):
            assert b"413" in ask(address, f"PUT /put{query} HTTP/1.1\r\nContent-Length: {5 * ORDINARY}")
        assert b"413" in ask(address, f"PUT /elsewhere?sessionId=mine HTTP/1.1\r\nContent-Length: {5 * ORDINARY}")
        assert b"413" in ask(address, f"PUT /put?sessionId=mine HTTP/1.1\r\nContent-Length: {11 * ORDINARY}")
        assert asked == ["", "sessionId=other", "sessionId=mine"]
        assert _put(address, "?sessionId=mine", 5 * ORDINARY) == 5 * ORDINARY
        assert _put(address, "", ORDINARY // 2) == ORDINARY // 2
        assert len(asked) == 4, "small bodies are read from everybody, and refused in the words of the service"


def test_the_limit_of_a_path_can_be_the_smaller_one() -> None:
    with serving(Sender(), channel_class({"/put": Large(1000)})) as address:
        assert b"413" in ask(address, f"PUT /put HTTP/1.1\r\nContent-Length: {taken_in(1000, chunked=False)}")
        assert _put(address, "", 1001) == 1001


def _put(address: tuple[str, int], query: str, size: int) -> int:
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(f"PUT /put{query} HTTP/1.0\r\nContent-Length: {size}\r\n\r\n".encode() + bytes(size))
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    return int(answer.rpartition(b"\r\n\r\n")[2])
