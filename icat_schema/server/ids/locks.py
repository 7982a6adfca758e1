"""Who is at work on which dataset in this process: many readers, or one that takes files away."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from icat_schema.server.ids.failures import not_online


class DatasetLocks:
    """Shared and exclusive locks on dataset ids. All ids of a call are locked at once, so that nobody waits in a
    circle."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._shared: Counter[int] = Counter()
        self._exclusive: set[int] = set()

    @contextmanager
    def shared(self, ids: Collection[int], patience: float = 10.0) -> Iterator[None]:
        """Raises IdsError (DataNotOnlineException) when `patience` seconds were not enough."""
        with self._changed:
            self._wait(lambda: self._exclusive.isdisjoint(ids), patience)
            self._shared.update(ids)
        try:
            yield
        finally:
            with self._changed:
                self._shared.subtract(ids)
                self._shared = +self._shared
                self._changed.notify_all()

    @contextmanager
    def exclusive(self, ids: Collection[int], patience: float = 10.0) -> Iterator[None]:
        """Raises IdsError (DataNotOnlineException) when `patience` seconds were not enough."""
        with self._changed:
            self._wait(lambda: self._exclusive.isdisjoint(ids) and not any(self._shared[i] for i in ids), patience)
            self._exclusive.update(ids)
        try:
            yield
        finally:
            with self._changed:
                self._exclusive.difference_update(ids)
                self._changed.notify_all()

    def held(self) -> list[tuple[int, str, int]]:
        """Dataset id, SHARED or EXCLUSIVE, and how many hold it."""
        with self._changed:
            shared = [(id_, "SHARED", count) for id_, count in sorted(self._shared.items())]
            return shared + [(id_, "EXCLUSIVE", 1) for id_ in sorted(self._exclusive)]

    def _wait(self, free: Callable[[], bool], patience: float) -> None:
        if not self._changed.wait_for(free, patience):
            raise not_online("Data is busy")
