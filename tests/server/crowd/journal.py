"""What a client meant to do and what it heard: one line before each call, one after it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal["stored", "refused", "unknown"]


@dataclass
class Call:
    """`names`: of the objects of the call. `contested`: others try to create the same. `wrong`: it must be refused."""

    kind: str
    names: list[str]
    contested: bool = False
    wrong: bool = False
    outcome: Outcome = "unknown"
    type: str | None = None
    milliseconds: float = 0.0


@dataclass
class Journal:
    """Survives a kill at any moment: lines are written whole."""

    path: Path
    _file: int = field(init=False)

    def __post_init__(self) -> None:
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def begin(self, number: int, call: Call) -> None:
        self._write([number, call.kind, call.names, call.contested, call.wrong])

    def end(self, number: int, call: Call) -> None:
        self._write([number, call.outcome, call.type, round(call.milliseconds, 2)])

    def _write(self, line: Sequence[object]) -> None:
        os.write(self._file, json.dumps(line).encode() + b"\n")


def read_calls(path: Path) -> dict[int, Call]:
    """All calls by number; those without an end are unknown, because the client was killed."""
    calls: dict[int, Call] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        number, *rest = json.loads(line)
        if number not in calls:
            calls[number] = Call(*rest)
        else:
            calls[number].outcome, calls[number].type, calls[number].milliseconds = rest
    return calls
