"""Files below a folder, and never anywhere else.

A path is first resolved, so that symbolic links inside the folder work, and then opened one component after the other
without following any link: what is swapped in between is refused, not followed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

Parts = tuple[str, ...]
"""The components of a path below a folder; none of them is `.`, `..` or empty."""

CHUNK = 1024 * 1024
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO must not keep us waiting; it is no file for us
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
FILE_MODE = 0o640
FOLDER_MODE = 0o750


class NotBelow(OSError):
    """The path leads out of the folder."""


class Folder:
    """Reads, writes and removes files below one folder of the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Folder({str(self.path)!r})"

    def exists(self, parts: Parts) -> bool:
        """Whether there is a file. Says it of links that lead out, too; only opening them is refused."""
        try:
            return stat.S_ISREG(os.stat(self._joined(parts)).st_mode)  # noqa: PTH116 - Path would cost more
        except (OSError, ValueError):
            return False

    def open(self, parts: Parts) -> BinaryIO:
        """The file for reading. Raises OSError if there is none, NotBelow if it is elsewhere."""
        with self._parent(parts) as (parent, name):
            number = os.open(name, _READ, dir_fd=parent)
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise FileNotFoundError(errno.ENOENT, "Not a regular file", name)
        return os.fdopen(number, "rb")

    def stat(self, parts: Parts) -> os.stat_result:
        """About the file. Raises OSError as `open` does."""
        with self._parent(parts) as (parent, name):
            about = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISREG(about.st_mode):
            raise FileNotFoundError(errno.ENOENT, "Not a regular file", name)
        return about

    def remove(self, parts: Parts) -> bool:
        """Take the file away; whether it was there. What a link leads to outside of the folder stays."""
        try:
            with self._parent(parts) as (parent, name):
                os.unlink(name, dir_fd=parent)
        except (FileNotFoundError, NotBelow):
            return False
        return True

    @contextmanager
    def writing(self, parts: Parts) -> Iterator[BinaryIO]:
        """A new file that appears under its name only when it is complete and on the disk.

        An interrupted one leaves a hidden part behind, which the next attempt overwrites.
        """
        with self._parent(parts, create=True) as (parent, name):
            digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:24]
            part = f".ids-{digest}.part"
            number = os.open(part, _WRITE, FILE_MODE, dir_fd=parent)
            try:
                with os.fdopen(number, "wb") as target:
                    yield target
                    target.flush()
                    os.fsync(target.fileno())
                os.rename(part, name, src_dir_fd=parent, dst_dir_fd=parent)
                os.fsync(parent)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(part, dir_fd=parent)
                raise

    def link(self, parts: Parts, target: Path) -> None:
        """Make `target` another name of the file. Raises OSError, with EXDEV between file systems."""
        with self._parent(parts) as (parent, name):
            os.link(name, target, src_dir_fd=parent, follow_symlinks=False)

    def resolved(self, parts: Parts) -> Path:
        """Where the file is now. Raises NotBelow."""
        root, inner = self._resolve(parts)
        return Path(root, *inner)

    def _joined(self, parts: Parts) -> str:
        return os.path.join(self.path, *parts)  # noqa: PTH118 - as above

    def _resolve(self, parts: Parts) -> tuple[str, Parts]:
        root = os.path.realpath(self.path)
        try:
            real = Path(os.path.realpath(self._joined(parts)))
        except ValueError as error:
            raise NotBelow(errno.EINVAL, "No path", repr(parts)) from error
        if not parts or not real.is_relative_to(root) or real == Path(root):
            raise NotBelow(errno.EPERM, "Not below the folder", repr(parts))
        return root, real.relative_to(root).parts

    @contextmanager
    def _parent(self, parts: Parts, *, create: bool = False) -> Iterator[tuple[int, str]]:
        """The open folder of a file, and the file's name in it."""
        root, inner = self._resolve(parts)
        if create:
            Path(root).mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        current = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for part in inner[:-1]:
                if create:
                    _make(part, current)
                below = os.open(part, _DIRECTORY, dir_fd=current)
                os.close(current)
                current = below
            yield current, inner[-1]
        finally:
            os.close(current)


def _make(name: str, parent: int) -> None:
    """A folder that is there after a power cut, too."""
    with suppress(FileExistsError):
        os.mkdir(name, FOLDER_MODE, dir_fd=parent)
        os.fsync(parent)


def same(one: BinaryIO, other: BinaryIO) -> bool:
    """Whether both hold the same bytes."""
    if os.fstat(one.fileno()).st_size != os.fstat(other.fileno()).st_size:
        return False
    while True:
        mine, theirs = one.read(CHUNK), other.read(CHUNK)
        if mine != theirs:
            return False
        if not mine:
            return True
