"""Where the catalogue is and how to talk to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Address and manners.

    `url`: scheme, host and port of the ICAT server. `verify`: check its certificate; a text is the path of the file
    with the authorities to trust. `pool_size`: connections, and idle python-icat clients, that are kept.
    `zone`: IANA name of the time zone in which the ICAT server runs (its JVM's default); empty: learned from the dates
    that it returns (see `icat_schema.gateway.zone`). `query_bytes`: longest query text in a GET, as encoded.
    Raises ValueError when something of this cannot be used.
    """

    url: str
    soap_path: str = "/ICATService/ICAT"
    rest_path: str = "/icat"
    timeout_seconds: float = 60
    verify: bool | str = True
    pool_size: int = 8
    zone: str = ""
    query_bytes: int = 6000

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("the catalogue's url must look like https://icat.example.org or http://127.0.0.1:8181")
        if parts.username or parts.password:
            raise ValueError("the catalogue's url must not hold a user name or password")
        if not self.soap_path.startswith("/") or not self.rest_path.startswith("/"):
            raise ValueError("soap_path and rest_path start with a slash")
        if self.timeout_seconds <= 0 or self.pool_size < 1 or self.query_bytes < 500:
            raise ValueError("timeout_seconds and pool_size are positive, query_bytes is at least 500")
        if self.zone:
            _known_zone(self.zone)

    @property
    def base(self) -> str:
        """The url without a slash at its end."""
        return self.url.rstrip("/")


def _known_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"there is no time zone {name!r}; use a name like Europe/Paris or UTC") from None


@dataclass(frozen=True, slots=True)
class ServerProperties:
    """What the server says about itself. `authenticators`: mnemonic -> names of the credentials that it wants."""

    version: str
    max_entities: int
    lifetime_minutes: int
    authenticators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
