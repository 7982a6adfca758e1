"""What some bytes are, judged by the bytes: names and announced types come from outside and may lie."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
)
_SHOWN = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "text/plain", "application/json"}
)
_MARKUP = re.compile(r"<\s*(?:!doctype|!--|\?xml|/?[a-z][a-z0-9:]*[\s/>])", re.IGNORECASE)
_SVG = re.compile(r"<(?:[a-z]+:)?svg[\s/>]", re.IGNORECASE)
_HTML = re.compile(
    r"<\s*(?:!doctype\s+html|html|head|body|script|iframe|img|table|div|p|a|h[1-6])[\s/>]", re.IGNORECASE
)
_LOOKED_AT = 64 * 1024


@dataclass(frozen=True, slots=True)
class ContentType:
    """`media_type` without parameters. `shown`: a browser may show it inside our pages; everything else (SVG and HTML
    can carry scripts) is only offered for download."""

    media_type: str
    shown: bool

    @property
    def header(self) -> str:
        textual = self.media_type.startswith("text/") or self.media_type in ("application/json", "image/svg+xml")
        return f"{self.media_type}; charset=utf-8" if textual else self.media_type


def bare_name(announced: str | None) -> str:
    """The name of an uploaded file without the folders that its sender wrote before it, of either kind of system."""
    return PurePosixPath((announced or "").replace("\\", "/")).name[-255:] or "file"


def sniff(content: bytes) -> ContentType:
    """The type of these bytes; `application/octet-stream` when nothing fits."""
    media_type = _media_type(content)
    return ContentType(media_type, media_type in _SHOWN)


def _media_type(content: bytes) -> str:
    for offset, signature, media_type in _SIGNATURES:
        if content.startswith(signature, offset) and (offset == 0 or content.startswith(b"RIFF")):
            return media_type
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "application/octet-stream" if "\x00" in text else _textual(text)


def _textual(text: str) -> str:
    if _is_json(text):
        return "application/json"
    head = text[:_LOOKED_AT]
    if _SVG.search(head):
        return "image/svg+xml"
    if _HTML.search(head):
        return "text/html"
    return "application/xml" if _MARKUP.match(head.lstrip()) else "text/plain"


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
