"""What is checked once a night: links are held against what producers declared and put right, what still misses its
inputs is tried again, and datasets that were never completed are told.

A night belongs to the day of the facility on which it begins. Several ingesters may share a store: one of them does it,
and does it again when another one died over it. A night that was slept through is made up for at the next start.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.leases import LeaseBusy
from drac_plugins.core.links.repair import Repair
from drac_plugins.core.links.writing import Links
from drac_plugins.core.quarantine import alarms
from drac_plugins.core.quarantine.alarms import Alarm
from drac_plugins.core.quarantine.tables import ingest_night
from drac_plugins.core.settings import Settings
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Eq, Lt
from icat_schema.gateway.errors import CatalogueError

log = logging.getLogger(__name__)

INCOMPLETE_AFTER = timedelta(days=7)
_TOLD = 10_000
"""Incomplete datasets that are told; with more of them the number does not matter."""
_LISTED = 100
"""Missing inputs that stand in the log; `drac links repair --check` lists all."""
_ROUND_SECONDS = 60.0


class Stopped(Exception):
    """The ingester ends before the checks do."""


class Nightly:
    """One thread, or none when the settings say that it never is the time. `links`: those of the consumer."""

    def __init__(
        self, settings: Settings, links: Links, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._at = settings.ingest.nightly_at
        self._zone = settings.facility.timezone
        self._links = links
        self._store = links.store
        self._now = now
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nightly")

    def start(self) -> None:
        if self._at is not None:
            self._thread.start()

    def stop(self) -> None:
        """What has been mended stays mended; the next start does the rest."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.step()
            except (LeaseBusy, Stopped):
                pass
            except (Unavailable, CatalogueError) as error:
                log.warning("The checks of the night are made later: %s", error)
            except Exception as error:  # the outermost frame of the thread: nothing may end it
                log.exception("The checks of the night failed; trying again")
                self._tell_failure(error)
            self._stopping.wait(_ROUND_SECONDS)

    def step(self) -> bool:
        """Make the checks if it is time; returns whether they were made to the end. Raises LeaseBusy while another
        process is at it, Stopped, Unavailable, and errors of the gateway."""
        day = self._due()
        if day is None:
            return False
        with self._links.leases.hold(["nightly"], wait_seconds=0):
            return self._due() == day and self._check(day)

    def _due(self) -> date | None:
        """The day whose night has come and has not been finished."""
        here = self._now().astimezone(self._zone)
        day = here.date() if here.time() >= (self._at or time()) else here.date() - timedelta(days=1)
        with self._store.read() as connection:
            latest = connection.execute(select(ingest_night).order_by(ingest_night.c.day.desc()).limit(1)).first()
        if latest is None:  # a new store: there is nothing to check before its first night
            self._begin(day, finished=True)
            return None
        return day if latest.day < day or (latest.day == day and latest.finished is None) else None

    def _begin(self, day: date, *, finished: bool) -> None:
        now = self._now()
        values = {"day": day, "begun": now, "finished": now if finished else None, "mended": 0}
        try:
            with self._store.begin() as connection:
                connection.execute(insert(ingest_night).values(**values))
        except IntegrityError:  # begun before, by a process that died over it
            with self._store.begin() as connection:
                connection.execute(update(ingest_night).where(ingest_night.c.day == day).values(begun=now))

    def _check(self, day: date) -> bool:
        self._begin(day, finished=False)
        repair, mended = Repair(self._links, progress=self._go_on), 0
        for finding in repair.findings(mend=True):
            mended += 1
            if mended <= _LISTED:
                log.warning("Put right: %s", finding)
        missing = 0
        for missing, (dataset_id, path, since) in enumerate(repair.pending(), start=1):
            if missing <= _LISTED:
                log.warning("Dataset %d waits for %s since %s", dataset_id, path, since.date())
        incomplete = self._incomplete()
        with self._store.begin() as connection:
            alarms.replace(connection, "incomplete", incomplete)
            alarms.clear(connection, "night")
            ended = {"finished": self._now(), "mended": mended}
            connection.execute(update(ingest_night).where(ingest_night.c.day == day).values(**ended))
        told = "Checks of the night: %d differences put right, %d inputs missing for a week, %d datasets incomplete"
        log.info(told, mended, missing, len(incomplete))
        return True

    def _go_on(self, _layer: str, _done: int) -> None:
        """After every window, whether anything was found in it or not."""
        if self._stopping.is_set():
            raise Stopped

    def _incomplete(self) -> list[Alarm]:
        where = And(Eq("complete", False), Lt("createTime", self._now() - INCOMPLETE_AFTER))
        query = Select("Dataset", ["id", "location", "createTime"], where, [("id", "ASC")], limit=_TOLD)
        return [
            Alarm("incomplete", id_, str(place or ""), since) for id_, place, since in self._links.session.page(query)
        ]

    def _tell_failure(self, error: Exception) -> None:
        try:
            with self._store.begin() as connection:
                alarms.put(connection, [Alarm("night", 0, f"{type(error).__name__}: {error}", self._now())])
        except Unavailable as away:
            log.warning("That they failed cannot be written down: %s", away.message)
