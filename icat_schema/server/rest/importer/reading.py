"""From the bytes of an upload to tables and rows, without holding the file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

from icat_schema.server.errors import IcatError
from icat_schema.server.rest.importer.cells import read_cells
from icat_schema.server.rest.importer.header import Table, is_header, read_header
from icat_schema.server.rest.importer.rows import Duplicate, Line, Store
from icat_schema.server.rest.requests import parse_port_request, wants_system_attributes
from icat_schema.server.service import Service

VERSION = "1.0"
BATCH = 500
"""Rows that are stored together."""
MAX_LINE_BYTES = 1024 * 1024
KEYS = ("sessionId", "duplicate", "attributes")
DUPLICATE: tuple[Duplicate, ...] = get_args(Duplicate)
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`system`: keep createId and its kin as they are in the file."""

    session_id: str | None
    duplicate: Duplicate
    system: bool


def read_import_request(text: str) -> ImportRequest:
    """Raises IcatError of type BAD_PARAMETER."""
    document = parse_port_request(text, KEYS)
    wanted = document.get("duplicate", "THROW").upper()
    duplicate = next((d for d in DUPLICATE if d == wanted), None)
    if duplicate is None:
        raise IcatError("BAD_PARAMETER", f"duplicate must be one of {', '.join(DUPLICATE)}")
    return ImportRequest(document.get("sessionId"), duplicate, wants_system_attributes(document))


def import_file(service: Service, wanted: ImportRequest, content: Iterable[bytes]) -> None:
    """Store what the file says. Raises IcatError with the number of the line in text and offset; what the lines before
    it say is stored."""
    caller = service.caller(wanted.session_id)
    if wanted.system and not caller.is_root:
        raise IcatError("INSUFFICIENT_PRIVILEGES", "Only root users may import with Attributes.ALL")
    store = Store(service, caller, wanted.duplicate, wanted.system)
    try:
        for made, lines in _batches(_parts(_lines(content), service.settings.max_import_seconds)):
            store.put(made, lines)
    except IcatError as error:
        raise IcatError(error.type, f"{error.message} at line {error.offset}", error.offset) from None


def _batches(parts: Iterator[Table | Line]) -> Iterator[tuple[Table, list[Line]]]:
    """Rows with their table, at most BATCH together. Those that stand before something wrong are handed out first."""
    made: Table | None = None
    batch: list[Line] = []
    try:
        for part in parts:
            if made is not None and batch and (isinstance(part, Table) or len(batch) == BATCH):
                yield made, batch
                batch = []
            if isinstance(part, Table):
                made = part
            else:
                batch.append(part)
    except IcatError:
        if made is not None and batch:
            yield made, batch
        raise
    if made is not None and batch:
        yield made, batch


def _parts(lines: Iterator[str], seconds: float) -> Iterator[Table | Line]:
    """Headers and rows; comments and blank lines lead nowhere."""
    end = time.monotonic() + seconds
    number, versioned, headed = 0, False, False
    for number, text in enumerate(lines, 1):
        if not text.strip() or text.startswith("#"):
            continue
        try:
            if time.monotonic() > end:
                raise IcatError("VALIDATION", f"The import takes longer than {seconds:g} s")
            if not versioned:
                _check_version(text)
                versioned = True
            elif is_header(text) or not headed:
                headed = True
                yield read_header(text)
            else:
                yield Line(number, read_cells(text))
        except IcatError as error:
            raise error.at(number) from None
    if not versioned:
        raise IcatError("VALIDATION", f"Version of file must be {VERSION}", max(number, 1))


def _check_version(text: str) -> None:
    if text.strip().removeprefix(BYTE_ORDER_MARK) != VERSION:
        raise IcatError("VALIDATION", f"Version of file must be {VERSION}")


def _lines(content: Iterable[bytes]) -> Iterator[str]:
    """Lines without their ends, whatever the portions. Raises IcatError for what is no text or has no end."""
    rest, number = b"", 0
    for portion in content:
        *lines, rest = (rest + portion).split(b"\n")
        for line in lines:
            number += 1
            yield _decoded(line, number)
        if len(rest) > MAX_LINE_BYTES:
            break
    if rest:
        yield _decoded(rest, number + 1)


def _decoded(line: bytes, number: int) -> str:
    if len(line) > MAX_LINE_BYTES:
        raise IcatError("BAD_PARAMETER", f"The line is longer than {MAX_LINE_BYTES} bytes", number)
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise IcatError("BAD_PARAMETER", "The line is not encoded in UTF-8", number) from None
