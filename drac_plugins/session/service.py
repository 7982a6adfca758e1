"""Use cases of `/session`. Everything is asked under the session itself: the catalogue's rules decide what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drac_plugins.core.errors import BadCredentials, NotSupported
from drac_plugins.core.people import User, person_of
from drac_plugins.core.services import Services
from icat_schema.gateway import Session
from icat_schema.gateway.errors import CatalogueBroken, InvalidRequest, LoginRefused


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and its owner. `users_by_prefix` are all users of the same person, oldest first."""

    session_id: str
    username: str
    name: str
    full_name: str
    email: str | None
    affiliation: str | None
    life_time_minutes: float
    expiration_time: datetime
    is_administrator: bool
    is_instrument_scientist: bool
    is_minter: bool
    is_beta_tester: bool
    users_by_prefix: Sequence[User]

    @property
    def itself(self) -> SignedIn:
        return self


def log_in(services: Services, credentials: Mapping[str, str | None]) -> SignedIn:
    """Raises BadCredentials. What was left out is not sent: the authenticator knows what it needs."""
    plugin = credentials.get("plugin") or services.settings.auth.default_plugin
    known = services.catalogue.properties().authenticators
    try:
        session = services.catalogue.login(plugin, sent_credentials(credentials, known.get(plugin, ())))
    except (LoginRefused, InvalidRequest) as error:
        hint = "" if plugin in known else f" (plugin {plugin!r} is unknown; possible are: {', '.join(sorted(known))})"
        raise BadCredentials(f"Authentication failed: {error.message}{hint}") from None
    return describe(services, session)


def describe(services: Services, session: Session) -> SignedIn:
    """Who the session belongs to, how long it lasts, and what it may be offered. Five calls."""
    minutes = session.remaining_minutes()
    person = person_of(services, session)
    own = person.own
    return SignedIn(
        session_id=session.id,
        username=person.login,
        name=person.name,
        full_name=own.full_name or person.name if own else person.name,
        email=own.email if own else None,
        affiliation=own.affiliation if own else None,
        life_time_minutes=minutes,
        expiration_time=datetime.now(UTC) + timedelta(minutes=minutes),
        is_administrator=person.is_administrator,
        is_instrument_scientist=person.is_instrument_scientist,
        is_minter=person.is_minter,
        is_beta_tester=person.is_beta_tester,
        users_by_prefix=person.users,
    )


def refresh(session: Session) -> None:
    """Let the time of the session begin anew. Raises NotSupported when its authenticator cannot."""
    try:
        session.refresh()
    except CatalogueBroken as error:
        if error.temporary:
            raise
        raise NotSupported(f"This session cannot be extended: {error.message}") from None


def log_out(services: Services, session: Session) -> None:
    """End the session and forget what it was told."""
    session.logout()
    services.caches.forget(session.id)


def sent_credentials(given: Mapping[str, str | None], wanted: Sequence[str]) -> dict[str, str]:
    """What the authenticator gets: only what was given, under its own keys (`wanted`; empty: unknown). Single sign-on
    has one key, which it calls as it likes, and its clients send their token as password without a user name."""
    username, password = given.get("username"), given.get("password")
    if username and given.get("username_suffix"):
        username = f"{username}/{given['username_suffix']}"
    if not username and password and len(wanted) == 1:
        return {wanted[0]: password}
    return {key: value for key, value in (("username", username), ("password", password)) if value}
