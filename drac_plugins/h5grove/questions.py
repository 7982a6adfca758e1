"""What the facade asks the process that reads HDF5 files, and what it is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

SECONDS = 60
"""A question that takes longer is given up."""


@dataclass(frozen=True, slots=True)
class Question:
    """`kind`: attr, data, meta or stats. `file`: on disk; with all links followed it must be that very path or lie
    below one of `folders`. `path`: of the object in it. `query`: arguments of h5grove. `most_bytes` are read at once.
    """

    kind: str
    file: str
    folders: tuple[str, ...]
    path: str
    query: Mapping[str, Any]
    most_bytes: int

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Question:
        told = json.loads(line)
        told["folders"] = tuple(told["folders"])
        return cls(**{field.name: told[field.name] for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is a text for people unless `status` is 200."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def head(self) -> bytes:
        """A line that says what follows."""
        told = {"status": self.status, "headers": dict(self.headers), "length": len(self.body)}
        return json.dumps(told).encode() + b"\n"
