"""One message after the other: sorted, taken, applied, and its outcome turned into a state of the inbox row.

The only place that decides what of the messages is tried again, when, and what goes to quarantine.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.inbox import Entry, Inbox, Verdict
from drac_plugins.core.settings import Settings
from icat_schema.gateway.errors import CatalogueError, CatalogueUnavailable, InvalidRequest, LoginRefused
from ingest.breaker import Breaker
from ingest.outcome import Done, NotYet, Refused
from ingest.sorter import Sorter
from ingest.trying import Applier, hand_back, pause_after

log = logging.getLogger(__name__)

_BUSY_PAUSE = timedelta(seconds=2)


class Applying:
    """`step` may be called by several threads at the same time."""

    def __init__(
        self,
        inbox: Inbox,
        applier: Applier,
        settings: Settings,
        catalogue: Breaker,
        stopping: threading.Event,
        now: Callable[[], datetime],
    ) -> None:
        self._inbox = inbox
        self._applier = applier
        self._settings = settings
        self._ingest = settings.ingest
        self._sorter = Sorter(inbox, settings)
        self._catalogue = catalogue
        self._stopping = stopping
        self._now = now

    def step(self) -> bool:
        """Sort what has arrived, then apply one message. Returns whether there was anything to do."""
        sorted_ = self._sorter.run()
        if not self._catalogue.allow():
            return sorted_ > 0
        entry = self._take()
        if entry is None:
            return sorted_ > 0
        hand_back(self._apply(entry), self._stopping)
        return True

    def _take(self) -> Entry | None:
        entry = None
        try:
            entry = self._inbox.take()
        finally:
            if entry is None:
                self._catalogue.undecided()
        return entry

    def _apply(self, entry: Entry) -> Callable[[], None]:
        """Try one message; returns how its row is to be handed back."""
        inbox = self._inbox
        try:
            message = self._sorter.read(entry)
            done = self._applier.apply(message, entry.received, entry.id)
            stages = self._stages(done)
        except Refused as refused:
            self._catalogue.answered()
            reason, step, text = refused.reason, refused.step, refused.text
            log.warning("Message %d goes to quarantine (%s): %s", entry.id, reason, text)
            return lambda: inbox.quarantine(entry.id, reason, step, text)
        except NotYet as not_yet:
            self._catalogue.answered()
            return self._later(entry, not_yet)
        except (CatalogueUnavailable, LoginRefused) as error:
            self._catalogue.away(error)
            text = error.message
            return lambda: inbox.put_back(entry.id, text)
        except InvalidRequest as error:
            self._catalogue.answered()
            text = error.message
            log.warning("Message %d goes to quarantine: the catalogue does not accept it: %s", entry.id, text)
            return lambda: inbox.quarantine(entry.id, "values", "write", f"The catalogue does not accept it: {text}")
        except Unavailable as error:
            self._catalogue.undecided()
            log.warning("Message %d is tried again soon: %s", entry.id, error.message)
            verdict = Verdict("internal", "apply", error.message)
            return lambda: inbox.retry(entry.id, self._now() + _BUSY_PAUSE, verdict, hold_until=self._hold(entry))
        except CatalogueError as error:
            self._catalogue.answered()
            return self._after_failure(entry, error, for_ever=error.temporary)
        except Exception as error:  # a mistake of ours on this message must not cost the others
            self._catalogue.undecided()
            log.exception("Message %d: unexpected error", entry.id)
            return self._after_failure(entry, error, for_ever=False)
        self._catalogue.answered()
        return lambda: inbox.done(
            entry.id,
            dataset_id=done.dataset_id,
            investigation_id=done.investigation_id,
            warnings=done.warnings,
            stages_due=stages,
        )

    def _stages(self, done: Done) -> tuple[str, ...]:
        if done.stages is not None or done.dataset_id is None:
            return done.stages or ()
        return tuple(self._applier.stages(done.dataset_id))

    def _later(self, entry: Entry, not_yet: NotYet) -> Callable[[], None]:
        verdict = Verdict(not_yet.reason, not_yet.step, not_yet.text)
        now = self._now()
        limit = not_yet.give_up_after_seconds
        if limit is not None and now - entry.since >= timedelta(seconds=limit):
            log.warning("Message %d goes to quarantine (%s): %s", entry.id, verdict.reason, verdict.text)
            return lambda: self._inbox.quarantine(entry.id, verdict.reason, verdict.step, verdict.text)
        if entry.attempts == 1:
            log.warning("Message %d is tried again later: %s", entry.id, verdict.text)
        pause = not_yet.pause_seconds
        due = now + (
            pause_after(entry.attempts, self._ingest.retry_seconds) if pause is None else timedelta(seconds=pause)
        )
        if limit is not None:
            due = min(due, entry.since + timedelta(seconds=limit))
        return lambda: self._inbox.retry(entry.id, due, verdict, hold_until=self._hold(entry))

    def _after_failure(self, entry: Entry, error: Exception, *, for_ever: bool) -> Callable[[], None]:
        """The same error again and again is poison; a failure inside the catalogue may last: tried for ever."""
        kind, text = type(error).__name__, str(error)
        fault = hashlib.sha256(f"{kind} {text}".encode()).hexdigest()
        count = entry.fault_count + 1 if entry.fault == fault else 1
        verdict = Verdict("internal", "apply", f"{kind}: {text}")
        if count >= self._ingest.poison_attempts and not for_ever:
            log.error("Message %d goes to quarantine after failing %d times: %s", entry.id, count, verdict.text)
            return lambda: self._inbox.quarantine(entry.id, verdict.reason, verdict.step, verdict.text)
        due = self._now() + pause_after(entry.attempts, self._ingest.retry_seconds)
        return lambda: self._inbox.retry(
            entry.id, due, verdict, hold_until=self._hold(entry), fault=fault, fault_count=count
        )

    def _hold(self, entry: Entry) -> datetime:
        return entry.holds_until or self._now() + timedelta(minutes=self._ingest.hold_minutes)
