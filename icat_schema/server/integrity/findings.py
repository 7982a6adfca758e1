"""What a check has found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

Repair = Callable[[Connection], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """`fault`: the catalogue is not what it should be; otherwise it is only worth knowing. `repair` derives it anew."""

    text: str
    fault: bool = True
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """`name` says what is looked at."""

    name: str
    find: Callable[[Connection], Iterator[Finding]]
