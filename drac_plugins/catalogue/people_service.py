"""Use cases about people: who takes part in a session, who could, and whose instruments are whose.

The catalogue's rules decide who may add and remove; the list of all users is read by the acquisition account, once the
caller has shown to be one of those whom the contract lets see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drac_plugins.core.errors import Conflict, Forbidden, NotFound
from drac_plugins.core.people import names_of, person_of, require_administrator, takes_part
from drac_plugins.core.reads import lists
from drac_plugins.core.reads.records import InstrumentRecord
from drac_plugins.core.reads.view import View
from drac_plugins.core.services import Services
from icat_schema.gateway import New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, In

NEW_ROLE = "Participant"
RESPONSIBLE = ("Principal investigator", "Local contact")
"""Roles of those who may see whom they could add."""

_USER = ("id", "name", "fullName", "givenName", "familyName", "email", "orcidId", "affiliation")
_PARTICIPANT = "investigationInstruments.investigation.investigationUsers.user.name"
_SCIENTIST = "instrumentScientists.user.name"


@dataclass(frozen=True, slots=True)
class UserRecord:
    id: int
    name: str
    full_name: str | None
    given_name: str | None
    family_name: str | None
    email: str | None
    orcid: str | None
    affiliation: str | None


def instruments(services: Services, view: View, scope: str | None) -> Sequence[InstrumentRecord]:
    """Instruments of sessions in which the caller takes part (`participant`), those that the caller is scientist of
    (`instrumentscientist`), or both; all of them for an administrator who asks for none of the two."""
    person = person_of(services, view.session)
    everything = lists.instruments(view)
    if scope is None and person.is_administrator:
        return everything
    paths = {"participant": (_PARTICIPANT,), "instrumentscientist": (_SCIENTIST,)}.get(
        scope or "", (_PARTICIPANT, _SCIENTIST)
    )
    kept = {
        id_ for path in paths for (id_,) in view.session.rows(Select("Instrument", ["id"], In(path, person.aliases)))
    }
    return [one for one in everything if one.id in kept]


def add_participant(services: Services, session: Session, investigation_id: int, name: str) -> int:
    """Let a user take part; the id of the new row. Only those who may see whom they could add are answered, and the
    catalogue decides.

    The user is looked up by the acquisition account: who works with nobody yet is seen by nobody. Raises NotFound for
    an investigation that the session cannot see and for an unknown user, Forbidden, Conflict for who takes part.
    """
    _seen(session, investigation_id)
    _require_responsible(services, session, investigation_id)  # others could try out which users there are
    user_id = _user(services.acquisition, name)
    here = And(Eq("investigation.id", investigation_id), Eq("user.id", user_id))
    if session.count(Select("InvestigationUser", ["id"], here)):
        raise Conflict(f"{name} takes part in this investigation already")
    new = New("InvestigationUser", {"investigation": Ref(investigation_id), "user": Ref(user_id), "role": NEW_ROLE})
    return session.write([new])[0]


def remove_participant(services: Services, session: Session, investigation_id: int, name: str) -> None:
    """Remove a user in every role. Raises NotFound for who does not take part, Forbidden for who may not add users
    either: they could try out who takes part."""
    _seen(session, investigation_id)
    _require_responsible(services, session, investigation_id)
    here = And(Eq("investigation.id", investigation_id), Eq("user.name", name))
    ids = [id_ for (id_,) in session.rows(Select("InvestigationUser", ["id"], here))]
    if not ids:
        raise NotFound(f"{name} does not take part in an investigation {investigation_id} that you may see")
    session.delete("InvestigationUser", ids)


def users(services: Services, session: Session, *, only_latest: bool) -> Sequence[UserRecord]:
    """All users of the facility. Raises Forbidden for who is no administrator."""
    require_administrator(services, session)
    return _all_users(services, only_latest=only_latest)


def candidates(
    services: Services, session: Session, investigation_id: int, *, only_latest: bool
) -> Sequence[UserRecord]:
    """All users, for those who may add one: principal investigator, local contact, scientist of the instrument,
    administrator. Raises Forbidden for everybody else."""
    _require_responsible(services, session, investigation_id)
    return _all_users(services, only_latest=only_latest)


def _require_responsible(services: Services, session: Session, investigation_id: int) -> None:
    person = person_of(services, session)
    if not takes_part(session, person, investigation_id, RESPONSIBLE):
        raise Forbidden(
            "This is for the principal investigator, the local contact, the instrument's scientists and administrators"
        )


def _all_users(services: Services, *, only_latest: bool) -> Sequence[UserRecord]:
    found = [UserRecord(*row) for row in services.acquisition.rows(Select("User", _USER))]
    return _latest(services, found) if only_latest else found


def _latest(services: Services, found: Iterable[UserRecord]) -> Sequence[UserRecord]:
    """The newest user of each person: ids grow with time."""
    names = names_of(services)
    newest = {names.prefix(user.name): user for user in sorted(found, key=lambda user: user.id)}
    return sorted(newest.values(), key=lambda user: user.id)


def _seen(session: Session, investigation_id: int) -> None:
    if not session.count(Select("Investigation", ["id"], Eq("id", investigation_id))):
        raise NotFound(f"There is no investigation {investigation_id} that you may see")


def _user(session: Session, name: str) -> int:
    rows = session.rows(Select("User", ["id"], Eq("name", name)))
    if not rows:
        raise NotFound(f"There is no user {name} in the catalogue; ask for the list of users")
    id_: int = rows[0][0]
    return id_
