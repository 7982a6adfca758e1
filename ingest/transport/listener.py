"""The ingester's own STOMP listener: producers send to it as to a broker; a receipt means the message is on disk."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.transport.committer import Committer, NotKept
from ingest.transport.conversation import Arrival, Conversation, Reply
from ingest.transport.frames import FrameLimits
from ingest.transport.keeper import Keeper, Stopped
from ingest.transport.queues import Queues

log = logging.getLogger(__name__)

_CHUNK = 64 * 1024
_GRACE = 2.0
"""A client may be late with a heart-beat by this factor."""
_LAST_BYTES_SECONDS = 0.2
"""When stopping: what has already come in is read for so long."""
_LAST_COMMIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    """`handshake_seconds`: from the connection to CONNECT. `stall_seconds`: between two pieces of one frame. A
    connected producer may be silent for days (its library would lose the next message if we closed); TCP keep-alive
    finds the dead ones. `buffered_bytes`: of incomplete frames, all connections together."""

    connections: int = 500
    frame: FrameLimits = field(default_factory=FrameLimits)
    handshake_seconds: float = 30.0
    stall_seconds: float = 60.0
    buffered_bytes: int = 256 * 1024 * 1024


class Listener:
    """Runs in a thread of its own. `start` binds (raises OSError when it cannot) and returns; `stop` ends it."""

    def __init__(
        self,
        address: tuple[str, int],
        queues: Queues,
        keeper: Keeper,
        *,
        limits: ListenerLimits | None = None,
        heartbeat_seconds: float = 10.0,
    ) -> None:
        self._address = address
        self._queues = queues
        self._keeper = keeper
        self._limits = limits or ListenerLimits()
        self._heartbeat = heartbeat_seconds
        self._sockets: list[socket.socket] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._connections: dict[Conversation, asyncio.Task[None]] = {}
        self._carrying: set[asyncio.Task[bool]] = set()
        self._committer: Committer | None = None

    # ------------------------------------------------------------------ from other threads

    def start(self) -> tuple[str, int]:
        """Returns the address it listens on (the port is chosen by the system when 0 was asked for)."""
        host, port = self._address
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        self._sockets = [socket.create_server((host, port), family=family, backlog=128)]
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="listener")
        self._thread.start()
        ready.wait()
        bound = self._sockets[0].getsockname()
        return str(bound[0]), int(bound[1])

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready.set))
        finally:
            ready.set()

    def stop(self) -> None:
        """Close all connections; messages on their way to the disk are kept and receipted first."""
        if self._loop is not None and self._ending is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._ending.set)
        if self._thread is not None:
            self._thread.join()

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def connections(self) -> int:
        return len(self._connections)

    # ------------------------------------------------------------------ inside the loop

    async def _serve(self, ready: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        self._committer = Committer(self._keeper)
        committing = asyncio.create_task(self._committer.run())
        server = await asyncio.start_server(self._accept, sock=self._sockets[0], limit=_CHUNK)
        ready()
        await self._ending.wait()
        server.close()
        if self._connections:
            await asyncio.sleep(_LAST_BYTES_SECONDS)
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=_LAST_COMMIT_SECONDS)
        for task in list(self._connections.values()):
            task.cancel()
        await asyncio.gather(*self._connections.values(), return_exceptions=True)
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = _name(writer)
        conversation = Conversation(
            self._queues, f"listener {source}", limits=self._limits.frame, heartbeat_seconds=self._heartbeat
        )
        task = asyncio.current_task()
        assert task is not None
        try:
            if len(self._connections) >= self._limits.connections:
                text = f"At most {self._limits.connections} are accepted (setting ingest.max_connections)."
                await _write(writer, conversation.refuse("Too many connections", text).data)
                return
            self._connections[conversation] = task
            _keep_alive(writer)
            await self._converse(conversation, reader, writer)
        except NotKept as error:
            await _write(writer, conversation.refuse("The message could not be kept", str(error)).data)
        except (ConnectionError, TimeoutError, Stopped) as error:
            log.info("Connection %s ended: %s", source, error or type(error).__name__)
        finally:
            self._connections.pop(conversation, None)
            writer.close()

    async def _converse(
        self, conversation: Conversation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        beating: asyncio.Task[None] | None = None
        try:
            while data := await self._read(conversation, reader, writer):
                todo = conversation.receive(data)
                carrying = asyncio.create_task(self._carry_out(todo, writer))
                self._carrying.add(carrying)
                carrying.add_done_callback(self._carrying.discard)
                if await asyncio.shield(carrying):
                    return
                if beating is None and conversation.heart_beats.send:
                    beating = asyncio.create_task(_beat(writer, conversation.heart_beats.send))
                if self._buffered() > self._limits.buffered_bytes:
                    await _write(writer, conversation.refuse("Too much at once", "Send this message again later.").data)
                    return
        finally:
            if beating is not None:
                beating.cancel()

    async def _read(
        self, conversation: Conversation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """The next bytes; none when the other side has gone or has been given up."""
        seconds, complaint = self._patience(conversation)
        try:
            return await asyncio.wait_for(reader.read(_CHUNK), seconds)
        except TimeoutError:
            await _write(writer, conversation.refuse(complaint, f"Nothing came for {seconds} s.").data)
            return b""

    def _patience(self, conversation: Conversation) -> tuple[float | None, str]:
        if not conversation.connected:
            return self._limits.handshake_seconds, "No CONNECT frame"
        if conversation.pending:
            return self._limits.stall_seconds, "The frame stalled"
        if conversation.heart_beats.expect:
            return conversation.heart_beats.expect * _GRACE, "No heart-beat"
        return None, ""

    async def _carry_out(self, todo: Sequence[Arrival | Reply], writer: asyncio.StreamWriter) -> bool:
        """Do what the conversation asks for, in order; returns whether the connection is to be closed."""
        assert self._committer is not None
        kept = [await self._committer.keep(item.message) for item in todo if isinstance(item, Arrival)]
        await asyncio.gather(*kept)
        answers = [item.receipt if isinstance(item, Arrival) else item.data for item in todo]
        await _write(writer, b"".join(answer for answer in answers if answer))
        return any(isinstance(item, Reply) and item.last for item in todo)

    def _buffered(self) -> int:
        return sum(conversation.pending for conversation in self._connections)


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if data:
        writer.write(data)
        await asyncio.wait_for(writer.drain(), 30)


async def _beat(writer: asyncio.StreamWriter, seconds: float) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            await asyncio.sleep(seconds / _GRACE)
            writer.write(b"\n")
            await writer.drain()


def _name(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return f"{peer[0]}:{peer[1]}" if peer else "unknown"


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    handle = writer.get_extra_info("socket")
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
