"""From announced paths to files on disk (the announced path is what is stored; the disk is only read)."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingest.names import is_below

_SKIPPED_ENDS = (".lock", ".tmp")
_SKIPPED_FOLDERS = ("__pycache__",)


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """`name`: path relative to the dataset's folder; bytes that are no UTF-8 are escaped."""

    name: str
    size: int
    modified: datetime


class Disk:
    """`roots`: announced paths must lie below one of them; `path_map`: announced prefix -> folder on disk."""

    def __init__(self, roots: Collection[str], path_map: Mapping[str, Path]) -> None:
        self._roots = [root.rstrip("/") or "/" for root in roots]
        self._map = sorted(
            ((prefix.rstrip("/"), folder) for prefix, folder in path_map.items()), key=lambda p: -len(p[0])
        )

    def path(self, announced: str) -> Path | None:
        """Where an announced path is on this host; None when it lies below no allowed root."""
        if not announced.startswith("/") or ".." in announced.split("/"):
            return None
        if not any(is_below(announced, root) for root in self._roots):
            return None
        for prefix, folder in self._map:
            if is_below(announced, prefix):
                return folder / announced[len(prefix) :].lstrip("/")
        return Path(announced)

    def allowed(self, path: Path) -> bool:
        """Whether a path on disk, with all symbolic links followed, is below an allowed root."""
        real = Path(os.path.realpath(path))
        return any(real.is_relative_to(os.path.realpath(root)) for root in self._on_disk())

    def _on_disk(self) -> Iterator[Path]:
        for root in self._roots:
            found = self.path(root)
            if found is not None:
                yield found
        for prefix, folder in self._map:
            if any(is_below(prefix, root) for root in self._roots):
                yield folder

    def read(self, announced: str, longest: int) -> bytes | None:
        """Content of a file; None when it is not there, not allowed, no plain file, or longer than `longest` bytes."""
        path = self.path(announced)
        if path is None or not self.allowed(path) or not path.is_file() or path.stat().st_size > longest:
            return None
        return path.read_bytes()

    def walk(self, folder: Path, nested: Collection[str]) -> Iterator[FileOnDisk]:
        """Every file below a folder, in order of names. Links to folders are not followed; a link to a file counts with
        its target when that is allowed. `nested`: folders (relative) that are datasets of their own."""
        waiting = [""]
        while waiting:
            inside = waiting.pop()
            folders: list[str] = []
            with os.scandir(folder / inside) as entries:
                for entry in sorted(entries, key=lambda e: e.name):
                    name = f"{inside}/{entry.name}" if inside else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if not _skipped(entry.name) and name not in nested:
                            folders.append(name)
                    elif not _skipped(entry.name) and (found := self._file(entry, name)):
                        yield found
            waiting += reversed(folders)

    def _file(self, entry: os.DirEntry[str], name: str) -> FileOnDisk | None:
        try:
            if entry.is_symlink() and not self.allowed(Path(entry.path)):
                return None
            if not entry.is_file():
                return None
            stat = entry.stat()
        except OSError:  # gone since we looked, or a link to nowhere
            return None
        text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return FileOnDisk(text, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))


def _skipped(name: str) -> bool:
    return name.startswith(".") or name.endswith(_SKIPPED_ENDS) or name in _SKIPPED_FOLDERS
