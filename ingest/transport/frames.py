"""Reading STOMP frames from a stranger: stompest's incremental parser, with limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stompest.error import StompFrameError, StompProtocolError
from stompest.protocol import StompFrame, StompParser, StompSpec

_CARRIAGE_RETURN, _LINE_FEED = 13, 10


class BadFrame(Exception):
    """What came is not STOMP, or more of it than is accepted; the message is fit for an ERROR frame."""


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """Head: command and headers together. Body limit: the whole frame; above it the connection is given up."""

    head_bytes: int = 64 * 1024
    headers: int = 1000
    frame_bytes: int = 100 * 1024 * 1024


class _BoundedParser(StompParser):  # type: ignore[misc]  # stompest has no types
    """Raises StompFrameError as soon as a limit is passed, before the rest has come."""

    def __init__(self, version: str, limits: FrameLimits) -> None:
        self._limits = limits
        super().__init__(version)

    @property
    def pending(self) -> int:
        """Bytes of the frame that is not complete yet."""
        return len(self._data)

    def add(self, data: bytes) -> None:
        super().add(data)
        if self._frame is None and self.pending > self._limits.head_bytes:
            self._raise(f"Command and headers have more than {self._limits.head_bytes} bytes")
        if self.pending > self._limits.frame_bytes:
            self._raise(f"The frame has more than {self._limits.frame_bytes} bytes")

    def _parseHead(self) -> Any:  # noqa: N802 - stompest's name
        found = super()._parseHead()
        if not found:
            return found
        headers = self._frame.headers
        if len(self._frame.rawHeaders) > self._limits.headers:
            self._raise(f"The frame has more than {self._limits.headers} headers")
        length = headers.get(StompSpec.CONTENT_LENGTH_HEADER)
        if length is not None and not 0 <= int(length) <= self._limits.frame_bytes:
            self._raise(f"content-length {length} is not between 0 and {self._limits.frame_bytes}")
        return found

    def _parseHeartBeat(self) -> Any:  # noqa: N802 - stompest's name
        """STOMP 1.2 allows carriage return and line feed between frames."""
        if self._data[self._start : self._start + 2] == bytes((_CARRIAGE_RETURN, _LINE_FEED)):
            self._start += 1
        return super()._parseHeartBeat()


class FrameReader:
    """Bytes in, whole frames out (heart-beats are swallowed). Until a version is agreed, frames are read as STOMP 1.2,
    whose line ends include those of the earlier versions."""

    def __init__(self, limits: FrameLimits) -> None:
        self._parser = _BoundedParser(StompSpec.VERSION_1_2, limits)

    @property
    def pending(self) -> int:
        return int(self._parser.pending)

    def agree(self, version: str) -> None:
        self._parser.version = version

    def read(self, data: bytes) -> tuple[list[StompFrame], BadFrame | None]:
        """Frames completed by these bytes, and the fault that came after them, if any; the reader is of no use then."""
        fault = None
        try:
            self._parser.add(data)
        except (StompFrameError, StompProtocolError, ValueError) as error:  # ValueError: encoding, content-length
            fault = BadFrame(str(error)[:500])
        frames = []
        while self._parser.canRead():
            frame = self._parser.get()
            if isinstance(frame, StompFrame):
                frames.append(frame)
        return frames, fault
