"""Counts the calls on the wire, so that tests can hold a use case to its budget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock


class CallCount:
    """Calls made so far in this context; reading the service description once per process is not counted."""

    def __init__(self) -> None:
        self.calls = 0
        self._lock = Lock()

    def add(self) -> None:
        with self._lock:  # some calls are made ahead, in another thread
            self.calls += 1


class CallCounter:
    """The counters of one catalogue that are open in the current context (thread or task)."""

    def __init__(self) -> None:
        self._open: ContextVar[tuple[CallCount, ...]] = ContextVar("open_call_counts", default=())

    def add(self) -> None:
        for count in self._open.get():
            count.add()

    @contextmanager
    def counting(self) -> Iterator[CallCount]:
        """Counts nest: an inner call counts for the outer one as well."""
        count = CallCount()
        token = self._open.set((*self._open.get(), count))
        try:
            yield count
        finally:
            self._open.reset(token)

    @contextmanager
    def not_counting(self) -> Iterator[None]:
        """For what is read once per process."""
        token = self._open.set(())
        try:
            yield
        finally:
            self._open.reset(token)
