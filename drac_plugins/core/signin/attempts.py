"""Who guesses passwords has to wait, by client and account. The catalogue sees all our users come from one address, and
most catalogues count nothing at all."""

from __future__ import annotations

import ipaddress
import math
import threading
import time

from cachetools import LRUCache
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from drac_plugins.core.errors import BadCredentials

OF_ACCOUNT = parse("10 per 5 minutes")
"""Failures of one client on one account. Nobody can lock others out: the account alone is not counted."""
OF_CLIENT = parse("300 per 5 minutes")
"""Wider: whole institutes come from one address."""
_LONGEST_NAME = 255
_REMEMBERED = 20_000


class Attempts:
    """Failed attempts to log in, of this process. Thread-safe. Who has logged in from a place before waits there only
    for failures on the own account, so that nobody locks out an institute, or all users of a proxy. An empty account:
    tokens, which cannot be guessed one by one; only the client counts."""

    def __init__(self, of_account: RateLimitItem = OF_ACCOUNT, of_client: RateLimitItem = OF_CLIENT) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._account, self._client = of_account, of_client
        self._at_home: LRUCache[tuple[str, str], bool] = LRUCache(_REMEMBERED)
        self._lock = threading.Lock()

    def check(self, address: str, account: str) -> None:
        """Raises BadCredentials while this client has failed too often; such an attempt does not count."""
        with self._lock:
            known = (_place(address), account) in self._at_home
        for item, keys in self._counted(address, account):
            if not (known and item is self._client) and not self._limiter.test(item, *keys):
                wait = self._limiter.get_window_stats(item, *keys).reset_time - time.time()
                seconds = max(math.ceil(wait), 1)
                raise BadCredentials(
                    f"Authentication failed: too many failed attempts from here, try again in {seconds} s"
                )

    def failed(self, address: str, account: str) -> None:
        for item, keys in self._counted(address, account):
            self._limiter.hit(item, *keys)

    def succeeded(self, address: str, account: str) -> None:
        if account:
            with self._lock:
                self._at_home[_place(address), account] = True

    def _counted(self, address: str, account: str) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        place = _place(address)
        counted: list[tuple[RateLimitItem, tuple[str, ...]]] = [(self._client, ("client", place))]
        if account:
            counted.append((self._account, ("account", place, account[:_LONGEST_NAME])))
        return counted


def _place(address: str) -> str:
    """Who has one address of IPv6 has 2**64 of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found), 64), strict=False))
