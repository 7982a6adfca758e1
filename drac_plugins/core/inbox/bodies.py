"""Bodies above the size limit are kept as files, so that the table stays small and the message is still not lost."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BodyFiles:
    """`folder` is made on first use; bodies of more than `limit` bytes go there."""

    folder: Path
    limit: int

    def too_large(self, size: int) -> bool:
        return size > self.limit

    def keep(self, sha256: str, body: bytes) -> str:
        """Write the body durably and return the file's name; the same body is written once. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{sha256}.body"
        target = self.folder / name
        if not target.exists():
            partial = self.folder / f".{name}.{os.getpid()}"
            with partial.open("wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
            self._sync_folder()
        return name

    def _sync_folder(self) -> None:
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self, name: str) -> bytes:
        """Raises OSError when the file is gone."""
        return (self.folder / Path(name).name).read_bytes()
