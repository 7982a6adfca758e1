"""Who is scientist of which instrument. The catalogue's rules decide what the session may read, create and delete;
reading the list is for staff besides, because it tells who works where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drac_plugins.core.errors import Invalid, NotFound
from drac_plugins.core.people import names_of, require_administrator, require_staff
from drac_plugins.core.reads.names import instrument_key
from drac_plugins.core.services import Services
from icat_schema.gateway import New, Ref, Select, Session
from icat_schema.gateway.conditions import Condition, In

_COLUMNS = (
    "id",
    "user.name",
    "user.fullName",
    "instrument.name",
    "instrument.description",
    "createId",
    "modId",
    "modTime",
)


@dataclass(frozen=True, slots=True)
class Named:
    name: str
    full_name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Modification:
    time: datetime
    user: Named


@dataclass(frozen=True, slots=True)
class Scientist:
    id: int
    user: Named
    instrument: Named
    create_id: str
    mod_id: str
    mod: Modification


def scientists(services: Services, session: Session, instrument: str | None) -> Sequence[Scientist]:
    """All, or those of one instrument. Raises Forbidden for who is neither administrator nor instrument scientist."""
    require_staff(services, session)
    found = _scientists(session, None)
    if instrument is None:
        return found
    key = instrument_key(instrument)
    return [scientist for scientist in found if instrument_key(scientist.instrument.name) == key]


def scientist_entries(services: Services, session: Session, name: str) -> Sequence[Scientist]:
    """Entries of one user, under any of the names of that person."""
    names = names_of(services)
    return [one for one in _scientists(session, None) if one.user.name == name or names.login(one.user.name) == name]


def add(services: Services, session: Session, users: Sequence[str], instruments: Sequence[str]) -> Sequence[Scientist]:
    """Every combination that is not there yet, all or none; the new ones are returned.

    Raises Invalid without users or instruments, NotFound for unknown ones, Forbidden for who is no administrator.
    """
    if not users or not instruments:
        raise Invalid("usernames and instrumentnames: name at least one user and one instrument")
    require_administrator(services, session)
    user_ids = _users(session, users)
    instrument_ids = _instruments(session, instruments)
    pairs = [(user, instrument) for user in user_ids for instrument in instrument_ids]
    present = session.rows(Select("InstrumentScientist", ["user.id", "instrument.id"], In("user.id", user_ids)))
    known = {(user, instrument) for user, instrument in present}
    new = [
        New("InstrumentScientist", {"user": Ref(user), "instrument": Ref(instrument)})
        for user, instrument in dict.fromkeys(pairs)
        if (user, instrument) not in known
    ]
    return _scientists(session, In("id", session.write(new))) if new else []


def remove(services: Services, session: Session, users: Sequence[str], ids: Sequence[int]) -> None:
    """All entries of the users, and the entries of these ids; what is not there is fine. Raises Forbidden."""
    require_administrator(services, session)
    gone = set(ids)
    if users:
        rows = session.rows(Select("InstrumentScientist", ["id"], In("user.name", users)))
        gone.update(id_ for (id_,) in rows)
    present = (
        [id_ for (id_,) in session.rows_for(Select("InstrumentScientist", ["id"]), "id", sorted(gone))] if gone else []
    )
    if present:
        session.delete("InstrumentScientist", present)


def _scientists(session: Session, condition: Condition | None) -> list[Scientist]:
    rows = session.rows(Select("InstrumentScientist", _COLUMNS, condition))
    full_names = _full_names(session, {row[6] for row in rows})
    return [
        Scientist(
            id_,
            Named(name, full_name=full_name),
            Named(instrument, description=description),
            create_id,
            mod_id,
            Modification(mod_time, Named(mod_id, full_name=full_names.get(mod_id))),
        )
        for id_, name, full_name, instrument, description, create_id, mod_id, mod_time in rows
    ]


def _full_names(session: Session, names: set[str]) -> Mapping[str, str | None]:
    return dict(session.rows(Select("User", ["name", "fullName"], In("name", sorted(names))))) if names else {}


def _users(session: Session, names: Sequence[str]) -> list[int]:
    known = {name: id_ for id_, name in session.rows(Select("User", ["id", "name"], In("name", names)))}
    _all_known("user", names, known)
    return [known[name] for name in names]


def _instruments(session: Session, names: Sequence[str]) -> list[int]:
    """By any spelling of their names."""
    known = {instrument_key(name): id_ for id_, name in session.rows(Select("Instrument", ["id", "name"]))}
    _all_known("instrument", names, {name: 0 for name in names if instrument_key(name) in known})
    return [known[instrument_key(name)] for name in names]


def _all_known(what: str, names: Sequence[str], known: Mapping[str, int]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise NotFound(f"There is no {what} {', '.join(unknown)} in the catalogue; nothing was changed")
