"""What an operator can choose about the embedded catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

Mechanism = Literal["simple", "db", "anon", "oidc"]

SOAP_PATH = "/ICATService/ICAT"
REST_PATH = "/icat"
IMPORT_PATH = f"{REST_PATH}/port"

ICAT_VERSION = "5.0.3"
"""What clients are told; they choose their behaviour and their reference data by it."""


DEFAULT_ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything `serve` needs.

    `zone` is the server's local time: dates without an offset are read in it, dates in answers are written in it.
    `users_file` holds the accounts of the mechanism `simple`; those of `db` are in the database. Sessions live
    `lifetime_minutes` from login or refresh, whether they are used or not.

    `oidc_issuer`: OpenID provider whose tokens, if they are for one of `oidc_audiences`, log in the user whom
    `oidc_claim` names, as a user of `oidc_mechanism`; '' for none.

    `slow_down_logins`: make who guesses passwords wait. `proxies`: how many addresses at the end of X-Forwarded-For
    were written by our own proxies. `idle_seconds`: after which a connection on which nothing happens is closed.
    """

    database: str = "sqlite:///var/catalogue.db"
    host: str = "127.0.0.1"
    port: int = 8181
    zone: ZoneInfo = DEFAULT_ZONE
    root_user_names: frozenset[str] = frozenset({"simple/root"})
    mechanisms: tuple[Mechanism, ...] = ("db", "simple", "anon")
    users_file: Path | None = Path("var/catalogue-users")
    friendly_names: tuple[tuple[Mechanism, str], ...] = ()
    admin_mechanisms: frozenset[Mechanism] = frozenset()
    slow_down_logins: bool = True
    oidc_issuer: str = ""
    oidc_audiences: tuple[str, ...] = ()
    oidc_claim: str = "preferred_username"
    oidc_mechanism: str = "oidc"
    lifetime_minutes: int = 120
    max_entities: int = 10_000
    max_ids_in_query: int = 500
    max_query_length: int = 500_000
    max_request_bytes: int = 128 * 1024 * 1024
    max_query_seconds: float = 60.0
    max_import_bytes: int = 1024 * 1024 * 1024
    max_import_seconds: float = 3600.0
    max_header_bytes: int = 256 * 1024
    max_connections: int = 1_000
    idle_seconds: int = 120
    proxies: int = 0
    threads: int = 8
    text_search: bool = True

    def properties(self) -> list[tuple[str, str]]:
        """The active configuration under ICAT's property names, for getProperties."""
        return [
            ("authn.list", " ".join(self.mechanisms)),
            *((f"authn.{mechanism}.friendly", name) for mechanism, name in self.friendly_names),
            *((f"authn.{mechanism}.admin", "true") for mechanism in sorted(self.admin_mechanisms)),
            ("lifetimeMinutes", str(self.lifetime_minutes)),
            ("rootUserNames", " ".join(sorted(self.root_user_names))),
            ("maxEntities", str(self.max_entities)),
            ("maxIdsInQuery", str(self.max_ids_in_query)),
            ("timezone", self.zone.key),
        ]
