"""API keys: shared secrets that name an application, with nobody behind them."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from drac_plugins.core.settings import SettingsError

_DIGEST = re.compile(r"sha256:([0-9a-fA-F]{64})")


class ApiKeys:
    """The keys of the settings (`auth.api_keys`): name of an application -> the key, or `sha256:<hex digest>` of it.

    Raises SettingsError when an entry is empty or its digest malformed.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._digests = {name: _digest(name, key) for name, key in keys.items()}

    def application(self, key: str) -> str | None:
        """Name of the application that owns the key, None when nobody does. Takes the same time whatever the key."""
        offered = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        owner = None
        for name, digest in self._digests.items():
            if hmac.compare_digest(offered, digest):
                owner = name
        return owner

    def __len__(self) -> int:
        return len(self._digests)


def _digest(name: str, key: str) -> bytes:
    if not key:
        raise SettingsError(f"auth.api_keys.{name}: an API key must not be empty")
    if not key.startswith("sha256:"):
        return hashlib.sha256(key.encode()).digest()
    match = _DIGEST.fullmatch(key)
    if match is None:
        raise SettingsError(f"auth.api_keys.{name}: after sha256: come 64 hexadecimal digits")
    return bytes.fromhex(match[1])
