"""Slows down who guesses passwords, by account and by address, without holding a thread.

After some failed attempts the next one is refused unseen until a delay is over, and the delay grows with every failure.
Success clears the account, and at the address what failed for this account.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from icat_schema.server.errors import IcatError

REMEMBERED = 20_000
"""Accounts and addresses; beyond, those that failed longest ago are forgotten."""
FORGOTTEN_AFTER = 15 * 60.0
"""Seconds without a failure."""


@dataclass(frozen=True, slots=True)
class Patience:
    """`free`: failures without a delay; then `first` seconds, twice as many each time, up to `longest`."""

    free: int
    first: float
    longest: float

    def delay(self, failures: int) -> float:
        beyond = failures - self.free
        return 0.0 if beyond <= 0 else min(self.first * 2 ** min(beyond - 1, 30), self.longest)


ACCOUNT = Patience(free=5, first=1.0, longest=30.0)
ADDRESS = Patience(free=100, first=0.5, longest=10.0)
"""Wider: a portal logs in all its users from one address."""

Key = tuple[str, str]


@dataclass(slots=True)
class _Record:
    failures: int
    last: float


class Attempts:
    """Failed attempts to log in, of this process. Thread-safe. `clock` tells seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, remembered: int = REMEMBERED) -> None:
        self._clock = clock
        self._remembered = remembered
        self._records: OrderedDict[Key, _Record] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, account: str, address: str) -> None:
        """Raises IcatError of type SESSION while a delay is not over; such an attempt does not count."""
        with self._lock:
            wait = max(self._wait(("account", account), ACCOUNT), self._wait(("address", address), ADDRESS))
        if wait > 0:
            text = f"Too many failed attempts to log in: try again in {math.ceil(wait)} s"
            raise IcatError("SESSION", text)

    def failed(self, account: str, address: str) -> None:
        with self._lock:
            for key in (("account", account), ("address", address)):
                record = self._current(key)
                self._records[key] = _Record(record.failures + 1 if record else 1, self._clock())
                self._records.move_to_end(key)
            while len(self._records) > self._remembered:
                self._records.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        with self._lock:
            forgiven = self._records.pop(("account", account), None)
            record = self._records.get(("address", address))
            if forgiven is not None and record is not None:
                record.failures = max(record.failures - forgiven.failures, 0)

    def _wait(self, key: Key, patience: Patience) -> float:
        record = self._current(key)
        return 0.0 if record is None else record.last + patience.delay(record.failures) - self._clock()

    def _current(self, key: Key) -> _Record | None:
        record = self._records.get(key)
        if record is not None and self._clock() - record.last > FORGOTTEN_AFTER:
            del self._records[key]
            return None
        return record
