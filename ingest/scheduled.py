"""Sessions of the user office in the catalogue: created, and brought in line when they have moved."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from drac_plugins.core.useroffice import Member, ScheduledSession, UserOffice
from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, In
from icat_schema.gateway.errors import AccessDenied, ObjectExists
from ingest.facility import Facility
from ingest.parameters import ParameterTypes

log = logging.getLogger(__name__)

SESSION_NUMBER = "Id"
"""Investigation parameter with the number of the session in the user office."""
_LONGEST = 255
_COLUMNS = ("id", "name", "visitId", "title", "startDate", "endDate", "releaseDate")


@dataclass(frozen=True, slots=True)
class Standing:
    """An investigation of the catalogue. `number`: of the session in the user office, as far as it is known."""

    id: int
    name: str
    visit_id: str
    title: str
    start: datetime | None
    end: datetime | None
    release: datetime | None
    number: str | None = None
    instruments: frozenset[int] = frozenset()


class Scheduled:
    """One per process; thread-safe. Who calls `bring` holds the lease on the sessions of the proposal."""

    def __init__(
        self,
        office: UserOffice,
        session: Session,
        facility: Facility,
        types: Callable[[], ParameterTypes],
        type_id: Callable[[], int],
    ) -> None:
        self._office = office
        self._session = session
        self._facility = facility
        self._types = types
        self._type_id = type_id

    def bring(self, proposal: str, names: Sequence[str], spelling: str) -> int:
        """Put every session of the proposal into the catalogue. `names`: how the catalogue spells the proposal, empty
        when it does not know it; then `spelling`. Returns how many were created or changed. Raises Unavailable."""
        sessions = self._office.sessions(proposal)
        standing = self._standing(names or [spelling]) if sessions else []
        done = 0
        for session in sessions:
            instrument = self._facility.instrument(session.beamline)
            if instrument is None:
                log.warning("Session %s is on %s, which the catalogue does not have", session.id, session.beamline)
                continue
            found = self._match(session, standing, instrument[0])
            if found is None:
                done += self._create(session, names[0] if names else spelling, instrument)
            else:
                done += self._update(session, found, instrument[0])
        return done

    def of_investigation(self, investigation_id: int) -> ScheduledSession | None:
        """The session that an investigation of the catalogue is, with dates, beamline and team brought in line; None
        when the user office does not know it. Raises Unavailable."""
        names = self._session.rows(Select("Investigation", ["name"], Eq("id", investigation_id)))
        standing = next((s for s in self._standing([str(n) for (n,) in names]) if s.id == investigation_id), None)
        if standing is None:
            return None
        session = self._office.session(standing.number) if standing.number else self._by_dates(standing)
        instrument = self._facility.instrument(session.beamline) if session else None
        if session is not None and instrument is not None:
            self._update(session, standing, instrument[0])
        return session

    def _by_dates(self, standing: Standing) -> ScheduledSession | None:
        sessions = self._office.sessions(standing.name)
        named = next((s for s in sessions if s.visit_id and s.visit_id == standing.visit_id), None)
        if named or standing.start is None:
            return named
        start = standing.start
        near = [s for s in sessions if abs(s.start - start) < timedelta(days=1)]
        return min(near, key=lambda s: abs(s.start - start), default=None)

    # ------------------------------------------------------------------------------------------------ matching

    def _standing(self, names: Sequence[str]) -> list[Standing]:
        where = And(In("name", list(names)), Eq("facility.id", self._facility.id))
        rows = self._session.rows(Select("Investigation", _COLUMNS, where))
        ids = [row[0] for row in rows]
        numbers: dict[int, str] = dict(
            self._session.rows_for(
                Select("InvestigationParameter", ["investigation.id", "stringValue"], Eq("type.name", SESSION_NUMBER)),
                "investigation.id",
                ids,
            )
        )
        instruments: dict[int, set[int]] = {}
        query = Select("InvestigationInstrument", ["investigation.id", "instrument.id"])
        for investigation_id, instrument_id in self._session.rows_for(query, "investigation.id", ids):
            instruments.setdefault(investigation_id, set()).add(instrument_id)
        return [
            Standing(id_, name, visit, title, start, end, until, numbers.get(id_), frozenset(instruments.get(id_, ())))
            for id_, name, visit, title, start, end, until in rows
        ]

    def _match(self, session: ScheduledSession, standing: Sequence[Standing], instrument_id: int) -> Standing | None:
        by_number = next((s for s in standing if s.number == session.id), None)
        if by_number is not None:
            return by_number
        free = [s for s in standing if s.number is None]
        named = next((s for s in free if session.visit_id and s.visit_id == session.visit_id), None)
        if named is not None:
            return named
        here = [s for s in free if instrument_id in s.instruments and s.start is not None and s.end is not None]
        same = [s for s in here if s.start is not None and abs(s.start - session.start) < timedelta(days=1)]
        return min(same, key=lambda s: s.id, default=None)

    # ------------------------------------------------------------------------------------------------- writing

    def _create(self, session: ScheduledSession, name: str, instrument: tuple[int, str]) -> int:
        fields = {
            "facility": Ref(self._facility.id),
            "type": Ref(self._type_id()),
            "name": name,
            "title": (session.title or f"{name} {instrument[1]}")[:_LONGEST],
            "startDate": session.start,
            "endDate": session.end,
            "releaseDate": session.release,
            "investigationInstruments": [New("InvestigationInstrument", {"instrument": Ref(instrument[0])})],
        }
        day = session.start.strftime("%Y-%m-%d")
        visits = (session.visit_id, f"{instrument[1]} {day}", f"{instrument[1]} {day} {session.id}")
        for visit in dict.fromkeys(visit[:_LONGEST] for visit in visits if visit):
            try:
                made = self._session.write([New("Investigation", {**fields, "visitId": visit})])[0]
            except ObjectExists:
                continue
            self._number(made, session.id)
            self._team(made, session.team)
            return 1
        log.warning("Session %s cannot be put into the catalogue: its visitId is taken", session.id)
        return 0

    def _update(self, session: ScheduledSession, found: Standing, instrument_id: int) -> int:
        wanted: dict[str, object] = {"startDate": session.start, "endDate": session.end}
        if session.title:
            wanted["title"] = session.title[:_LONGEST]
        if session.release is not None:
            wanted["releaseDate"] = session.release
        have = {"startDate": found.start, "endDate": found.end, "title": found.title, "releaseDate": found.release}
        changes = {name: value for name, value in wanted.items() if have[name] != value}
        if changes:
            self._session.write([Change("Investigation", found.id, changes)])
        moved = found.instruments != {instrument_id}
        if moved:
            self._move(found, instrument_id)
        if found.number is None:
            self._number(found.id, session.id)
        return int(bool(changes) or moved) | self._team(found.id, session.team)

    def _move(self, found: Standing, instrument_id: int) -> None:
        link = {"investigation": Ref(found.id), "instrument": Ref(instrument_id)}
        if instrument_id not in found.instruments:
            self._session.write([New("InvestigationInstrument", link)])
        where = Eq("investigation.id", found.id)
        rows = self._session.rows(Select("InvestigationInstrument", ["id", "instrument.id"], where))
        try:
            self._session.delete("InvestigationInstrument", [row for row, other in rows if other != instrument_id])
        except AccessDenied:
            log.warning("Investigation %d keeps its former beamline: the ingester may not delete those", found.id)

    def _number(self, investigation_id: int, number: str) -> None:
        type_ = self._types().get([SESSION_NUMBER]).get(SESSION_NUMBER)
        if type_ is not None and "Investigation" in type_.applicable:
            fields = {"investigation": Ref(investigation_id), "type": Ref(type_.id), "stringValue": number}
            self._session.write([New("InvestigationParameter", fields)])

    def _team(self, investigation_id: int, team: Sequence[Member]) -> int:
        """Add who is missing; nobody is removed."""
        if not team:
            return 0
        try:
            users = self._users(team)
            where = Eq("investigation.id", investigation_id)
            have = set(self._session.rows(Select("InvestigationUser", ["user.name", "role"], where)))
            missing = [m for m in team if (m.name, m.role) not in have]
            here = Ref(investigation_id)
            links = [{"investigation": here, "user": Ref(users[m.name]), "role": m.role} for m in missing]
            if links:
                self._session.write([New("InvestigationUser", link) for link in links])
        except AccessDenied as error:
            log.warning("The team of investigation %d is not written: %s", investigation_id, error.message)
            return 0
        return int(bool(missing))

    def _users(self, team: Sequence[Member]) -> dict[str, int]:
        names = sorted({member.name for member in team})
        query = Select("User", ["name", "id"], In("name", names))
        found: dict[str, int] = dict(self._session.rows(query))
        new = {m.name: m for m in team if m.name not in found}
        if new:
            self._session.write([New("User", _user(member)) for member in new.values()])
            found = dict(self._session.rows(query))
        return found


def _user(member: Member) -> dict[str, str]:
    fields = {
        "name": member.name,
        "fullName": member.full_name,
        "email": member.email,
        "affiliation": member.affiliation,
        "orcidId": member.orcid,
    }
    return {name: text for name, text in fields.items() if text is not None}
