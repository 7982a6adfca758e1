"""Moves datasets between the two levels of storage, one after the other, in a thread of its own.

At any moment every file is complete in at least one level: what leaves the main storage has been read and compared
with the archive's copy just before, what comes back appears under its name only when it is complete. The task stays in
the database until all of it is done, so a new start after a crash does the rest.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from icat_schema.server.errors import IcatError
from icat_schema.server.ids.failures import IdsError
from icat_schema.server.ids.levels import CopyDiffers, Levels, Place
from icat_schema.server.ids.locks import DatasetLocks
from icat_schema.server.ids.tasks import Task, Tasks

log = logging.getLogger("icat.server.ids")

POLL_SECONDS = 10.0
"""How soon tasks are seen that another process has left."""

STOP_SECONDS = 10.0
BUSY_SECONDS = 0.5
NEITHER = "A file is in neither level of storage"

PlacesOf = Callable[[int], Sequence[Place]]
"""Dataset id: where all of its files are."""


class _Left(Exception):
    """The task is left as it is: the server stops, or something else is asked for the dataset."""


class Worker:
    """Call `wake` after asking for something."""

    def __init__(self, tasks: Tasks, levels: Levels, locks: DatasetLocks, places_of: PlacesOf) -> None:
        assert levels.archive is not None
        self._tasks = tasks
        self._levels = levels
        self._locks = locks
        self._places_of = places_of
        self._archive: Path = levels.archive.path
        self._work = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="icat-ids-worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._work.set()

    def stop(self) -> None:
        self._stopping.set()
        self._work.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._work.clear()
            try:
                with _alone(self._archive) as alone:
                    while alone and not self._stopping.is_set() and (task := self._tasks.next()) is not None:
                        self._do(task)
            except (SQLAlchemyError, IcatError, OSError):
                log.exception("the work between the levels of storage is interrupted")
            self._work.wait(POLL_SECONDS)

    def _do(self, task: Task) -> None:
        steps = {"ARCHIVE": self._archive_dataset, "WRITE": self._write, "RESTORE": self._restore}
        assert task.request is not None
        try:
            steps[task.request](task)
        except _Left:
            return
        except IdsError:  # somebody reads what is to be taken away
            log.info("dataset %d is busy", task.dataset)
            self._tasks.postpone(task, datetime.now(UTC))
            self._stopping.wait(BUSY_SECONDS)
            return
        except OSError as error:
            log.error("%s of dataset %d failed: %s", task.request, task.dataset, error)
            self._tasks.finish(task, f"{task.request} failed: {_reason(error)}")
            return
        self._tasks.finish(task)
        log.info("%s of dataset %d is done", task.request, task.dataset)

    def _write(self, task: Task) -> None:
        for place in self._places_of(task.dataset):
            self._proceed(task)
            if place.exists():
                self._levels.write(place)
            elif not self._levels.is_archived(place):
                raise FileNotFoundError(errno.ENOENT, NEITHER, place.location)

    def _archive_dataset(self, task: Task) -> None:
        """Copy everything first; only then take away, each file after a last comparison."""
        self._write(task)
        with self._locks.exclusive([task.dataset]):
            for place in self._places_of(task.dataset):
                self._proceed(task)
                if not place.exists():
                    continue
                if not self._levels.is_safe(place):
                    raise CopyDiffers(errno.EIO, "A file changes while it is archived", place.location)
                place.folder.remove(place.parts)

    def _restore(self, task: Task) -> None:
        for place in self._places_of(task.dataset):
            self._proceed(task)
            if place.exists():
                continue
            if not self._levels.is_archived(place):
                raise FileNotFoundError(errno.ENOENT, NEITHER, place.location)
            self._levels.restore(place)

    def _proceed(self, task: Task) -> None:
        """Leave the task where it is when something else is asked, or the server stops."""
        if self._stopping.is_set() or not self._tasks.is_current(task):
            raise _Left


def _reason(error: OSError) -> str:
    """Without the path: getStatus tells it to people without a session. The log has it."""
    return error.strerror or type(error).__name__


@contextmanager
def _alone(archive: Path) -> Iterator[bool]:
    """Whether no other process works on this archive; none will until the end."""
    archive.mkdir(parents=True, exist_ok=True)
    with (archive / ".ids-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
