"""One STOMP connection as a state machine without sockets: bytes in, things to do out.

Offered to producers: CONNECT/STOMP, SEND, heart-beats, DISCONNECT, versions 1.0 to 1.2. Consumers are told to use a
broker. After an ERROR the connection is closed, as the protocol demands.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from stompest.protocol import StompFrame, StompSpec

from drac_plugins.core.inbox import Incoming
from ingest.transport.frames import FrameLimits, FrameReader
from ingest.transport.queues import Queues

SERVER = "drac-ingest"
VERSIONS = (StompSpec.VERSION_1_0, StompSpec.VERSION_1_1, StompSpec.VERSION_1_2)
_CONSUMER_COMMANDS = ("SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK")
_TRANSACTION_COMMANDS = ("BEGIN", "COMMIT", "ABORT")
_CONNECT_COMMANDS = ("CONNECT", "STOMP")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message to be kept; only when it is on disk, send `receipt` (if any)."""

    message: Incoming
    receipt: bytes | None


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes to send. `last`: then close the connection."""

    data: bytes
    last: bool = False


@dataclass(frozen=True, slots=True)
class HeartBeats:
    """Agreed rhythm in seconds; 0: none. `send`: we send at least this often; `expect`: the client does."""

    send: float = 0.0
    expect: float = 0.0


class _Refusal(Exception):
    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class Conversation:
    """`receive` is called with whatever came; what it returns is to be done in order."""

    def __init__(self, queues: Queues, source: str, *, limits: FrameLimits, heartbeat_seconds: float) -> None:
        self._queues = queues
        self._source = source
        self._heartbeat = heartbeat_seconds
        self._reader = FrameReader(limits)
        self._version = StompSpec.VERSION_1_0
        self.connected = False
        self.heart_beats = HeartBeats()

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return self._reader.pending

    def receive(self, data: bytes) -> list[Arrival | Reply]:
        frames, fault = self._reader.read(data)
        todo: list[Arrival | Reply] = []
        for frame in frames:
            try:
                todo += self._answer(frame)
            except _Refusal as refusal:
                todo.append(self._error(str(refusal), refusal.detail, frame.headers.get("receipt")))
            if todo and isinstance(todo[-1], Reply) and todo[-1].last:
                return todo
        if fault is not None:
            todo.append(self._error("Malformed frame", str(fault)))
        return todo

    def refuse(self, message: str, detail: str = "") -> Reply:
        """An ERROR for a reason outside the conversation (too many connections, too slow)."""
        return self._error(message, detail)

    def _answer(self, frame: StompFrame) -> list[Arrival | Reply]:
        command, headers = frame.command, frame.headers
        if command in _CONNECT_COMMANDS:
            return [self._connect(headers)]
        if not self.connected:
            raise _Refusal(f"{command} before CONNECT", "Send a CONNECT frame first.")
        if command == "SEND":
            return [self._send(frame, headers)]
        if command == "DISCONNECT":
            return [Reply(self._receipt(headers) or b"", last=True)]
        if command in _CONSUMER_COMMANDS:
            raise _Refusal(
                f"{command} is not offered here",
                "This is the ingester's own listener: it takes messages and hands none out. To consume messages, put an"
                " Apache ActiveMQ (or RabbitMQ) broker in front and let the ingester subscribe to it"
                " (setting ingest.brokers).",
            )
        if command in _TRANSACTION_COMMANDS:
            raise _Refusal("Transactions are not offered here", "Send each message by itself and ask for a receipt.")
        raise _Refusal(f"{command} is not a command of a client")

    def _connect(self, headers: Mapping[str, str]) -> Reply:
        if self.connected:
            raise _Refusal("Already connected")
        offered = {version.strip() for version in headers.get("accept-version", "1.0").split(",")}
        common = [version for version in VERSIONS if version in offered]
        if not common:
            raise _Refusal("No common version", f"Supported are {', '.join(VERSIONS)}.")
        self._version = common[-1]
        self._reader.agree(self._version)
        self.connected = True
        answer = {"version": self._version, "server": SERVER, "session": secrets.token_hex(8)}
        if self._version != StompSpec.VERSION_1_0:
            answer["heart-beat"] = self._agree_on_heart_beats(headers.get("heart-beat", "0,0"))
        return Reply(self._frame("CONNECTED", answer))

    def _agree_on_heart_beats(self, wanted: str) -> str:
        try:
            sends, expects = (int(part) for part in wanted.split(","))
        except ValueError as error:
            raise _Refusal("Malformed heart-beat header", f"{wanted!r} is not two numbers of milliseconds.") from error
        if sends < 0 or expects < 0:
            raise _Refusal("Malformed heart-beat header", f"{wanted!r} has a negative number.")
        ours = int(self._heartbeat * 1000)
        self.heart_beats = HeartBeats(
            send=max(ours, expects) / 1000 if ours and expects else 0.0,
            expect=max(ours, sends) / 1000 if ours and sends else 0.0,
        )
        return f"{ours},{ours}"

    def _send(self, frame: StompFrame, headers: Mapping[str, str]) -> Arrival:
        if "transaction" in headers:
            raise _Refusal("Transactions are not offered here", "Send each message by itself and ask for a receipt.")
        message = self._queues.incoming(headers.get("destination"), frame.body, headers, self._source)
        return Arrival(message, self._receipt(headers))

    def _receipt(self, headers: Mapping[str, str]) -> bytes | None:
        wanted = headers.get("receipt")
        return None if wanted is None else self._frame("RECEIPT", {"receipt-id": wanted})

    def _error(self, message: str, detail: str = "", receipt: str | None = None) -> Reply:
        headers = {"message": message, "content-type": "text/plain", "version": ",".join(VERSIONS)}
        if receipt is not None:
            headers["receipt-id"] = receipt
        return Reply(self._frame("ERROR", headers, detail.encode()), last=True)

    def _frame(self, command: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
        version = self._version if self.connected else StompSpec.VERSION_1_1
        if version == StompSpec.VERSION_1_0:
            headers = {name: _plain(value) for name, value in headers.items()}
        return bytes(StompFrame(command, headers=dict(headers), body=body.replace(b"\0", b"?"), version=version))


def _plain(value: str) -> str:
    """STOMP 1.0 knows no escapes and no letters beyond ASCII."""
    return value.replace("\n", " ").encode("ascii", "backslashreplace").decode("ascii")
