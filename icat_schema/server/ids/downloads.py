"""Answers that carry data: whole, in part, or not at all because the client has them (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from werkzeug.datastructures import Headers
from werkzeug.http import is_resource_modified
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from icat_schema.server.ids.failures import IdsError
from icat_schema.server.ids.zips import Entry, length, stream

BINARY = "application/octet-stream"
ZIP = "application/zip"


def file_response(request: Request, source: BinaryIO, name: str) -> Response:
    """One file. The server's own thread reads it, none of those that answer calls: see waitress on wsgi.file_wrapper.

    Closes the file in any case.
    """
    try:
        about = os.fstat(source.fileno())
        etag = f"{about.st_mtime_ns:x}-{about.st_size:x}"
        changed = datetime.fromtimestamp(about.st_mtime, UTC)
        start, stop, response = _prepared(request, about.st_size, etag, changed, name)
        if response.status_code == 304 or request.method == "HEAD" or start == stop:
            source.close()
            return response
        source.seek(start)
        response.response = wrap_file(request.environ, source)
        response.direct_passthrough = True
    except BaseException:
        source.close()
        raise
    return response


def zip_response(request: Request, entries: list[Entry], name: str, *, compress: bool) -> Response:
    """Many files. The length of an uncompressed zip is known and its bytes are reproducible, so that parts of it can be
    sent; a compressed one has no known length and is always sent whole.
    """
    if compress:
        headers = _headers(name)
        headers["Accept-Ranges"] = "none"
        return Response(stream(entries, compress=True), 200, headers, content_type=ZIP)
    start, stop, response = _prepared(request, length(entries), _zip_etag(entries), None, name)
    response.content_type = ZIP
    if response.status_code != 304:
        response.response = _part(stream(entries, compress=False), start, stop)
    return response


def _prepared(request: Request, size: int, etag: str, changed: datetime | None, name: str) -> tuple[int, int, Response]:
    """Which bytes to send, and the answer without them. Raises IdsError with status 416."""
    headers = _headers(name)
    headers["Accept-Ranges"] = "bytes"
    response = Response(status=200, headers=headers, content_type=BINARY)
    response.set_etag(etag)
    response.last_modified = changed
    if not is_resource_modified(request.environ, etag, last_modified=changed):
        response.status_code = 304
        return 0, 0, response
    start, stop = 0, size
    wanted = _wanted(request, size) if _range_counts(request, etag, changed) else None
    if wanted is not None:
        start, stop = wanted
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response.content_length = stop - start
    return start, stop, response


def _range_counts(request: Request, etag: str, changed: datetime | None) -> bool:
    """A range of something else than the client thinks of is not what it wants."""
    if request.method != "GET" or "Range" not in request.headers:
        return False
    condition = request.if_range
    if condition.etag is not None:
        return "W/" not in request.headers["If-Range"][:2] and condition.etag == etag
    if condition.date is not None:
        return changed is not None and condition.date == changed.replace(microsecond=0)
    return "If-Range" not in request.headers


def _wanted(request: Request, size: int) -> tuple[int, int] | None:
    """The one range that is asked for; None (the whole) for several ones and for what nobody understands."""
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    ((start, stop),) = wanted.ranges
    if start < 0:
        start = max(size + start, 0)
    stop = size if stop is None else min(stop, size)
    if start >= stop:
        raise IdsError("BadRequestException", f"There are no such bytes: there are {size} altogether", 416, size)
    return start, stop


def _zip_etag(entries: Iterable[Entry]) -> str:
    digest = hashlib.sha256()
    for entry in entries:
        digest.update(f"{entry.name}\0{entry.size}\0{entry.changed_ns}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def _part(pieces: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    """Bytes from start to stop. What is before them is made all the same: the zip's directory needs its checksums."""
    position = 0
    for piece in pieces:
        first, last = max(start - position, 0), min(stop - position, len(piece))
        position += len(piece)
        if first < last:
            yield piece if last - first == len(piece) else piece[first:last]
        if position >= stop:
            return


def _headers(name: str) -> Headers:
    headers = Headers()
    headers.set("Content-Disposition", "attachment", filename=_header_safe(name))
    return headers


def _header_safe(name: str) -> str:
    """A file name without what cannot be in a header or would be a path for the client."""
    kept = "".join(character for character in name if character.isprintable())
    return kept.replace("\\", "/").rsplit("/", 1)[-1] or "data"
