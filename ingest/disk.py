"""From announced paths to files on disk (the announced path is what is stored; the disk is only read)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
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

    def folder(self, announced: str) -> Path | None:
        """An announced folder on disk; None when it is not there, cannot be looked at, or is not allowed."""
        path = self.path(announced)
        try:
            return path if path is not None and path.is_dir() and self.allowed(path) else None
        except OSError:  # a name that is too long, a folder that is closed to us
            return None

    def read(self, announced: str, longest: int, *, inside: str | None = None) -> bytes | None:
        """Content of a file; None when it is not there, cannot be read, is not allowed, no plain file, or longer than
        `longest` bytes. `inside`: announced folder in which the file must lie with all symbolic links followed."""
        path = self.path(announced)
        folder = None if inside is None else self.path(inside)
        if path is None or not self.allowed(path):
            return None
        real = Path(os.path.realpath(path))
        if folder is not None and not real.is_relative_to(os.path.realpath(folder)):
            return None
        return _plain_content(real, longest)

    def status(self, path: Path) -> os.stat_result | None:
        """Of a plain file on disk that is allowed; else None."""
        try:
            return path.stat() if path.is_file() and self.allowed(path) else None
        except OSError:  # a name that is too long, a folder that is closed to us, gone meanwhile
            return None

    def announced(self, path: Path) -> str | None:
        """How a path on disk is announced; None when nobody may announce it."""
        for prefix, folder in self._map:
            if path.is_relative_to(os.path.realpath(folder)):
                inside = path.relative_to(os.path.realpath(folder)).as_posix()
                return prefix if inside == "." else f"{prefix}/{inside}"
        text = path.as_posix()
        return text if any(is_below(text, root) for root in self._roots) else None

    def walk(
        self,
        folder: Path,
        nested: Collection[str],
        *,
        closed: list[str] | None = None,
        admitted: Callable[[str], bool] = lambda _: True,
    ) -> Iterator[FileOnDisk]:
        """Every file below a folder, in order of names. Links to folders are not followed; a link to a file counts with
        its target when that is allowed, and `admitted` by the path under which it is announced. `nested`: folders
        (relative) that are datasets of their own. `closed`: takes the folders inside that cannot be read (else, and for
        the folder itself, OSError)."""
        waiting = [""]
        while waiting:
            inside = waiting.pop()
            try:
                with os.scandir(folder / inside) as entries:
                    found = sorted(entries, key=lambda e: e.name)
            except OSError:
                if closed is None or not inside:
                    raise
                closed.append(inside)
                continue
            folders: list[str] = []
            for entry in found:
                name = f"{inside}/{entry.name}" if inside else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not _skipped(entry.name) and name not in nested:
                        folders.append(name)
                elif not _skipped(entry.name) and (file := self._file(entry, name, admitted)):
                    yield file
            waiting += reversed(folders)

    def _file(self, entry: os.DirEntry[str], name: str, admitted: Callable[[str], bool]) -> FileOnDisk | None:
        try:
            if entry.is_symlink() and not self._may_lead(Path(entry.path), admitted):
                return None
            if not entry.is_file():
                return None
            status = entry.stat()
        except OSError:  # gone since we looked, or a link to nowhere
            return None
        text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return FileOnDisk(text, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def _may_lead(self, link: Path, admitted: Callable[[str], bool]) -> bool:
        target = self.announced(Path(os.path.realpath(link)))
        return target is not None and self.allowed(link) and admitted(target)


def _plain_content(path: Path, longest: int) -> bytes | None:
    """Looks at what has been opened, not at the name: that may mean something else (a pipe, a link) by now."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > longest:
                return None
            content = file.read(longest + 1)
    except OSError:
        return None
    return content if len(content) <= longest else None


def _skipped(name: str) -> bool:
    return name.startswith(".") or name.endswith(_SKIPPED_ENDS) or name in _SKIPPED_FOLDERS
