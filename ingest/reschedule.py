"""A session is used at another time than it was scheduled for (queue `rescheduleInvestigation`)."""

from __future__ import annotations

from datetime import datetime

from drac_plugins.core.useroffice import ScheduledSession
from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, In
from ingest.domain import InvestigationMessage
from ingest.outcome import Refused
from ingest.parameters import ParameterTypes
from ingest.scheduled import Scheduled

ACTUAL_START, ACTUAL_END = "actualStartDate", "actualEndDate"


def reschedule(
    session: Session, types: ParameterTypes, message: InvestigationMessage, scheduled: Scheduled | None = None
) -> None:
    """Fetch the session from the user office again (dates, beamline, team), and write when it really takes place: as
    the user office says, else from the message on, as long as it was scheduled. Id, name and data stay. Raises Refused
    when there is no such investigation, Unavailable when the user office does not answer."""
    investigation_id = message.investigation_id
    if investigation_id is None or not _dates(session, investigation_id):
        raise Refused("session", f"There is no investigation {investigation_id} to reschedule", "session")
    told = scheduled.of_investigation(investigation_id) if scheduled else None
    start, end = _dates(session, investigation_id)[0]
    wanted = _actual(message, told, start, end)
    known = types.get(wanted)
    query = Select(
        "InvestigationParameter",
        ["type.name", "id", "stringValue"],
        where=And(Eq("investigation.id", investigation_id), In("type.name", list(wanted))),
    )
    present = {name: (row, text) for name, row, text in session.rows(query)}
    writes: list[New | Change] = []
    for name, value in wanted.items():
        if name in present and present[name][1] != value:
            writes.append(Change("InvestigationParameter", present[name][0], {"stringValue": value}))
        elif name not in present and name in known:
            fields = {"investigation": Ref(investigation_id), "type": Ref(known[name].id), "stringValue": value}
            writes.append(New("InvestigationParameter", fields))
    if writes:
        session.write(writes)


def _dates(session: Session, investigation_id: int) -> list[tuple[datetime | None, datetime | None]]:
    rows = session.rows(Select("Investigation", ["startDate", "endDate"], where=Eq("id", investigation_id)))
    return [(start, end) for start, end in rows]


def _actual(
    message: InvestigationMessage, told: ScheduledSession | None, start: datetime | None, end: datetime | None
) -> dict[str, str]:
    begins = told.actual_start if told and told.actual_start else message.start
    ends = told.actual_end if told and told.actual_end else None
    if ends is None and start is not None and end is not None:
        ends = begins + (end - start)
    return {ACTUAL_START: begins.isoformat(), **({ACTUAL_END: ends.isoformat()} if ends else {})}
