"""Answers of any size in little memory, complete before their first byte is sent.

So that whatever goes wrong on the way is told in the words of the wire, the transaction ends before a slow client
begins to read, and the length is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import IO

from werkzeug.wrappers import Response

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an answer from which on it is kept in a temporary file."""
CHUNK = 256 * 1024


class Body:
    """All bytes of one answer. The file behind it is closed when it has been sent."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by whoever sends it
        try:
            for part in parts:
                self._file.write(part)
        except BaseException:
            self._file.close()
            raise
        self.length = self._file.tell()
        self._file.seek(0)

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self._file.read(CHUNK):
            yield chunk

    def close(self) -> None:
        self._file.close()

    def response(self, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
        made = Response(self, 200, headers, content_type=content_type, direct_passthrough=True)
        made.content_length = self.length
        return made
