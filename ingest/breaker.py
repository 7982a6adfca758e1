"""A circuit breaker: while the catalogue does not answer, nobody works in vain and one at a time tries again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)


class Breaker:
    """Thread-safe. Whoever got True from `allow` reports with `answered`, `away` or `undecided`."""

    def __init__(self, pauses: Sequence[float], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pauses = pauses
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0
        self._probing = False

    @property
    def open(self) -> bool:
        """Whether the catalogue was away at the latest try."""
        return self._failures > 0

    def allow(self) -> bool:
        """While closed: always. While open: nobody until the pause is over, then one."""
        with self._lock:
            if not self._failures:
                return True
            if self._probing or self._clock() < self._until:
                return False
            self._probing = True
            return True

    def answered(self) -> None:
        """The catalogue has answered."""
        with self._lock:
            news = self._failures > 0
            self._failures, self._probing = 0, False
        if news:
            log.warning("The catalogue answers again")

    def away(self, cause: Exception) -> None:
        """The catalogue did not answer: the next pause is longer. Failures of others that were on their way at the same
        time do not count twice."""
        with self._lock:
            news = not self._failures
            if news or self._probing:
                self._until = self._clock() + self._pauses[min(self._failures, len(self._pauses) - 1)]
                self._failures += 1
            self._probing = False
        if news:
            log.error("Work stops until the catalogue can be used: %s", cause)

    def undecided(self) -> None:
        """The try ended before the catalogue was asked."""
        with self._lock:
            self._probing = False
