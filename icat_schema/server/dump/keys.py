"""Keys of objects in dump files: the entity and its unique key, `User_name-simple=2Fada`, relations in parentheses.

Everything but ASCII letters and digits is written as `=` and two hexadecimal digits per byte of UTF-8. Objects without
a unique key are numbered: `DataCollection_00000001`.
"""

from __future__ import annotations

import re

from icat_schema.server.dump.records import DumpError

PLAIN = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_QUOTED = [chr(byte) if byte in PLAIN else f"={byte:02X}" for byte in range(256)]
_ESCAPE = re.compile(rb"=([0-9A-F]{2})")
_PART = re.compile(r"_?([A-Za-z]\w*?)-")
_NUMBERED = re.compile(r"([A-Za-z]+)_(\d{8,18})")


def quote(text: str) -> str:
    """Text that may stand in a key."""
    return text if text.isascii() and text.isalnum() else "".join(_QUOTED[byte] for byte in text.encode())


def unquote(text: str) -> str:
    """Raises DumpError for what is no quoted text."""
    try:
        return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text.encode("ascii")).decode("utf-8")
    except ValueError as error:
        raise DumpError(f"'{text}' is not a quoted text: {error}") from None


def numbered(entity: str, number: int) -> str:
    return f"{entity}_{number:08d}"


def number_of(key: str) -> tuple[str, int] | None:
    """Entity and number of a key that `numbered` made; None for others."""
    found = _NUMBERED.fullmatch(key)
    return (found[1], int(found[2])) if found else None


def tail(key: str) -> str:
    """The key without the entity in front, as it stands in parentheses inside another key."""
    return key.partition("_")[2]


def entity_of(key: str) -> str:
    return key.partition("_")[0]


def parts(key: str) -> dict[str, str]:
    """Field to quoted text, or to the tail of the related object's key. Raises DumpError."""
    found: dict[str, str] = {}
    rest = tail(key)
    while rest:
        match = _PART.match(rest)
        if match is None:
            raise DumpError(f"'{key}' is not a key such as User_name-ada")
        rest = rest[match.end() :]
        end = _closing(key, rest) if rest.startswith("(") else (len(rest) if "_" not in rest else rest.index("_"))
        found[match[1]] = rest[1 : end - 1] if rest.startswith("(") else rest[:end]
        rest = rest[end:]
    if not found:
        raise DumpError(f"'{key}' is not a key such as User_name-ada")
    return found


def _closing(key: str, rest: str) -> int:
    """The place behind the parenthesis that closes the first one."""
    depth = 0
    for place, letter in enumerate(rest):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return place + 1
    raise DumpError(f"'{key}' has a parenthesis that is not closed")
