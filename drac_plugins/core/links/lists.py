"""Lists inside parameter values: written blank-separated, read with blank or comma, cut where ICAT's column ends."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_VALUE = 4000  # characters of stringValue
TRUNCATED = "__truncated"
_SEPARATORS = " ,;"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A value as the catalogue can hold it; `whole` tells whether anything was left out."""

    text: str
    whole: bool


def fit(text: str, limit: int = LONGEST_VALUE) -> Fitted:
    """The longest beginning that ends at a separator and fits; without a separator the text is cut at the limit."""
    if len(text) <= limit:
        return Fitted(text, whole=True)
    end = max(text.rfind(separator, 0, limit + 1) for separator in _SEPARATORS)
    return Fitted(text[: end if end > 0 else limit], whole=False)


def render(items: Iterable[object], limit: int = LONGEST_VALUE) -> Fitted:
    """Blank-separated, whole items only."""
    kept: list[str] = []
    length = -1
    for item in items:
        text = str(item)
        length += 1 + len(text)
        if length > limit:
            return Fitted(" ".join(kept), whole=False)
        kept.append(text)
    return Fitted(" ".join(kept), whole=True)


def read(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[ ,]+", text or "") if part)


def read_ids(text: str | None) -> tuple[int, ...]:
    """Ids in a list, in order, each once; what is no number is passed over."""
    return tuple(dict.fromkeys(int(part) for part in read(text) if part.isdecimal()))


def truncated(before: str | None, decided: Iterable[str], cut: Iterable[str]) -> str | None:
    """Next value of `__truncated`: of the names `decided` now only those in `cut` are listed, others stay as they were.
    None: no such parameter."""
    names = (set(read(before)) - set(decided)) | set(cut)
    return " ".join(sorted(names)) or None
