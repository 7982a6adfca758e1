"""A session is used at another time than it was scheduled for (queue `rescheduleInvestigation`)."""

from __future__ import annotations

from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, In
from ingest.domain import InvestigationMessage
from ingest.outcome import Refused
from ingest.parameters import ParameterTypes

ACTUAL_START, ACTUAL_END = "actualStartDate", "actualEndDate"


def reschedule(session: Session, types: ParameterTypes, message: InvestigationMessage) -> None:
    """Write when the session really takes place: from the message on, as long as it was scheduled. Raises Refused when
    there is no such investigation."""
    investigation_id = message.investigation_id
    rows = session.rows(Select("Investigation", ["startDate", "endDate"], where=Eq("id", investigation_id or 0)))
    if not rows or investigation_id is None:
        raise Refused("session", f"There is no investigation {message.investigation_id} to reschedule", "session")
    start, end = rows[0]
    wanted = {ACTUAL_START: message.start.isoformat()}
    if start is not None and end is not None:
        wanted[ACTUAL_END] = (message.start + (end - start)).isoformat()
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
