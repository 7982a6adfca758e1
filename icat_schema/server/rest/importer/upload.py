"""The multipart form of POST port: the field `json` first, then one file, read in portions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, cast

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData
from werkzeug.wrappers import Request

from icat_schema.server.errors import IcatError

MULTIPART = "multipart/form-data"
PORTION = 64 * 1024
MAX_FIELD_BYTES = 64 * 1024


class Upload:
    """One form. Read `fields` before `content`."""

    def __init__(self, request: Request, max_bytes: int) -> None:
        boundary = request.mimetype_params.get("boundary")
        if request.mimetype != MULTIPART or not boundary:
            raise IcatError("INTERNAL", f"Cannot consume content type {request.mimetype or 'none'}: send {MULTIPART}")
        self._source = cast("BinaryIO", request.stream)
        self._decoder = MultipartDecoder(boundary.encode(), max_parts=16)
        self._left = max_bytes

    def fields(self) -> dict[str, str]:
        """Everything in front of the file. Raises IcatError when there is no file."""
        fields: dict[str, str] = {}
        name: str | None = None
        text = bytearray()
        for event in self._events():
            if isinstance(event, File):
                return fields
            if isinstance(event, Field):
                name, text = event.name, bytearray()
            elif isinstance(event, Data) and name is not None:
                text += event.data
                if len(text) > MAX_FIELD_BYTES:
                    raise IcatError("BAD_PARAMETER", f"Form field {name} is longer than {MAX_FIELD_BYTES} bytes")
                if not event.more_data:
                    fields[name] = text.decode(errors="replace")
        if "json" not in fields:
            raise IcatError("BAD_PARAMETER", "json must not be null")
        raise IcatError("BAD_PARAMETER", "The form needs a part with a file after the field json")

    def content(self) -> Iterator[bytes]:
        """The content of the file, to its end."""
        for event in self._events():
            if isinstance(event, Data):
                yield event.data
                if not event.more_data:
                    return

    def _events(self) -> Iterator[Event]:
        try:
            while True:
                event = self._decoder.next_event()
                if isinstance(event, Epilogue):
                    return
                if isinstance(event, NeedData):
                    self._feed()
                else:
                    yield event
        except ValueError as error:
            raise IcatError("BAD_PARAMETER", f"The form is malformed: {error}") from None

    def _feed(self) -> None:
        portion = self._source.read(PORTION)
        self._left -= len(portion)
        if self._left < 0:
            raise RequestEntityTooLarge
        self._decoder.receive_data(portion or None)
