"""Connections that a stranger cannot fill the disk with: waitress takes a body in before anybody looks at the session,
and keeps what a slow client has not fetched yet."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser

SPARE_BYTES = 64 * 1024
BACKLOG_BYTES = 16 * 1024 * 1024
"""Of an endless answer, made before the client has fetched them."""
LEAST_PROGRESS = 64 * 1024
"""Bytes that a client fetches in the time of an idle connection, or is given up."""


def taken_in(accepted: int, *, chunked: bool = True) -> int:
    """Bytes of a body that are read to be refused in the words of the service: a chunked one has the heads of its
    chunks besides, and nobody knows before how long it is."""
    return (2 * accepted if chunked else accepted) + SPARE_BYTES


@dataclass(frozen=True, slots=True)
class Large:
    """What is accepted at a path: bytes of a body, from those whom `admits` knows by the query of the address. All
    others may send as little there as everywhere."""

    accepted: int
    admits: Callable[[str], bool] = lambda _query: True


def channel_class(large: Mapping[str, Large], endless: str | None = None) -> type[HTTPChannel]:
    """The class of connections for a waitress server: large bodies by path; every other path has the server's own
    limit. Answers at the path `endless` are made no faster than the client fetches them; their thread waits."""

    class Channel(_PatientChannel):
        parser_class: Any = _parser_class(large)
        endless_path = endless

    return Channel


def _parser_class(large: Mapping[str, Large]) -> type[HTTPRequestParser]:
    class Parser(HTTPRequestParser):  # type: ignore[misc]
        adj: Any

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            wanted = large.get(self.path) if self.command in ("PUT", "POST") else None
            if wanted is None:
                return
            ordinary = self.adj.max_request_body_size
            limit = taken_in(wanted.accepted, chunked=self.chunked)
            beyond = self.chunked or self.content_length >= ordinary
            if limit > ordinary and not (beyond and wanted.admits(self.query)):
                return
            self.adj = copy.copy(self.adj)
            self.adj.max_request_body_size = limit

    return Parser


class _PatientChannel(HTTPChannel):  # type: ignore[misc]
    endless_path: str | None = None
    current_outbuf_count: int

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002 - waitress
        self._ordinary, self._patient = adj, copy.copy(adj)
        self._patient.outbuf_high_watermark = BACKLOG_BYTES
        super().__init__(server, sock, addr, adj, map)

    def service(self) -> None:
        path = getattr(self.requests[0], "path", "")  # none in a request that nobody could read
        self.adj = self._patient if path.rstrip("/") == self.endless_path else self._ordinary
        if self.current_outbuf_count:
            self.current_outbuf_count = self.adj.outbuf_high_watermark  # every answer has a buffer of its own
        super().service()

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Wait for the client as waitress does, but not for ever: it gives up idle connections only when they have
        no request."""
        with self.outbuf_lock:
            while self.connected and self.total_outbufs_len > self.adj.outbuf_high_watermark:
                before = self.total_outbufs_len
                self.server.pull_trigger()
                told = self.outbuf_lock.wait(self.adj.channel_timeout)
                if not told and before - self.total_outbufs_len < LEAST_PROGRESS:
                    self.will_close = True
                    self.server.pull_trigger()
                    raise ClientDisconnected
