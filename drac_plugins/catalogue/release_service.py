"""The end of the embargo of a session: changed by data managers, told to indexers and to the logbook."""

from __future__ import annotations

from datetime import UTC, date, datetime

from drac_plugins.core.errors import NotFound
from drac_plugins.core.events import outbox
from drac_plugins.core.events.publications import release_changed
from drac_plugins.core.events.records import LOGBOOK, NewEvent
from drac_plugins.core.people import require_administrator
from drac_plugins.core.reads.days import day_begins, wire_date
from drac_plugins.core.reads.view import View
from drac_plugins.core.services import Services
from icat_schema.gateway import Change, Select
from icat_schema.gateway.conditions import Eq


def set_release_date(services: Services, view: View, investigation_id: int, day: date, message: str) -> None:
    """The data are public from the start of this day in the facility's zone.

    The catalogue is changed under the caller's session, so its rules must allow it as well. Raises Forbidden for who is
    no administrator, NotFound for an investigation that the session cannot see.
    """
    person = require_administrator(services, view.session)
    rows = view.session.rows(Select("Investigation", ["id", "releaseDate"], Eq("id", investigation_id)))
    if not rows:
        raise NotFound(f"There is no investigation {investigation_id} that you may see")
    release = day_begins(day, view.zone)
    view.session.write([Change("Investigation", investigation_id, {"releaseDate": release})])
    said = {
        "releaseDate": wire_date(release, view.zone),
        "before": wire_date(rows[0][1], view.zone),
        "by": person.name,
        "message": message,
    }
    told = NewEvent("release", investigation_id=investigation_id, body=said, channels=(LOGBOOK,))
    with services.store.begin() as connection:
        outbox.put(connection, [release_changed(investigation_id), told], datetime.now(UTC))
