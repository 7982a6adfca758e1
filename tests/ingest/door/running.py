"""A listener and a monitor on free ports over a real inbox, and a raw STOMP client that says whatever it is told to."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from stompest.protocol import StompFrame, StompParser, StompSpec

from drac_plugins.core.inbox import Entry, Filter, Inbox
from drac_plugins.core.settings import Ingest
from ingest.transport.keeper import Keeper
from ingest.transport.listener import Listener, ListenerLimits
from ingest.transport.queues import Queues

QUEUES = Queues.from_settings(Ingest())


@dataclass
class RunningListener:
    inbox: Inbox
    keeper: Keeper
    listener: Listener
    host: str
    port: int

    def arrived(self, number: int, *, seconds: float = 10.0) -> list[Entry]:
        """Wait until so many messages are in the inbox (repetitions not counted) and return them with their bodies."""
        wait_until(lambda: self.inbox.count() >= number, seconds=seconds)
        return [self.inbox.show(row.id) for row in self.inbox.list(Filter(), limit=1000)]


@contextmanager
def running_listener(
    inbox: Inbox, *, limits: ListenerLimits | None = None, beat: float = 10.0
) -> Iterator[RunningListener]:
    keeper = Keeper(inbox)
    listener = Listener(("127.0.0.1", 0), QUEUES, keeper, limits=limits, heartbeat_seconds=beat)
    host, port = listener.start()
    try:
        yield RunningListener(inbox, keeper, listener, host, port)
    finally:
        listener.stop()
        keeper.stop()


def wait_until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class RawClient:
    """Sends bytes and reads frames; `None` from `read` means the other side has closed."""

    host: str
    port: int
    version: str = StompSpec.VERSION_1_1
    socket: socket.socket = field(init=False)
    parser: StompParser = field(init=False)

    def __enter__(self) -> RawClient:
        self.socket = socket.create_connection((self.host, self.port), timeout=10)
        self.parser = StompParser(self.version)
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def connect(self, **headers: str) -> StompFrame:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        lines = {"accept-version": self.version, "host": "", **given}
        text = "".join(f"{name}:{value}\n" for name, value in lines.items())
        self.send(f"CONNECT\n{text}\n\0".encode())
        answer = self.read()
        assert answer is not None
        return answer

    def send_message(self, body: bytes, *, queue: str = "/queue/icatIngest", **headers: str) -> None:
        text = "".join(f"{name.replace('_', '-')}:{value}\n" for name, value in headers.items())
        self.send(f"SEND\ndestination:{queue}\n{text}\n".encode() + body + b"\0")

    def read(self) -> StompFrame | None:
        while True:
            while self.parser.canRead():
                frame = self.parser.get()
                if isinstance(frame, StompFrame):
                    return frame
            data = self.socket.recv(65536)
            if not data:
                return None
            self.parser.add(data)
