"""Who a caller is and what the facility lets such people do: roles by ICAT's groups and instrument scientists.

Everything is asked under the session itself, so that the catalogue's rules decide what is seen. Reading data never asks
here: ICAT decides that alone. Roles decide what ICAT does not hold: messages, maintenance, other people's documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from drac_plugins.core.errors import Forbidden
from drac_plugins.core.services import Services
from drac_plugins.core.settings import Auth
from drac_plugins.core.user_names import UserNames, user_names
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import And, Eq, In, Like, Or

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
class Person:
    """`name` is the ICAT user name of the session, `users` all users of the same person that the session may see."""

    name: str
    login: str
    users: Sequence[User]
    is_administrator: bool
    is_instrument_scientist: bool
    is_minter: bool
    is_beta_tester: bool

    @property
    def own(self) -> User | None:
        return next((user for user in self.users if user.name == self.name), None)

    @property
    def aliases(self) -> tuple[str, ...]:
        """Every name of the person, sorted."""
        return tuple(sorted({self.name, *(user.name for user in self.users)}))


def names_of(services: Services) -> UserNames:
    """How this facility's user names are read."""
    return user_names(services.settings.auth.user_name_pattern, services.catalogue.properties().authenticators)


def person_of(services: Services, session: Session) -> Person:
    """Who the session belongs to. Four calls."""
    name = session.user_name()
    names = names_of(services)
    users = _users(session, names, name)
    aliases = sorted({name, *(user.name for user in users)})
    groups = {str(group) for (group,) in session.rows(Select("UserGroup", ["grouping.name"], In("user.name", aliases)))}
    scientist = session.count(Select("InstrumentScientist", ["id"], In("user.name", aliases))) > 0
    return Person(
        name, names.login(name), users, is_instrument_scientist=scientist, **_roles(services.settings.auth, groups)
    )


def is_anonymous(services: Services, name: str) -> bool:
    """Whether many people share this user: the reader account, and that of ICAT's authenticator `anon`."""
    reader = services.settings.icat.reader
    return name in (f"{reader.plugin}/{reader.username}", reader.username, "anon/anon")


def require_administrator(services: Services, session: Session) -> Person:
    """Raises Forbidden for everybody who is in none of the groups `auth.administrator_groups`."""
    person = person_of(services, session)
    if not person.is_administrator:
        raise Forbidden(
            "This is for administrators (members of the groups named by the setting auth.administrator_groups)"
        )
    return person


def require_staff(services: Services, session: Session) -> Person:
    """Raises Forbidden for everybody who is neither administrator nor instrument scientist."""
    person = person_of(services, session)
    if not (person.is_administrator or person.is_instrument_scientist):
        raise Forbidden("This is for administrators and instrument scientists")
    return person


def takes_part(session: Session, person: Person, investigation_id: int, roles: Sequence[str] = ()) -> bool:
    """Whether the person is in the team (in one of the roles, when given), scientist of the instrument, or
    administrator. Two calls at most."""
    if person.is_administrator:
        return True
    member = And(Eq("investigation.id", investigation_id), In("user.name", person.aliases))
    wanted = And(member, In("role", roles)) if roles else member
    if session.count(Select("InvestigationUser", ["id"], wanted)):
        return True
    there = Eq("investigationInstruments.investigation.id", investigation_id)
    works_there = And(there, In("instrumentScientists.user.name", person.aliases))
    return session.count(Select("Instrument", ["id"], works_there)) > 0


def _users(session: Session, names: UserNames, name: str) -> list[User]:
    prefix = names.prefix(name)
    condition = Or(Eq("name", name), Eq("name", prefix), Like("name", f"{prefix}/%"))
    rows = session.rows(Select("User", _USER_COLUMNS, condition))
    return [user for user in (User(*row) for row in rows) if names.same_person(user.name, name)]


def _roles(auth: Auth, groups: set[str]) -> dict[str, bool]:
    return {
        "is_administrator": not groups.isdisjoint(auth.administrator_groups),
        "is_minter": not groups.isdisjoint(auth.minter_groups),
        "is_beta_tester": not groups.isdisjoint(auth.beta_tester_groups),
    }
