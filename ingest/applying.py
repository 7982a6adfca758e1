"""Messages are sorted, taken, applied, and their outcomes turned into states of inbox rows.

What is queued is applied together as far as possible, the rest one message after the other.

The only place that decides what of the messages is tried again, when, and what goes to quarantine.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.inbox import Entry, Inbox, Verdict
from drac_plugins.core.quarantine.aliases import AliasBook
from drac_plugins.core.settings import Settings
from icat_schema.gateway.errors import CatalogueError, CatalogueUnavailable, InvalidRequest, LoginRefused
from ingest.breaker import Breaker
from ingest.domain import Message
from ingest.outcome import Done, NotYet, Refused
from ingest.sorter import Sorter
from ingest.trying import Applier, hand_back, pause_after

log = logging.getLogger(__name__)

BATCH = 50
"""Messages that one thread takes at a time."""
_BUSY_PAUSE = timedelta(seconds=2)
_Outcome = Callable[[Connection], None]


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
        self._behind = False

    @property
    def behind(self) -> bool:
        """Whether messages wait: more than one thread takes at a time were there at the latest look."""
        return self._behind

    def step(self) -> bool:
        """Sort what has arrived, then apply what may be applied. Returns whether there was anything to do."""
        sorted_ = self._sorter.run()
        if not self._catalogue.allow():
            return sorted_ > 0
        entries = self._take()
        if not entries:
            return sorted_ > 0
        left = self._together(entries)
        while left:  # at least one, since whoever was allowed to try the catalogue has to say how it went
            self._hand_back([self._apply(left.pop(0))])
            if self._catalogue.open or self._stopping.is_set():
                break
        self._hand_back([self._put_back(entry, None) for entry in left])
        return True

    def _take(self) -> list[Entry]:
        """One message only while the catalogue is being tried again."""
        entries: list[Entry] = []
        try:
            entries = self._inbox.take_some(1 if self._catalogue.open else BATCH)
        finally:
            self._behind = len(entries) == BATCH
            if not entries:
                self._catalogue.undecided()
        return entries

    def _hand_back(self, outcomes: Sequence[_Outcome]) -> None:
        if outcomes:
            hand_back(lambda: self._inbox.hand_back(outcomes), self._stopping)

    def _together(self, entries: list[Entry]) -> list[Entry]:
        """Apply those that can be applied together; returns the others. When anything goes wrong these are all: one by
        one it shows which message it is, and what is there already is found."""
        aliases = self._sorter.aliases()
        readable = [(m, entry.received, entry.id) for entry in entries if (m := self._fresh(entry, aliases))]
        if len(readable) < 2:
            return entries
        try:
            done = self._applier.apply_together(readable)
        except (CatalogueUnavailable, LoginRefused) as error:
            self._catalogue.away(error)
            self._hand_back([self._put_back(entry, error.message) for entry in entries])
            return []
        except Exception as error:  # whatever it is, each message by itself is treated as it deserves
            log.info("%d messages are applied one by one: %s", len(readable), error)
            return entries
        self._catalogue.answered()
        self._hand_back([self._done(number, outcome) for number, outcome in done.items()])
        return [entry for entry in entries if entry.id not in done]

    def _fresh(self, entry: Entry, aliases: AliasBook) -> Message | None:
        """A message that has not failed yet."""
        if entry.attempts > 1:
            return None
        try:
            return self._sorter.read(entry, aliases)
        except Refused:
            return None

    def _put_back(self, entry: Entry, text: str | None) -> _Outcome:
        return lambda connection: self._inbox.put_back(entry.id, text, connection=connection)

    def _done(self, message_id: int, done: Done) -> _Outcome:
        stages = self._stages(done)
        return lambda connection: self._inbox.done(
            message_id,
            dataset_id=done.dataset_id,
            investigation_id=done.investigation_id,
            warnings=done.warnings,
            stages_due=stages,
            events=done.events,
            connection=connection,
        )

    def _apply(self, entry: Entry) -> _Outcome:
        """Try one message; returns how its row is to be handed back."""
        inbox = self._inbox
        try:
            message = self._sorter.read(entry)
            done = self._applier.apply(message, entry.received, entry.id)
            outcome = self._done(entry.id, done)
        except Refused as refused:
            self._catalogue.answered()
            reason, step, text = refused.reason, refused.step, refused.text
            log.warning("Message %d goes to quarantine (%s): %s", entry.id, reason, text)
            return lambda c: inbox.quarantine(entry.id, reason, step, text, connection=c)
        except NotYet as not_yet:
            self._catalogue.answered()
            return self._later(entry, not_yet)
        except (CatalogueUnavailable, LoginRefused) as error:
            self._catalogue.away(error)
            return self._put_back(entry, error.message)
        except InvalidRequest as error:
            self._catalogue.answered()
            text = error.message
            log.warning("Message %d goes to quarantine: the catalogue does not accept it: %s", entry.id, text)
            told = f"The catalogue does not accept it: {text}"
            return lambda c: inbox.quarantine(entry.id, "values", "write", told, connection=c)
        except Unavailable as error:
            self._catalogue.undecided()
            log.warning("Message %d is tried again soon: %s", entry.id, error.message)
            verdict = Verdict("internal", "apply", error.message)
            due = self._now() + _BUSY_PAUSE
            return lambda c: inbox.retry(entry.id, due, verdict, hold_until=self._hold(entry), connection=c)
        except CatalogueError as error:
            self._catalogue.answered()
            return self._after_failure(entry, error, for_ever=error.temporary)
        except Exception as error:  # a mistake of ours on this message must not cost the others
            self._catalogue.undecided()
            log.exception("Message %d: unexpected error", entry.id)
            return self._after_failure(entry, error, for_ever=False)
        self._catalogue.answered()
        return outcome

    def _stages(self, done: Done) -> tuple[str, ...]:
        if done.stages is not None or done.dataset_id is None:
            return done.stages or ()
        return tuple(self._applier.stages(done.dataset_id))

    def _later(self, entry: Entry, not_yet: NotYet) -> _Outcome:
        verdict = Verdict(not_yet.reason, not_yet.step, not_yet.text)
        now = self._now()
        limit = not_yet.give_up_after_seconds
        if limit is not None and now - entry.since >= timedelta(seconds=limit):
            log.warning("Message %d goes to quarantine (%s): %s", entry.id, verdict.reason, verdict.text)
            return lambda c: self._inbox.quarantine(entry.id, verdict.reason, verdict.step, verdict.text, connection=c)
        if entry.attempts == 1:
            log.warning("Message %d is tried again later: %s", entry.id, verdict.text)
        pause = not_yet.pause_seconds
        due = now + (
            pause_after(entry.attempts, self._ingest.retry_seconds) if pause is None else timedelta(seconds=pause)
        )
        if limit is not None:
            due = min(due, entry.since + timedelta(seconds=limit))
        hold = self._hold(entry) if not_yet.holds else now
        return lambda c: self._inbox.retry(entry.id, due, verdict, hold_until=hold, connection=c)

    def _after_failure(self, entry: Entry, error: Exception, *, for_ever: bool) -> _Outcome:
        """The same error again and again is poison; a failure inside the catalogue may last: tried for ever."""
        kind, text = type(error).__name__, str(error)
        fault = hashlib.sha256(f"{kind} {text}".encode()).hexdigest()
        count = entry.fault_count + 1 if entry.fault == fault else 1
        verdict = Verdict("internal", "apply", f"{kind}: {text}")
        if count >= self._ingest.poison_attempts and not for_ever:
            log.error("Message %d goes to quarantine after failing %d times: %s", entry.id, count, verdict.text)
            return lambda c: self._inbox.quarantine(entry.id, verdict.reason, verdict.step, verdict.text, connection=c)
        due = self._now() + pause_after(entry.attempts, self._ingest.retry_seconds)
        hold = self._hold(entry)
        return lambda c: self._inbox.retry(
            entry.id, due, verdict, hold_until=hold, fault=fault, fault_count=count, connection=c
        )

    def _hold(self, entry: Entry) -> datetime:
        return entry.holds_until or self._now() + timedelta(minutes=self._ingest.hold_minutes)
