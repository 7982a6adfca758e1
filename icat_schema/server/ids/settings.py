"""What an operator can choose about the data service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

IDS_PATH = "/ids"

IDS_VERSION = "1.12.0"
"""What clients are told: the last release that has every call of this interface."""

GIBIBYTE = 1024**3


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Where files are.

    `roots`: what locations in the catalogue begin with, and the folder on disk that this stands for. `uploads`: the
    folder for files that clients put, their locations are relative to it; without it nothing can be put or deleted.
    `archive`: the second level; without it there is one level. `links`: where getLink makes its links, they are removed
    after `link_hours`. A prepared selection is forgotten after `prepared_days`. At most `zips_at_once`, and half of the
    server's threads, send zip files.
    """

    roots: tuple[tuple[str, Path], ...] = ()
    uploads: Path | None = None
    archive: Path | None = None
    links: Path | None = None
    read_only: bool = False
    max_upload_bytes: int = 2 * GIBIBYTE
    link_hours: int = 24
    prepared_days: int = 30
    zips_at_once: int = 4

    @property
    def refuses_writes(self) -> bool:
        return self.read_only or self.uploads is None

    @property
    def two_levels(self) -> bool:
        return self.archive is not None
