"""The two levels of storage: where the file of a location is, and how it gets from one level to the other."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from typing import BinaryIO

from icat_schema.server.ids.folders import CHUNK, Folder, Parts, same
from icat_schema.server.ids.settings import DataSettings

MAX_LOCATION = 4096


class Unplaced(Exception):
    """The location is not below any folder of this service."""


class CopyDiffers(OSError):
    """A copy is not what was copied: the file changes, or the disk is broken."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the file of a location is in the main storage, and where its copy is in the archive."""

    location: str
    folder: Folder
    parts: Parts
    archived: Parts

    @property
    def is_plain(self) -> bool:
        """Whether the location is spelled in the one way that has no doubled slashes and no dots."""
        level, *parts = self.archived
        return self.location == ("/" if level == "absolute" else "") + "/".join(parts)

    def open(self) -> BinaryIO:
        return self.folder.open(self.parts)

    def exists(self) -> bool:
        return self.folder.exists(self.parts)


def split(location: str) -> tuple[bool, Parts]:
    """Whether a location is absolute, and its components. Raises Unplaced for one that climbs or is no path."""
    if "\0" in location or len(location) > MAX_LOCATION:
        raise Unplaced
    parts = tuple(part for part in location.split("/") if part not in ("", "."))
    if not parts or ".." in parts:
        raise Unplaced
    try:
        os.fsencode(location)
    except UnicodeEncodeError as error:
        raise Unplaced from error
    return location.startswith("/"), parts


class Levels:
    """Knows the folders of both levels."""

    def __init__(self, settings: DataSettings) -> None:
        roots = [(split(prefix)[1] if prefix.strip("/") else (), Folder(folder)) for prefix, folder in settings.roots]
        self._roots = sorted(roots, key=lambda root: len(root[0]), reverse=True)
        self.uploads = Folder(settings.uploads) if settings.uploads else None
        self.archive = Folder(settings.archive) if settings.archive else None

    def place(self, location: str) -> Place:
        """Raises Unplaced."""
        absolute, parts = split(location)
        archived = ("absolute" if absolute else "relative", *parts)
        if not absolute:
            if self.uploads is None:
                raise Unplaced
            return Place(location, self.uploads, parts, archived)
        for prefix, folder in self._roots:
            if parts[: len(prefix)] == prefix and len(parts) > len(prefix):
                return Place(location, folder, parts[len(prefix) :], archived)
        raise Unplaced

    # Between the levels; only for two of them

    def is_archived(self, place: Place) -> bool:
        return self.archive is not None and self.archive.exists(place.archived)

    def is_safe(self, place: Place) -> bool:
        """Whether the archive holds exactly what the main storage holds: both are read."""
        assert self.archive is not None
        try:
            with place.open() as original, self.archive.open(place.archived) as copy:
                return same(original, copy)
        except FileNotFoundError:
            return False

    def write(self, place: Place) -> None:
        """Make the archive's copy, unless there is a good one. Raises OSError; the original is never touched."""
        assert self.archive is not None
        if self.is_safe(place):
            return
        with place.open() as original:
            _copy(original, self.archive, place.archived)
        if not self.is_safe(place):
            raise CopyDiffers(errno.EIO, "The archive's copy differs from the file", place.location)

    def restore(self, place: Place) -> None:
        """Bring the file back, unless it is there. Raises OSError; the archive keeps its copy."""
        assert self.archive is not None
        if place.exists():
            return
        with self.archive.open(place.archived) as copy:
            _copy(copy, place.folder, place.parts)
        if not self.is_safe(place):
            place.folder.remove(place.parts)
            raise CopyDiffers(errno.EIO, "The restored file differs from the archive's copy", place.location)

    def remove(self, place: Place) -> None:
        """Take the file away from both levels."""
        place.folder.remove(place.parts)
        if self.archive is not None:
            self.archive.remove(place.archived)


def _copy(source: BinaryIO, folder: Folder, parts: Parts) -> None:
    """The bytes and the time of the last change."""
    about = os.fstat(source.fileno())
    with folder.writing(parts) as target:
        shutil.copyfileobj(source, target, CHUNK)
        target.flush()
        os.utime(target.fileno(), ns=(about.st_atime_ns, about.st_mtime_ns))
