"""What can be wrong with display documents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault: where it is and, in one sentence, what is wrong and what to do."""

    source: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.text}"


class DocumentError(Exception):
    """One or more documents cannot be used; `faults` names every place, so that all can be mended at once."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = sorted(faults)
