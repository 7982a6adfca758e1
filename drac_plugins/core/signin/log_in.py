"""One way to a session for the interface and for the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from drac_plugins.core.errors import BadCredentials
from drac_plugins.core.people import names_of
from drac_plugins.core.services import Services
from icat_schema.gateway import Session
from icat_schema.gateway.errors import InvalidRequest, LoginRefused

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody offers to be logged in. `address`: where it comes from."""

    plugin: str = ""
    username: str = ""
    password: str = ""
    suffix: str = ""
    address: str = ""

    @property
    def user(self) -> str:
        return f"{self.username}/{self.suffix}" if self.username and self.suffix else self.username


def log_in(services: Services, offer: Offer) -> Session:
    """A new session. Raises BadCredentials, also for who has failed too often; Unavailable.

    Whoever names the plugin `auth.openid.plugin` logs in by a token of the OpenID provider, sent as password.
    """
    plugin = offer.plugin or services.settings.auth.default_plugin
    by_tokens = services.provider is not None and plugin == services.provider.settings.plugin
    account = f"{plugin}/{offer.user}" if offer.user and not by_tokens else ""

    def opened() -> Session:
        if by_tokens:
            return by_token(services, offer.password, offer.address)
        return _by_credentials(services, plugin, offer)

    return slowed(services, offer.address, account, opened, guessed=bool(offer.password))


def slowed(services: Services, address: str, account: str, way: Callable[[], _T], *, guessed: bool = True) -> _T:
    """What a way to a session gives. It counts as a failed attempt when it raises BadCredentials, unless nothing was
    `guessed`; who has failed too often does not get that far, and that does not count."""
    services.attempts.check(address, account)
    try:
        found = way()
    except BadCredentials:
        if guessed:
            services.attempts.failed(address, account)
        raise
    services.attempts.succeeded(address, account)
    return found


def by_token(services: Services, token: str, address: str = "", nonce: str | None = None) -> Session:
    """A session of the user whom a token of the OpenID provider names: the token is checked, then handed to the
    catalogue's authenticator, which decides whose session it is. Raises BadCredentials, Unavailable."""
    provider = services.provider
    if provider is None:
        raise BadCredentials("Authentication failed: no OpenID provider is set up here (settings auth.openid)")
    if not token:
        raise BadCredentials("Authentication failed: a token of the OpenID provider is needed, sent as password")
    openid = provider.settings
    claims = provider.claims(token, nonce)
    try:
        session = services.catalogue.login(openid.catalogue_plugin, {openid.catalogue_credential: token}, address)
    except (LoginRefused, InvalidRequest) as error:
        raise BadCredentials(f"Authentication failed: the catalogue does not take the token: {error.message}") from None
    if openid.user_claim and names_of(services).login(session.user_name()) != claims.get(openid.user_claim):
        session.logout()
        raise BadCredentials(
            f"Authentication failed: the catalogue takes the token for somebody else than its {openid.user_claim} says"
        )
    return session


def _by_credentials(services: Services, plugin: str, offer: Offer) -> Session:
    known = services.catalogue.properties().authenticators
    given = {"username": offer.username, "username_suffix": offer.suffix, "password": offer.password}
    try:
        return services.catalogue.login(plugin, sent_credentials(given, known.get(plugin, ())), offer.address)
    except (LoginRefused, InvalidRequest) as error:
        hint = "" if plugin in known else f" (plugin {plugin!r} is unknown; possible are: {', '.join(sorted(known))})"
        raise BadCredentials(f"Authentication failed: {error.message}{hint}") from None


def sent_credentials(given: Mapping[str, str | None], wanted: Sequence[str]) -> dict[str, str]:
    """What the authenticator gets: only what was given, under its own keys (`wanted`; empty: unknown). Single sign-on
    has one key, which it calls as it likes, and its clients send their token as password without a user name."""
    username, password = given.get("username"), given.get("password")
    if username and given.get("username_suffix"):
        username = f"{username}/{given['username_suffix']}"
    if not username and password and len(wanted) == 1:
        return {wanted[0]: password}
    return {key: value for key, value in (("username", username), ("password", password)) if value}
