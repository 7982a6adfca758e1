"""Use cases of `/session`. Everything is asked under the session itself: the catalogue's rules decide what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drac_plugins.core.errors import NotSupported
from drac_plugins.core.people import User, person_of
from drac_plugins.core.services import Services
from drac_plugins.core.signin import log_in as signing_in
from drac_plugins.core.signin.log_in import Offer
from icat_schema.gateway import Session
from icat_schema.gateway.errors import CatalogueBroken


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


def log_in(services: Services, credentials: Mapping[str, str | None], address: str) -> SignedIn:
    """`address`: where the caller is. Raises BadCredentials."""
    offer = Offer(
        plugin=credentials.get("plugin") or "",
        username=credentials.get("username") or "",
        password=credentials.get("password") or "",
        suffix=credentials.get("username_suffix") or "",
        address=address,
    )
    return describe(services, signing_in.log_in(services, offer))


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
