"""Zip files as a stream: never whole in memory or on the disk, and the same bytes for the same files.

The names in it are the original's: ids/facility/investigation/visit/dataset/datafile, all but the last encoded as in
URLs.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from urllib.parse import quote, quote_plus
from zoneinfo import ZoneInfo

from icat_schema.server.ids.folders import CHUNK
from icat_schema.server.ids.selection import Datafile, Dataset

EARLIEST = (1980, 1, 1, 0, 0, 0)
LATEST = (2107, 12, 31, 23, 59, 58)
SIZES_FOLLOW = 0x08
"""The flag of entries whose sizes and checksum stand behind the data."""

UNIX_FILE = 0o644 << 16

_HEADER, _HEADER_64 = 30, 20
_DESCRIPTOR, _DESCRIPTOR_64 = 16, 24
_CENTRAL, _EXTRA, _EXTRA_VALUE = 46, 4, 8
_END, _END_64 = 22, 56 + 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to be sent: its name in the zip, its size, when it was changed (nanoseconds since 1970; a zip tells it in
    local time), and how to open it."""

    name: str
    size: int
    changed_ns: int
    zone: ZoneInfo
    open: Callable[[], BinaryIO]


class FileChanged(OSError):
    """A file got shorter while it was sent."""


def entry_names(datafiles: Iterable[Datafile], datasets: dict[int, Dataset]) -> dict[int, str]:
    """Datafile id: its name in the zip. Names that would leave the folder where the zip is unpacked are defused."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    for datafile in datafiles:
        dataset = datasets[datafile.dataset]
        middle = (dataset.facility, dataset.investigation, dataset.visit, dataset.name)
        name = "/".join(("ids", *(_safe(quote_plus(part)) for part in middle), _file_name(datafile.name)))
        if name in taken:
            name = f"{name}.{datafile.id}"
        taken.add(name)
        names[datafile.id] = name
    return names


def _file_name(name: str) -> str:
    """A datafile's name may have folders in it."""
    parts = [_safe(_printable(part)) for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    return "/".join(parts) or "_"


def _safe(part: str) -> str:
    return part.replace(".", "%2E") if part in (".", "..") else part or "_"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else quote(character, safe="") for character in text)


def stream(entries: Sequence[Entry], *, compress: bool) -> Iterator[bytes]:
    """The zip, piece by piece. Raises OSError when a file cannot be read or got shorter; what has grown is sent as
    long as it was."""
    sink = _Sink()
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(sink, "w", method) as archive:  # type: ignore[call-overload]  # all it needs is write()
        for entry in entries:
            with entry.open() as source, archive.open(_info(entry, method), "w") as target:
                for piece in _exactly(source, entry):
                    target.write(piece)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


def length(entries: Sequence[Entry]) -> int:
    """Bytes of the uncompressed zip."""
    limit = zipfile.ZIP64_LIMIT
    position = directory = 0
    for entry in entries:
        info = _info(entry, zipfile.ZIP_STORED)
        info.flag_bits |= SIZES_FOLLOW
        large = entry.size * 1.05 > limit  # as zipfile decides it before it knows
        header = len(info.FileHeader(large))
        values = 2 * (entry.size > limit) + (position > limit)
        directory += _CENTRAL + header - _HEADER - (_HEADER_64 if large else 0)
        directory += _EXTRA + _EXTRA_VALUE * values if values else 0
        position += header + entry.size + (_DESCRIPTOR_64 if large else _DESCRIPTOR)
    count = len(entries)
    long = count > zipfile.ZIP_FILECOUNT_LIMIT or position > limit or directory > limit
    return position + directory + _END + (_END_64 if long else 0)


def _info(entry: Entry, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(entry.name, _date(entry))
    info.file_size = entry.size
    info.compress_type = method
    info.external_attr = UNIX_FILE
    return info


def _date(entry: Entry) -> tuple[int, int, int, int, int, int]:
    try:
        moment = datetime.fromtimestamp(entry.changed_ns // 10**9, entry.zone)
    except (ValueError, OverflowError):
        return EARLIEST
    date = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return min(max(date, EARLIEST), LATEST)


def _exactly(source: BinaryIO, entry: Entry) -> Iterator[bytes]:
    left = entry.size
    while left:
        piece = source.read(min(CHUNK, left))
        if not piece:
            raise FileChanged(f"{entry.name} got shorter while it was sent")
        left -= len(piece)
        yield piece


class _Sink:
    """Takes what zipfile writes. Cannot be rewound, so that sizes and checksums follow the data."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data
