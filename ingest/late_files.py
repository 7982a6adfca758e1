"""The folder of a dataset is read again on request (queue `icatDataFiles`)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from drac_plugins.core.inbox import stages
from drac_plugins.core.links import linktable
from drac_plugins.core.links.records import Located
from drac_plugins.core.links.writing import Links
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import Eq
from ingest.archive_status import unknown_dataset
from ingest.domain import FileRequest
from ingest.outcome import Done

_STAGES = ("files", "gallery", "statistics")
_FORGET = 10_000


class LateFiles:
    """One per process; thread-safe. Of several requests for one dataset the first is followed at once, those within the
    pause after it together once that is over."""

    def __init__(
        self, settings: Settings, session: Session, store: Store, links: Links, *, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._session = session
        self._store = store
        self._links = links
        self._now = now
        self._lock = threading.Lock()
        self._latest: dict[int, datetime] = {}

    def ask(self, request: FileRequest) -> Done:
        """Make the stages due that look at the folder. Raises NotYet while there is no such dataset."""
        columns = ["investigation.id", "location", "investigation.name", "name", "startDate", "type.name"]
        rows = self._session.rows(Select("Dataset", columns, where=Eq("id", request.dataset_id)))
        if not rows:
            raise unknown_dataset(request.dataset_id, self._settings.ingest.dataset_retry_minutes)
        investigation_id, location, proposal, name, start, kind = rows[0]
        if not location:
            return Done(investigation_id, request.dataset_id, ("The dataset has no location, so no folder",), ())
        due = self._due(request.dataset_id)
        with self._store.begin() as connection:
            if request.dataset_id not in linktable.located(connection, [request.dataset_id]):  # somebody else made it
                key = self._links.key_of(location)
                here = Located(
                    request.dataset_id, location, key, investigation_id, proposal, name, start, kind == "processed"
                )
                self._links.register(connection, here, None)
            stages.make_due(connection, [(request.dataset_id, stage) for stage in _STAGES], due, self._now())
        return Done(investigation_id, request.dataset_id, stages=())

    def _due(self, dataset_id: int) -> datetime:
        now, pause = self._now(), timedelta(seconds=self._settings.ingest.files_pause_seconds)
        with self._lock:
            if len(self._latest) > _FORGET:
                self._latest = {key: at for key, at in self._latest.items() if at > now - pause}
            latest = self._latest.get(dataset_id)
            due = now if latest is None or latest + pause <= now else latest if latest > now else latest + pause
            self._latest[dataset_id] = due
            return due
