"""Slows down who guesses passwords, by account and by address, without holding a thread.

After some failed attempts the next one is refused unseen until a delay is over, and the delay grows with every failure.
Success clears the account, and at the address what failed for this account. Who has logged in from an address before
waits there only for what failed there for the own account: otherwise anybody could lock out others by guessing, a whole
portal even, which logs in all its users from one address.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from icat_schema.server.errors import IcatError

REMEMBERED = 20_000
"""Accounts, addresses and both together; beyond, those that failed, or logged in, longest ago are forgotten."""
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

Key = tuple[str, ...]


@dataclass(slots=True)
class _Record:
    failures: int
    last: float


@dataclass(frozen=True, slots=True)
class _Keys:
    account: Key
    address: Key
    both: Key


class Attempts:
    """Failed attempts to log in, of this process. Thread-safe. `clock` tells seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, remembered: int = REMEMBERED) -> None:
        self._clock = clock
        self._remembered = remembered
        self._records: OrderedDict[Key, _Record] = OrderedDict()
        self._at_home: OrderedDict[Key, None] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, account: str, address: str) -> None:
        """Raises IcatError of type SESSION while a delay is not over; such an attempt does not count."""
        keys = _keys(account, address)
        with self._lock:
            known = keys.both in self._at_home
            counts = [(keys.both, ACCOUNT)] if known else [(keys.account, ACCOUNT), (keys.address, ADDRESS)]
            wait = max(self._wait(key, patience) for key, patience in counts)
        if wait > 0:
            text = f"Too many failed attempts to log in: try again in {math.ceil(wait)} s"
            raise IcatError("SESSION", text)

    def failed(self, account: str, address: str) -> None:
        keys = _keys(account, address)
        with self._lock:
            for key in (keys.account, keys.address, *([keys.both] if keys.both in self._at_home else [])):
                record = self._current(key)
                self._records[key] = _Record(record.failures + 1 if record else 1, self._clock())
                self._records.move_to_end(key)
            while len(self._records) > self._remembered:
                self._records.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        keys = _keys(account, address)
        with self._lock:
            forgiven = self._records.pop(keys.account, None)
            self._records.pop(keys.both, None)
            record = self._records.get(keys.address)
            if forgiven is not None and record is not None:
                record.failures = max(record.failures - forgiven.failures, 0)
            self._at_home[keys.both] = None
            self._at_home.move_to_end(keys.both)
            while len(self._at_home) > self._remembered:
                self._at_home.popitem(last=False)

    def _wait(self, key: Key, patience: Patience) -> float:
        record = self._current(key)
        return 0.0 if record is None else record.last + patience.delay(record.failures) - self._clock()

    def _current(self, key: Key) -> _Record | None:
        record = self._records.get(key)
        if record is not None and self._clock() - record.last > FORGOTTEN_AFTER:
            del self._records[key]
            return None
        return record


def _keys(account: str, address: str) -> _Keys:
    place = _place(address)
    return _Keys(("account", account), ("address", place), ("both", account, place))


def _place(address: str) -> str:
    """Who has one address of IPv6 has 2**64 of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), 64), strict=False))
