"""Ports for the servers of the tests, which get in nobody's way."""

from __future__ import annotations

import random
import socket

_POSSIBLE = list(range(15_000, 32_000))
random.SystemRandom().shuffle(_POSSIBLE)


def free_port() -> int:
    """A port on the loopback address that nobody listens on. Never the same twice in a process, and below those
    that the system gives to connections: one that it chose itself (0) may be taken again before the server listens."""
    while True:
        port = _POSSIBLE.pop()
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
