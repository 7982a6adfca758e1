"""Applies messages to the catalogue: the core stage at once, the later stages of a dataset when they are due.

Everything here may be done again at any moment, also halfway: each step looks for what is there and adds what is
missing.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from cachetools import TTLCache

from drac_plugins.core.leases import Leases
from drac_plugins.core.links.writing import Links, LinkSettings
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from drac_plugins.core.useroffice import user_office
from icat_schema.gateway import Session
from icat_schema.parameters import vocabulary
from ingest.archive_status import Archive
from ingest.bulk import Arrival, Bulk
from ingest.corrections import Corrections
from ingest.domain import ArchiveStatus, DatasetMessage, FileRequest, InvestigationMessage, Message
from ingest.events import events_of
from ingest.facility import Facility
from ingest.files import FileStage
from ingest.gallery import GalleryStage
from ingest.investigations import Investigations
from ingest.late_files import LateFiles
from ingest.outcome import Done, NotYet
from ingest.parameters import ParameterTypes
from ingest.plan import Plan
from ingest.registration import Registration
from ingest.reschedule import reschedule
from ingest.sessions import Wish
from ingest.statistics import StatisticsStage

Stage = Literal["files", "gallery", "statistics"]
STAGES: tuple[Stage, ...] = ("files", "gallery", "statistics")
_AT_WORK_SECONDS = 600.0
"""How long a session counts as one at work after its sums were made."""
_PORTION = 20  # few, because other writers of the same datasets wait meanwhile


def installation(settings: Settings) -> str:
    """Name of the one ingester of an installation, the same after every start."""
    return f"ingester {settings.var.resolve()} on {socket.gethostname()}"


class Consumer:
    """One per process; thread-safe. `session`: the writing account."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        store: Store,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        ingest, facility = settings.ingest, settings.facility
        self._settings = settings
        self._session = session
        self._store = store
        self._now = now
        self._facility = Facility(session, facility.name, ingest.beamline_aliases)
        self._leases = Leases(store, owner=installation(settings), seconds=ingest.lease_seconds, now=now)
        self._investigations = Investigations(
            session, self._facility, self._leases, ingest, user_office(settings), lambda: self.parameter_types
        )
        self._parameter_types: ParameterTypes | None = None
        self._making_types = threading.Lock()
        self._sums_costs: TTLCache[int, float] = TTLCache(maxsize=10_000, ttl=_AT_WORK_SECONDS)
        self.links = Links(
            session,
            store,
            LinkSettings.of(settings),
            now=now,
            leases=self._leases,
        )
        self._registration = Registration(
            settings,
            session,
            store,
            self._facility,
            self._investigations,
            self._leases,
            self.links,
            lambda: self.parameter_types,
            now=now,
        )

        self._late_files = LateFiles(settings, session, store, self.links, now=now)
        self._corrections = Corrections(
            settings, session, store, self._facility, self._registration, lambda: self.parameter_types
        )

    @property
    def parameter_types(self) -> ParameterTypes:
        with self._making_types:  # two of them would not know of each other's new types
            if self._parameter_types is None:
                ingest = self._settings.ingest
                self._parameter_types = ParameterTypes(
                    self._session,
                    self._facility.id,
                    vocabulary(),
                    unknown=ingest.unknown_parameters,
                    new_per_day=ingest.max_new_parameter_types_per_day,
                    zone=self._settings.facility.timezone,
                )
            return self._parameter_types

    # --------------------------------------------------------------------------------------------- public part

    def apply(self, message: Message, arrival: datetime, inbox_id: int) -> Done:
        """The core stage. Raises Refused, NotYet, or an error of the gateway or the store."""
        return self._told(message, self._apply(message, arrival, inbox_id))

    def _told(self, message: Message, done: Done) -> Done:
        events = self._settings.events
        publish_after = events.settle_seconds if events.brokers else None
        return replace(done, events=done.events + events_of(message, done, publish_after=publish_after))

    def _apply(self, message: Message, arrival: datetime, inbox_id: int) -> Done:
        if isinstance(message, InvestigationMessage):
            return self._investigation(message)
        if isinstance(message, DatasetMessage):
            return self._registration.register(message, arrival, inbox_id)
        if isinstance(message, ArchiveStatus):
            archive = Archive(self._settings, self._session, self._store, self.parameter_types, now=self._now)
            return archive.record(message, arrival, inbox_id)
        if isinstance(message, FileRequest):
            return self._late_files.ask(message)
        return self._corrections.apply(message, arrival, inbox_id)

    def apply_together(self, messages: Sequence[tuple[Message, datetime, int]]) -> dict[int, Done]:
        """Those of the messages that can be applied together, each with its arrival and number in the inbox; the others
        have to be applied one by one, and all of them when this raises."""
        arrivals = [Arrival(m, moment, number) for m, moment, number in messages if isinstance(m, DatasetMessage)]
        if len(arrivals) < 2:
            return {}
        bulk = Bulk(
            self._session,
            self._store,
            self._facility,
            self._investigations,
            self._registration,
            self.parameter_types,
            self._settings.ingest.data_roots,
        )
        done = bulk.register(arrivals)
        return {one.inbox_id: self._told(one.message, done[one.inbox_id]) for one in arrivals if one.inbox_id in done}

    def plan(self, message: DatasetMessage, arrival: datetime, inbox_id: int) -> Plan:
        """What `apply` would write about the dataset itself. Makes the session and the sample if they are missing."""
        here = self._registration.look(message, arrival, inbox_id)
        return self._registration.plan(message, here)

    def stages(self, dataset_id: int) -> tuple[Stage, ...]:  # noqa: ARG002 - the same for every dataset so far
        """Later stages that are due once the core stage of a dataset is done."""
        return STAGES

    def run_stage(self, stage: Stage, dataset_id: int) -> None:
        """One later stage of a dataset. Raises NotYet when it has to be tried again."""
        if stage == "files":
            self._file_stage().run(dataset_id)
            self.links.files_came([dataset_id])
        elif stage == "gallery":
            gallery = GalleryStage(self._settings, self._session, self._store, self.parameter_types, now=self._now)
            gallery.run(dataset_id)
        else:
            self._statistics_stage().run(dataset_id)

    def run_stages(self, stage: Stage, dataset_ids: Sequence[int]) -> dict[int, NotYet | None]:
        """A later stage of several datasets together: those that are finished, with NotYet for those that have to be
        tried again. The others have to be run one by one, and all of them when this raises."""
        if stage != "files":
            return {}
        finished = self._file_stage().run_together(dataset_ids)
        self.links.files_came(finished)
        return finished

    def _file_stage(self) -> FileStage:
        return FileStage(self._settings, self._session, self._store, self.parameter_types, now=self._now)

    def _statistics_stage(self) -> StatisticsStage:
        return StatisticsStage(
            self._session,
            self._store,
            self.parameter_types,
            self._leases,
            pause_seconds=self._settings.ingest.sums_pause_seconds,
            costs=self._sums_costs,
            now=self._now,
        )

    def take_over(self) -> int:
        """Take back the leases of a predecessor that was killed; only when there can be no other ingester of this
        installation, before the first message. Returns how many."""
        return self._leases.clear()

    def recover(self) -> int:
        """Finish links that an interrupted run left behind; call at start. Returns how many datasets were looked at."""
        done = 0
        while count := self.links.write_due(_PORTION):
            done += count
            if count < _PORTION:
                break
        return done

    # ------------------------------------------------------------------------------------------------ sessions

    def _investigation(self, message: InvestigationMessage) -> Done:
        if message.investigation_id is not None and not message.proposal:
            reschedule(self._session, self.parameter_types, message, self._investigations.scheduled)
            return Done(investigation_id=message.investigation_id, warnings=message.warnings)
        instrument = self._registration.instrument(message.beamline)
        self._investigations.refresh(message.proposal, instrument)
        wish = Wish(instrument[0], message.start, message.investigation_id)
        slots = self._investigations.of_proposal(message.proposal)
        found = self._investigations.place(message.proposal, instrument, wish, slots)
        return Done(investigation_id=found.id, warnings=message.warnings)
