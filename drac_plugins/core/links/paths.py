"""Paths of datasets as they are compared. Pure; nothing touches a disk."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

_MOUNTED = re.compile(r".+?(/data/(?:visitor|[^/]+/(?:inhouse|tmp))(?:/.*)?)", re.DOTALL)
_TYPE_FOLDERS = {"raw": "RAW_DATA", "processed": "PROCESSED_DATA", "_nobackup": "NOBACKUP"}
_OTHER_SPELLING = _TYPE_FOLDERS | {new: old for old, new in _TYPE_FOLDERS.items()}
_SHALLOWEST_DATASET = 4  # parts of a path that can be a dataset where the layout is not known


def location_key(path: str, mount_prefixes: Iterable[str] = ()) -> str:
    """The form in which two spellings of one folder are equal: slashes collapsed, `.` and `..` resolved in the text
    (symbolic links are not), no slash at the end, and no mount point or given mount prefix before the `/data/...` that
    every host knows. Case matters; a path that is not absolute stays relative; the key of a key is the key."""
    text = posixpath.normpath(path) if path else ""
    if text.startswith("//"):  # POSIX gives two leading slashes a meaning of their own; producers do not
        text = text[1:]
    if not text.startswith("/"):
        return "" if text == "." else text
    prefixes = [f"/{prefix.strip('/')}/" for prefix in mount_prefixes if prefix.strip("/")]
    while mount := next((prefix for prefix in prefixes if text.startswith(prefix)), None):
        text = text[len(mount) - 1 :]
    mounted = None if text.startswith("/data/") else _MOUNTED.fullmatch(text)
    return mounted.group(1) if mounted else text


def ancestors(key: str) -> tuple[str, ...]:
    """Folders above a path that may be the dataset it lies in, nearest first; a collection is the highest, a session or
    a data-type folder never counts."""
    parts = key.strip("/").split("/")
    floor = next((n + 2 for n, part in enumerate(parts) if part in _OTHER_SPELLING), _SHALLOWEST_DATASET)
    return tuple("/" + "/".join(parts[:n]) for n in range(len(parts) - 1, floor - 1, -1))


def spellings(key: str) -> tuple[str, ...]:
    """The same folder in the older or newer layout (`raw` and `RAW_DATA`, ...); empty when there is no other."""
    parts = key.split("/")
    for n, part in enumerate(parts):
        if part in _OTHER_SPELLING:
            return ("/".join([*parts[:n], _OTHER_SPELLING[part], *parts[n + 1 :]]),)
    return ()


def inside(key: str) -> tuple[str, str]:
    """Half-open range, in byte order, of the keys of everything inside a folder."""
    return key + "/", key + "0"  # "0" follows "/" in byte order


def split_declared(text: str) -> tuple[str, ...]:
    """Paths in the parameter `input_datasets`, in order, each once. A single path that a producer cut into characters
    (`/,d,a,t,a`) is put together again."""
    items = [item.strip() for item in text.split(",")]
    if len(items) > 3 and len(text) % 2 and text[1::2].strip(",") == "":
        return (text[::2],)
    return tuple(dict.fromkeys(item for item in items if item))


def joins(paths: Sequence[str], at: int) -> Iterable[tuple[str, int]]:
    """Longer readings of the item at a position, for folders whose name holds a comma: the text, and how many items it
    takes; longest first."""
    longest = min(len(paths) - at, 6)
    for count in range(longest, 1, -1):
        yield ",".join(paths[at : at + count]), count
