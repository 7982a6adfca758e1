"""Who asks, and what they have to show for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import create_engine, text

from tests.support.facade import RunningFacade

LOGINS: Mapping[str, str] = {
    "reader": "reader",
    "stranger": "dee",
    "participant": "bo",
    "PI": "ada",
    "contact": "contact",
    "scientist": "cy",
    "admin": "ed",
}
CALLERS = ("nobody", *LOGINS, "key", "expired")
"""Columns of the table. Without a login: nobody at all, the owner of an API key, a session that is over."""

SEES: Mapping[str, frozenset[str]] = {
    "open": frozenset({"nobody", *LOGINS}),
    "embargoed": frozenset({"participant", "PI", "contact", "scientist", "admin"}),
    "others": frozenset({"admin"}),
}
"""By the rules of the facility: who may read which place."""


@dataclass(frozen=True)
class Caller:
    """`secret` stands wherever an operation wants a session id or an API key; None: there is nothing to send."""

    name: str
    secret: str | None

    @property
    def in_path(self) -> str:
        """What a program without a session puts there."""
        return self.secret or "undefined"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}

    @property
    def login(self) -> str | None:
        return LOGINS.get(self.name)


def callers(facade: RunningFacade) -> list[Caller]:
    """One per column, in their order."""
    signed_in = [Caller(name, facade.log_in(login)) for name, login in LOGINS.items()]
    return [Caller("nobody", None), *signed_in, Caller("key", facade.api_key), Caller("expired", _expired(facade))]


def _expired(facade: RunningFacade) -> str:
    """A session of the administrator whose time is over."""
    session = facade.services.catalogue.login("simple", {"username": "ed", "password": "ed"}).id
    engine = create_engine(facade.catalogue.database)
    over = int((datetime.now(UTC) - timedelta(minutes=1)).timestamp() * 1000)  # as the server writes it on SQLite
    with engine.begin() as connection:
        change = text("UPDATE server_session SET expires = :over WHERE id = :session")
        assert connection.execute(change, {"over": over, "session": session}).rowcount == 1
    engine.dispose()
    return session
