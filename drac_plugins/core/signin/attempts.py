"""Who guesses passwords has to wait, by client and account. The catalogue sees all our users come from one address, and
most catalogues count nothing at all."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from typing import TYPE_CHECKING

from cachetools import LRUCache

from drac_plugins.core.errors import BadCredentials

if TYPE_CHECKING:  # loaded by the first attempt
    from limits import RateLimitItem
    from limits.strategies import RateLimiter

OF_ACCOUNT = "10 per 5 minutes"
"""Failures of one client on one account. Nobody can lock others out: the account alone is not counted."""
OF_CLIENT = "300 per 5 minutes"
"""Wider: whole institutes come from one address."""
_LONGEST_NAME = 255
_REMEMBERED = 20_000


class Attempts:
    """Failed attempts to log in, of this process. Thread-safe. Who has logged in from a place before waits there only
    for failures on the own account, so that nobody locks out an institute, or all users of a proxy. An empty account:
    tokens, which cannot be guessed one by one; only the client counts."""

    def __init__(self) -> None:
        self._at_home: LRUCache[tuple[str, str], bool] = LRUCache(_REMEMBERED)
        self._lock = threading.Lock()
        self._made: _Limits | None = None

    def check(self, address: str, account: str) -> None:
        """Raises BadCredentials while this client has failed too often; such an attempt does not count."""
        with self._lock:
            known = (_place(address), account) in self._at_home
        limits = self._limits
        for item, keys in self._counted(address, account):
            if not (known and item is limits.of_client) and not limits.limiter.test(item, *keys):
                wait = limits.limiter.get_window_stats(item, *keys).reset_time - time.time()
                seconds = max(math.ceil(wait), 1)
                raise BadCredentials(
                    f"Authentication failed: too many failed attempts from here, try again in {seconds} s"
                )

    def failed(self, address: str, account: str) -> None:
        for item, keys in self._counted(address, account):
            self._limits.limiter.hit(item, *keys)

    def succeeded(self, address: str, account: str) -> None:
        if account:
            with self._lock:
                self._at_home[_place(address), account] = True

    def _counted(self, address: str, account: str) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        place = _place(address)
        counted: list[tuple[RateLimitItem, tuple[str, ...]]] = [(self._limits.of_client, ("client", place))]
        if account:
            counted.append((self._limits.of_account, ("account", place, account[:_LONGEST_NAME])))
        return counted

    @property
    def _limits(self) -> _Limits:
        with self._lock:
            if self._made is None:
                self._made = _Limits()
            return self._made


class _Limits:
    def __init__(self) -> None:
        from limits import parse
        from limits.storage import MemoryStorage
        from limits.strategies import MovingWindowRateLimiter

        self.limiter: RateLimiter = MovingWindowRateLimiter(MemoryStorage())
        self.of_account, self.of_client = parse(OF_ACCOUNT), parse(OF_CLIENT)


def _place(address: str) -> str:
    """Who has one address of IPv6 has 2**64 of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), 64), strict=False))
