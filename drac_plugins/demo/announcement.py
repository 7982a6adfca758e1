"""One dataset as an acquisition or a pipeline would announce it, and the folders of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a producer hands to pyicat-plus: `raw` holds the folders that a processed dataset was computed from, empty
    for an acquisition. `metadata` are ICAT parameter names with Python values."""

    beamline: str
    proposal: str
    dataset: str
    path: Path
    metadata: Mapping[str, Any]
    raw: tuple[Path, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """`<data>/visitor/<proposal>/<beamline>/<first day>` with its RAW_DATA and PROCESSED_DATA."""

    data: Path
    proposal: str
    beamline: str
    day: datetime

    @property
    def path(self) -> Path:
        return self.data / "visitor" / self.proposal / self.beamline / self.day.strftime("%Y%m%d")

    def raw(self, *parts: str) -> Path:
        return _made(self.path.joinpath("RAW_DATA", *parts))

    def processed(self, *parts: str) -> Path:
        return _made(self.path.joinpath("PROCESSED_DATA", *parts))

    def announce(
        self, dataset: str, path: Path, start: datetime, end: datetime, metadata: Mapping[str, Any], *raw: Path
    ) -> Announcement:
        times = {"startDate": start, "endDate": end}
        return Announcement(self.beamline, self.proposal, dataset, path, {**times, **metadata}, raw)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
