"""Passes on to indexers what concerns public data, and forgets old events.

A delivery is taken from the outbox only after the broker has confirmed the message, so every event is told at least
once; header `event-id` is the same when it is told again.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.events import outbox
from drac_plugins.core.events.publications import release_changed
from drac_plugins.core.events.records import PUBLICATION, Event
from drac_plugins.core.leases import LeaseBusy, Leases
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from icat_schema.gateway import Select, Session
from icat_schema.gateway.errors import CatalogueError

log = logging.getLogger(__name__)

_PORTION = 500
_ROUND_SECONDS = 1.0
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class Messages(Protocol):
    """Raises Unavailable unless the message is safe with the receiver."""

    def send(self, destination: str, text: str, headers: dict[str, str], /) -> None: ...

    def close(self) -> None: ...


class Publisher:
    """One thread. Several processes may have one over the same store; they take turns."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        session: Session,
        sender: Messages | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`sender`: None when nobody listens; then old events are forgotten and nothing is told."""
        self._keep = timedelta(days=settings.events.keep_days)
        self._destination = f"{settings.ingest.queue_prefix}{settings.events.publication_queue}"
        self._store = store
        self._session = session
        self._sender = sender
        self._now = now
        self._leases = Leases(store, now=now)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._sender is not None:
            self._sender.close()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                while self.step() and not self._stopping.is_set():
                    pass
                failures = 0
            except LeaseBusy:
                pass
            except (Unavailable, CatalogueError) as error:
                log.warning("Events are told later: %s", error)
                failures += 1
            except Exception:  # the outermost frame of the thread: nothing may end it
                log.exception("Events could not be told; trying again")
                failures += 1
            self._stopping.wait(_PAUSES[min(failures, len(_PAUSES)) - 1] if failures else _ROUND_SECONDS)

    def step(self) -> int:
        """Tell what is due; returns how many events were dealt with. Raises Unavailable or an error of the gateway."""
        forgotten = self._forget()
        if self._sender is None:
            return forgotten
        with self._store.read() as connection:
            if not outbox.due(connection, PUBLICATION, self._now(), 1):
                return forgotten
        with self._leases.hold(["publisher"], wait_seconds=0):
            return forgotten + self._tell(self._sender)

    def _forget(self) -> int:
        before = self._now() - self._keep
        with self._store.read() as connection:
            if not outbox.older(connection, before):
                return 0
        with self._store.begin() as connection:
            return outbox.prune(connection, before)

    def _tell(self, sender: Messages) -> int:
        with self._store.read() as connection:
            events = [d.event for d in outbox.due(connection, PUBLICATION, self._now(), _PORTION)]
            sessions = {
                e.investigation_id for e in events if e.kind != "publication" and e.investigation_id is not None
            }
            together = outbox.waiting(connection, PUBLICATION, sessions)
        try:
            for event in events:
                if event.kind == "publication":
                    self._send(sender, event.body, event)
                    self._delivered([event])
            for changes in self._released(together):
                told = release_changed(changes[-1].investigation_id or 0)
                self._send(sender, told.body, changes[-1])
                self._delivered(changes)
        except Unavailable as error:
            log.warning("Events are told later: %s", error.message)
            again = self._now() + timedelta(seconds=_PAUSES[2])
            with self._store.begin() as connection:
                outbox.failed(connection, PUBLICATION, [e.id for e in events], again, error.message)
            return 0
        return len(events)

    def _send(self, sender: Messages, body: object, event: Event) -> None:
        sender.send(self._destination, json.dumps(body), {"event-id": event.key})

    def _released(self, changes: Sequence[Event]) -> Iterable[list[Event]]:
        """Changes by session, those of released ones; the others are nobody's business and are dropped."""
        by_session: dict[int, list[Event]] = {}
        for event in changes:
            by_session.setdefault(event.investigation_id or 0, []).append(event)
        rows = self._session.rows_for(Select("Investigation", ["id", "releaseDate"]), "id", sorted(by_session))
        released = {id_ for id_, date in rows if date is not None and date <= self._now()}
        self._delivered([e for id_, some in by_session.items() if id_ not in released for e in some])
        return [by_session[id_] for id_ in sorted(released)]

    def _delivered(self, events: Sequence[Event]) -> None:
        if events:
            with self._store.begin() as connection:
                outbox.delivered(connection, PUBLICATION, [event.id for event in events])
