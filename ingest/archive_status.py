"""What the archive tells about datasets (queue `icatArchiveRestoreStatus`): a history of our own, and the present state
as two parameters of the dataset."""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime

from sqlalchemy import Connection, select, update

from drac_plugins.core.events.records import LOGBOOK, NewEvent
from drac_plugins.core.quarantine import alarms
from drac_plugins.core.quarantine.alarms import Alarm
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Eq
from ingest.dataset_stage import DatasetStage
from ingest.domain import ArchiveStatus
from ingest.outcome import Done, NotYet
from ingest.tables import archive_status as history

log = logging.getLogger(__name__)

PARAMETERS = {"archiving": "__archiveStatus", "restoration": "__restoreStatus"}
"""Level and time of the latest message of each type, such as `info 2025-03-10T09:30:00+01:00`."""


def unknown_dataset(dataset_id: int, minutes: float) -> NotYet:
    """To be raised for the number of a dataset that the catalogue does not have (yet)."""
    text = f"The catalogue has no dataset {dataset_id}"
    return NotYet("dataset", text, "dataset", give_up_after_seconds=minutes * 60, holds=False)


class Archive(DatasetStage):
    """Keeps what the archive tells."""

    step = "archive"

    def record(self, status: ArchiveStatus, arrival: datetime, inbox_id: int) -> Done:
        """Raises NotYet while there is no such dataset."""
        rows = self._session.rows(Select("Dataset", ["investigation.id"], where=Eq("id", status.dataset_id)))
        if not rows:
            raise unknown_dataset(status.dataset_id, self._settings.ingest.dataset_retry_minutes)
        with self._store.begin() as connection:
            told = _keep(connection, status, arrival, inbox_id)
            if told is not None:
                _alarm(connection, status, *told)
        if told is not None:
            moment = told[1].astimezone(self._settings.facility.timezone).isoformat(timespec="seconds")
            writes = self._parameter_writes(status.dataset_id, {PARAMETERS[status.type]: f"{told[0]} {moment}"})
            if writes:
                self._session.write(writes)
        if status.level == "error":
            log.error("Dataset %d: %s failed: %s", status.dataset_id, status.type, status.text or "no text")
        return Done(rows[0][0], status.dataset_id, stages=(), events=_events(status, rows[0][0], inbox_id))


def _alarm(connection: Connection, status: ArchiveStatus, level: str, moment: datetime) -> None:
    """Raised while the latest state is an error, whichever message has just come."""
    if level == "error":
        alarms.put(connection, [Alarm(status.type, status.dataset_id, status.text or "no text", moment)])
    else:
        alarms.clear(connection, status.type, status.dataset_id)


def _events(status: ArchiveStatus, investigation_id: int, inbox_id: int) -> tuple[NewEvent, ...]:
    """Users are told that their data are back."""
    if (status.type, status.level) != ("restoration", "info"):
        return ()
    body = {"text": status.text or ""}
    key = hashlib.sha256(f"restoration {inbox_id}".encode()).hexdigest()
    return (NewEvent("restoration", status.dataset_id, investigation_id, body, key, (LOGBOOK,)),)


def _keep(
    connection: Connection, status: ArchiveStatus, arrival: datetime, inbox_id: int
) -> tuple[str, datetime] | None:
    """Take the message into the history; returns level and time of the state that is the latest then."""
    mine = (history.c.dataset_id == status.dataset_id, history.c.type == status.type)
    latest = connection.execute(select(history).where(*mine).order_by(history.c.id.desc()).limit(1)).first()
    known = connection.execute(select(history.c.id).where(*mine, history.c.serial == inbox_id).limit(1)).first()
    if latest is not None and (known is not None or arrival < latest.last):
        return latest.level, latest.last  # told before, or too late to be news
    if latest is not None and (latest.level, latest.text) == (status.level, status.text):
        again = {"last": arrival, "times": history.c.times + 1, "serial": inbox_id}
        connection.execute(update(history).where(history.c.id == latest.id).values(**again))
    else:
        values = {"dataset_id": status.dataset_id, "type": status.type, "level": status.level, "text": status.text}
        connection.execute(history.insert().values(**values, since=arrival, last=arrival, times=1, serial=inbox_id))
    return status.level, arrival
