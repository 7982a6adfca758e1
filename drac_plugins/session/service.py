"""Use cases of `/session`. Everything is asked under the session itself: the catalogue's rules decide what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drac_plugins.core.errors import BadCredentials, NotSupported
from drac_plugins.core.services import Services
from drac_plugins.core.settings import Auth
from drac_plugins.session.names import UserNames, user_names
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import Eq, In, Like, Or
from icat_schema.gateway.errors import CatalogueBroken, InvalidRequest, LoginRefused

_USER_COLUMNS = (
    "id",
    "name",
    "fullName",
    "givenName",
    "familyName",
    "email",
    "affiliation",
    "createId",
    "createTime",
    "modId",
    "modTime",
)


@dataclass(frozen=True, slots=True)
class User:
    """A row of ICAT's User."""

    id: int
    name: str
    full_name: str | None
    given_name: str | None
    family_name: str | None
    email: str | None
    affiliation: str | None
    create_id: str
    create_time: datetime
    mod_id: str
    mod_time: datetime


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
    """Who the session belongs to, how long it lasts, and what it may be offered. Four calls."""
    minutes = session.remaining_minutes()
    name = session.user_name()
    names = user_names(services.settings.auth.user_name_pattern, services.catalogue.properties().authenticators)
    users = _users(session, names, name)
    own = next((user for user in users if user.name == name), None)
    aliases = sorted({name, *(user.name for user in users)})
    groups = {str(group) for (group,) in session.rows(_groups(aliases))}
    auth = services.settings.auth
    return SignedIn(
        session_id=session.id,
        username=names.login(name),
        name=name,
        full_name=own.full_name or name if own else name,
        email=own.email if own else None,
        affiliation=own.affiliation if own else None,
        life_time_minutes=minutes,
        expiration_time=datetime.now(UTC) + timedelta(minutes=minutes),
        is_instrument_scientist=session.count(Select("InstrumentScientist", ["id"], In("user.name", aliases))) > 0,
        users_by_prefix=users,
        **_roles(auth, groups),
    )


def refresh(session: Session) -> None:
    """Let the time of the session begin anew. Raises NotSupported when its authenticator cannot."""
    try:
        session.refresh()
    except CatalogueBroken as error:
        if error.temporary:
            raise
        raise NotSupported(f"This session cannot be extended: {error.message}") from None


def sent_credentials(given: Mapping[str, str | None], wanted: Sequence[str]) -> dict[str, str]:
    """What the authenticator gets: only what was given, under its own keys (`wanted`; empty: unknown). Single sign-on
    has one key, which it calls as it likes, and its clients send their token as password without a user name."""
    username, password = given.get("username"), given.get("password")
    if username and given.get("username_suffix"):
        username = f"{username}/{given['username_suffix']}"
    if not username and password and len(wanted) == 1:
        return {wanted[0]: password}
    return {key: value for key, value in (("username", username), ("password", password)) if value}


def _users(session: Session, names: UserNames, name: str) -> list[User]:
    """Users of the same person, as far as the session may see them."""
    prefix = names.prefix(name)
    condition = Or(Eq("name", name), Eq("name", prefix), Like("name", f"{prefix}/%"))
    rows = session.rows(Select("User", _USER_COLUMNS, condition))
    return [user for user in (User(*row) for row in rows) if names.same_person(user.name, name)]


def _groups(aliases: Sequence[str]) -> Select:
    return Select("UserGroup", ["grouping.name"], In("user.name", aliases))


def _roles(auth: Auth, groups: set[str]) -> dict[str, bool]:
    return {
        "is_administrator": not groups.isdisjoint(auth.administrator_groups),
        "is_minter": not groups.isdisjoint(auth.minter_groups),
        "is_beta_tester": not groups.isdisjoint(auth.beta_tester_groups),
    }
