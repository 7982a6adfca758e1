"""`drac ingest watch`: files that appear in folders are taken when they have settled, each state of them once."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from watchfiles import watch

from drac_plugins.core.inbox import Inbox
from drac_plugins.core.settings import Settings
from ingest.enrich.files import incoming_of_file, is_message
from ingest.enrich.folder import HDF5_ENDS, METADATA
from ingest.enrich.hdf5 import Unreadable
from ingest.tables import watched_file

log = logging.getLogger(__name__)

_LARGEST_LOOK = 10 * 1024 * 1024
Said = Callable[[str], None]


class Watcher:
    """What was taken is remembered in the store by size and time of change: after a restart only what is new or has
    changed is taken. Files that are no messages are left alone."""

    def __init__(
        self,
        inbox: Inbox,
        settings: Settings,
        folders: Sequence[Path],
        *,
        say: Said = log.info,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._inbox = inbox
        self._store = inbox.store
        self._settings = settings
        self._folders = folders
        self._settle = settings.ingest.watch_settle_seconds
        self._say = say
        self._clock = clock
        self._pending: dict[Path, str] = {}

    def run(self, stopping: threading.Event, *, polling: bool = False) -> None:
        """Until `stopping`. `polling`: look again and again instead of being told by the kernel (network file systems
        tell nothing)."""
        self.look(self.candidates())
        tick = int(max(100.0, self._settle * 500))
        changes = watch(
            *self._folders,
            stop_event=stopping,
            yield_on_timeout=True,
            rust_timeout=tick,
            step=50,
            force_polling=polling or None,
            raise_interrupt=False,
        )
        self.settled()
        for batch in changes:
            self.look(Path(path) for _, path in batch)
            self.settled()

    def candidates(self) -> Iterator[Path]:
        """Every file below the folders that may be a message or the main file of a dataset."""
        for folder in self._folders:
            for here, folders, names in os.walk(folder):
                folders[:] = [name for name in folders if not name.startswith(".")]
                yield from (Path(here, name) for name in names)

    def look(self, paths: Iterable[Path]) -> None:
        """Take note of files that may have something for us."""
        for path in paths:
            if _interesting(path):
                self._pending.setdefault(path, "")

    def settled(self) -> int:
        """Take every noted file that has not changed for long enough. Returns how many messages were put."""
        done = 0
        for path, before in list(self._pending.items()):
            mark, changed = _fingerprint(path)
            if not mark:
                del self._pending[path]
            elif mark != before or self._clock() - changed < self._settle:
                self._pending[path] = mark
            else:
                del self._pending[path]
                done += self._take(path, mark)
        return done

    def _take(self, path: Path, mark: str) -> int:
        with self._store.read() as connection:
            query = select(watched_file.c.fingerprint).where(watched_file.c.path == str(path))
            if connection.execute(query).scalar() == mark:
                return 0
        if path.suffix in (".xml", ".json") and path.name != METADATA and not _holds_message(path):
            return 0
        try:
            incoming, source, warnings = incoming_of_file(path, self._settings)
        except Unreadable as error:
            self._note(path, mark, None, error.message)
            self._say(f"{path}: not taken: {error.message}")
            return 0
        stored = self._inbox.put_all([incoming])[0]
        self._note(path, mark, stored.id, None)
        known = " (known already)" if stored.duplicate else ""
        self._say(f"{path}: message {stored.id}{known} from {source}")
        for warning in warnings:
            self._say(f"{path}: {warning}")
        return 1

    def _note(self, path: Path, mark: str, message_id: int | None, text: str | None) -> None:
        table = watched_file
        values = {"fingerprint": mark, "message_id": message_id, "text": text, "at": datetime.now(UTC)}
        with self._store.begin() as connection:
            changed = connection.execute(table.update().where(table.c.path == str(path)).values(**values))
            if not changed.rowcount:
                connection.execute(table.insert().values(path=str(path), **values))


def _interesting(path: Path) -> bool:
    """Messages, metadata files, and the HDF5 file that is called like its folder."""
    if path.name.startswith("."):
        return False
    if path.suffix in (".xml", ".json"):
        return True
    return path.name.endswith(HDF5_ENDS) and path.stem == path.parent.name


def _fingerprint(path: Path) -> tuple[str, float]:
    """Size and time of change as text, and the latter in seconds; empty when it is no plain file (any more)."""
    try:
        status = path.lstat()
    except OSError:
        return "", 0.0
    if not path.is_file() or path.is_symlink():
        return "", 0.0
    return f"{status.st_size} {status.st_mtime_ns}", status.st_mtime


def _holds_message(path: Path) -> bool:
    try:
        return path.stat().st_size <= _LARGEST_LOOK and is_message(path.read_bytes())
    except OSError:
        return False
