"""The one place where arriving messages become durable: batches, tries again for ever, tells whether it works."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.inbox import Inbox, Incoming, Stored

log = logging.getLogger(__name__)

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Stopped(Exception):
    """The ingester is stopping; what was not kept yet is the sender's to send again."""


class Keeper:
    """Thread-safe. `keep` returns when the messages are on disk. While the store does not answer it keeps trying, so
    senders wait and brokers hold what they have; `able` is False meanwhile."""

    def __init__(self, inbox: Inbox, kept: Callable[[], None] = lambda: None) -> None:
        self._inbox = inbox
        self._kept = kept
        self._stop = threading.Event()
        self.able = True

    def keep(self, messages: Sequence[Incoming]) -> list[Stored]:
        """Raises Stopped when the ingester stops before the messages could be kept."""
        attempt = 0
        while not self._stop.is_set():
            try:
                stored = self._inbox.put_all(messages)
            except (Unavailable, OSError) as error:
                if self.able:
                    log.error("Arriving messages cannot be kept; trying again until they can: %s", error)
                self.able = False
                self._stop.wait(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
            else:
                if not self.able:
                    log.warning("Arriving messages are kept again")
                self.able = True
                self._kept()
                return stored
        raise Stopped

    def stop(self) -> None:
        self._stop.set()
