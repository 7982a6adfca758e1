"""A careful producer: asks for a receipt for every message, and repeats what was not receipted."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from stompest.protocol import StompFrame, StompParser, StompSpec

WINDOW = 40
"""Messages on their way without receipt."""
_PATIENCE_SECONDS = 15.0


class Sender(threading.Thread):
    """`room`: how many more messages may be sent now. `repeated` counts what had to be sent again."""

    def __init__(
        self, address: Callable[[], tuple[str, int]], bodies: Sequence[bytes], room: Callable[[], int]
    ) -> None:
        super().__init__(name="sender", daemon=True)
        self._address = address
        self._bodies = bodies
        self._waiting = deque(range(len(bodies)))
        self._room = room
        self.receipted: set[int] = set()
        self.repeated = 0

    def run(self) -> None:
        while len(self.receipted) < len(self._bodies):
            try:
                self._connected()
            except (OSError, EOFError):
                time.sleep(0.1)

    def _connected(self) -> None:
        """One connection, until it breaks or everything is receipted."""
        on_its_way: set[int] = set()
        try:
            with socket.create_connection(self._address, timeout=_PATIENCE_SECONDS) as connection:
                parser = StompParser(StompSpec.VERSION_1_1)
                connection.sendall(b"CONNECT\naccept-version:1.1\nhost:\n\n\0")
                self._read(connection, parser)
                while len(self.receipted) < len(self._bodies):
                    self._send(connection, on_its_way)
                    if on_its_way:
                        frame = self._read(connection, parser)
                        number = int(frame.headers["receipt-id"])
                        on_its_way.discard(number)
                        self.receipted.add(number)
                    else:
                        time.sleep(0.05)
                connection.sendall(b"DISCONNECT\n\n\0")
        finally:
            self.repeated += len(on_its_way)
            self._waiting.extendleft(sorted(on_its_way, reverse=True))

    def _send(self, connection: socket.socket, on_its_way: set[int]) -> None:
        while self._waiting and len(on_its_way) < WINDOW and self._room() - len(on_its_way) > 0:
            number = self._waiting.popleft()
            on_its_way.add(number)
            head = f"SEND\ndestination:/queue/icatIngest\npersistent:true\nreceipt:{number}\n\n"
            connection.sendall(head.encode() + self._bodies[number] + b"\0")

    def _read(self, connection: socket.socket, parser: StompParser) -> StompFrame:
        while True:
            while parser.canRead():
                frame = parser.get()
                if isinstance(frame, StompFrame):
                    if frame.command == "ERROR":
                        raise EOFError(str(frame))
                    return frame
            data = connection.recv(65536)
            if not data:
                raise EOFError
            parser.add(data)
