"""The investigations of a proposal in the catalogue, and the sessions that the ingester makes itself."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.leases import Leases
from drac_plugins.core.settings import Ingest
from drac_plugins.core.spelling import comparison_key
from drac_plugins.core.useroffice import UserOffice
from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, Like, Or
from icat_schema.gateway.errors import ObjectExists
from ingest.facility import Facility
from ingest.names import proposal_key
from ingest.outcome import NotYet, Refused
from ingest.parameters import ParameterTypes
from ingest.scheduled import Scheduled
from ingest.sessions import Choice, Slot, Wish, choose

log = logging.getLogger(__name__)

_STEP = "session"
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Found:
    """The investigation of a message. `name`: of the proposal, as the catalogue spells it."""

    id: int
    name: str
    rule: str


class Investigations:
    """Finds the investigation of a message, or makes an open-ended one. Thread-safe."""

    def __init__(
        self,
        session: Session,
        facility: Facility,
        leases: Leases,
        settings: Ingest,
        office: UserOffice | None = None,
        types: Callable[[], ParameterTypes] | None = None,
    ) -> None:
        self._session = session
        self._facility = facility
        self._leases = leases
        self._settings = settings
        self._type_id: int | None = None
        made = Scheduled(office, session, facility, types, self._type) if office and types else None
        self.scheduled: Scheduled | None = made

    def refresh(self, proposal: str, beamline: tuple[int, str]) -> None:
        """Ask the user office about a proposal, also when a session is known: dates may have moved. One that does not
        answer is asked again when a session is missing."""
        if self.scheduled is None:
            return
        with self._leases.hold([self._lease(proposal, beamline)]):
            try:
                self._bring(proposal, self.of_proposal(proposal))
            except Unavailable as error:
                log.warning("%s; the catalogue alone decides about sessions of %s", error.message, proposal)

    def _bring(self, proposal: str, slots: list[Slot]) -> int:
        if self.scheduled is None:
            return 0
        names = list(dict.fromkeys(slot.name for slot in slots))
        with self._leases.hold([f"user office:{proposal_key(proposal, self._settings.proposal_aliases)[:200]}"]):
            return self.scheduled.bring(proposal, names, catalogue_spelling(proposal))

    def _lease(self, proposal: str, beamline: tuple[int, str]) -> str:
        return f"session:{proposal_key(proposal, self._settings.proposal_aliases)[:200]}:{beamline[0]}"

    def of_proposal(self, proposal: str) -> list[Slot]:
        """Every investigation whose proposal is this one in some spelling, in one query."""
        key = proposal_key(proposal, self._settings.proposal_aliases)
        columns = ["name", "id", "startDate", "endDate", "createId"]
        rows = self._session.rows(
            Select(
                "InvestigationInstrument",
                [*(f"investigation.{column}" for column in columns), "instrument.id"],
                where=And(Eq("investigation.facility.id", self._facility.id), _spelled_like(key)),
            )
        )
        slots: dict[int, Slot] = {}
        writer = self._session.user_name()
        for name, id_, start, end, creator, instrument in rows:
            if start is None or proposal_key(name, self._settings.proposal_aliases) != key:
                continue
            instruments = (slots[id_].instruments if id_ in slots else frozenset()) | {instrument}
            slots[id_] = Slot(id_, name, start, end, instruments, own=end is None and creator == writer)
        return list(slots.values())

    def place(self, proposal: str, beamline: tuple[int, str], wish: Wish, slots: list[Slot]) -> Found:
        """The investigation for a message; made or moved back in time when that is needed. Raises NotYet or Refused
        when there is none and none may be made."""
        chosen = choose(wish, slots, self._tolerance)
        if chosen is None or chosen.start is not None:
            chosen = self._change(proposal, beamline, wish)
        return Found(chosen.slot.id, chosen.slot.name, chosen.rule)

    def standing(self, wish: Wish, slots: list[Slot]) -> Found | None:
        """The investigation for a message among those that there are; None when one has to be made or moved."""
        chosen = choose(wish, slots, self._tolerance)
        if chosen is None or chosen.start is not None:
            return None
        return Found(chosen.slot.id, chosen.slot.name, chosen.rule)

    @property
    def _tolerance(self) -> timedelta:
        return timedelta(hours=self._settings.session_tolerance_hours)

    def _change(self, proposal: str, beamline: tuple[int, str], wish: Wish) -> Choice:
        """Look again while nobody else makes sessions of this proposal and beamline, then make or move one."""
        with self._leases.hold([self._lease(proposal, beamline)]):
            slots = self.of_proposal(proposal)
            chosen = choose(wish, slots, self._tolerance)
            if (chosen is None or chosen.start is not None) and self._bring(proposal, slots):
                slots = self.of_proposal(proposal)
                chosen = choose(wish, slots, self._tolerance)
            if chosen is None:
                return Choice(self._create(proposal, beamline, wish.moment, slots), "open-ended")
            if chosen.start is not None:
                self._session.write([Change("Investigation", chosen.slot.id, {"startDate": chosen.start})])
            return chosen

    def _create(self, proposal: str, beamline: tuple[int, str], start: datetime, slots: list[Slot]) -> Slot:
        if not self._settings.create_sessions:
            raise NotYet(
                "session",
                f"No session of {proposal} on {beamline[1]} fits {start.isoformat()}; ingest.create_sessions is off",
                _STEP,
                give_up_after_seconds=self._settings.session_retry_hours * 3600,
            )
        name = slots[0].name if slots else catalogue_spelling(proposal)
        fields = {
            "facility": Ref(self._facility.id),
            "type": Ref(self._type()),
            "name": name,
            "title": f"{name} {beamline[1]} (not in the user office)"[:_LONGEST],
            "startDate": start,
            "investigationInstruments": [New("InvestigationInstrument", {"instrument": Ref(beamline[0])})],
        }
        for number in range(1, 100):
            visit = f"{beamline[1]} unscheduled{f' {number}' if number > 1 else ''}"
            try:
                made = self._session.write([New("Investigation", {**fields, "visitId": visit})])
            except ObjectExists:
                continue
            return Slot(made[0], name, start, None, frozenset({beamline[0]}), own=True)
        raise Refused("session", f"{name} has too many unscheduled sessions on {beamline[1]}", _STEP)

    def _type(self) -> int:
        if self._type_id is None:
            name = self._settings.session_type
            where = And(Eq("facility.id", self._facility.id), Eq("name", name))
            rows = self._session.rows(Select("InvestigationType", ["id"], where=where))
            if not rows:
                text = f"The catalogue has no InvestigationType {name}; run: drac ingest prepare"
                raise NotYet("internal", text, _STEP)
            self._type_id = int(rows[0][0])
        return self._type_id


def catalogue_spelling(proposal: str) -> str:
    """How a proposal that the catalogue does not know yet is written: upper case, a dash before the number
    (`blc99999` becomes `BLC-99999`)."""
    key = comparison_key(proposal).upper()
    parts = re.fullmatch(r"(IH)?([^\W\d_]+)(\d+)", key)
    if parts is None:
        return (key or proposal)[:_LONGEST]
    return "-".join(part for part in parts.groups() if part)[:_LONGEST]


def _spelled_like(key: str) -> Or:
    """A condition that every spelling of a proposal fulfils (and a few others): its signs in order, in upper or in
    lower case. The first sign is fixed, so that an index of names helps."""
    texts: Mapping[str, None] = dict.fromkeys((key.upper(), key.lower()))
    return Or(*(Like("investigation.name", "%".join(text) + ("%" if text else "")) for text in texts))
