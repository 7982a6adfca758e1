"""The threads that work on an inbox: messages, later stages in lanes of their own, recovery."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.inbox import Inbox
from drac_plugins.core.settings import Settings
from icat_schema.gateway.errors import CatalogueError, CatalogueUnavailable, LoginRefused
from ingest.applying import Applying
from ingest.breaker import Breaker
from ingest.staging import Staging
from ingest.trying import STAGES, STORE_PAUSE_SECONDS, Applier

log = logging.getLogger(__name__)

_RECOVERY_SECONDS = 60.0
_TURN_SECONDS = 2.0
"""How often a lane gets a turn while messages wait: somebody waits for those, and nobody for what comes later."""


class Turn:
    """Whose turn it is when something more urgent waits: not before the pause since the latest turn is over."""

    def __init__(self, pause_seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause = pause_seconds
        self._clock = clock
        self._until = clock()

    def comes(self, *, urgent: bool) -> bool:
        return not urgent or self._clock() >= self._until

    def taken(self) -> None:
        self._until = self._clock() + self._pause


class Worker:
    """`start` first gives back what a dead predecessor had taken; what other dead processes had is given back when
    their leases have lapsed."""

    def __init__(
        self,
        inbox: Inbox,
        applier: Applier,
        settings: Settings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        breaker: Breaker | None = None,
    ) -> None:
        self._inbox = inbox
        self._applier = applier
        self._ingest = settings.ingest
        self._catalogue = breaker or Breaker(settings.ingest.retry_seconds)
        self._stopping = threading.Event()
        self._applying = Applying(inbox, applier, settings, self._catalogue, self._stopping, now)
        self._staging = Staging(inbox, applier, settings.ingest.retry_seconds, self._catalogue, self._stopping, now)
        self._work = threading.Condition()
        self._news = 0
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        released = self._inbox.release() + self._applier.take_over()
        if released:
            log.warning("%d pieces of work that a stopped process had begun are taken up again", released)
        loops = [(f"worker {number + 1}", self._messages) for number in range(self._ingest.workers)]
        loops += [(stage, self._lane(stage)) for stage in STAGES]
        loops += [("recovery", self._recoveries), ("signs of life", self._signs_of_life)]
        self._threads = [threading.Thread(target=loop, name=name) for name, loop in loops]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """What is being worked on is finished first."""
        self._stopping.set()
        self.wake()
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """Something has arrived: look at once instead of at the next round."""
        with self._work:
            self._news += 1
            self._work.notify_all()

    @property
    def alive(self) -> bool:
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    @property
    def catalogue_away(self) -> bool:
        return self._catalogue.open

    # ------------------------------------------------------------------ loops

    def _messages(self) -> None:
        self._loop(self._applying.step)

    def _lane(self, stage: str) -> Callable[[], None]:
        """Of one later stage: neither reading a folder of a million files nor summing up a session of ten thousand
        datasets may delay anything else."""
        turn = Turn(_TURN_SECONDS)

        def step() -> bool:
            if not turn.comes(urgent=self._applying.behind):
                return False
            try:
                return self._staging.step((stage,))
            finally:
                turn.taken()

        return lambda: self._loop(step)

    def _recoveries(self) -> None:
        while not self._stopping.is_set():
            self._guard(self._recover)
            self._stopping.wait(_RECOVERY_SECONDS)

    def _signs_of_life(self) -> None:
        """Keep what is being worked on, however long that takes, and take up what dead processes have left."""
        while not self._stopping.wait(self._ingest.lease_seconds / 3):
            self._guard(self._renew)

    def _renew(self) -> bool:
        self._inbox.renew()
        if released := self._inbox.release():
            log.warning("%d pieces of work that another process had begun are taken up", released)
            self.wake()
        return True

    def _loop(self, step: Callable[[], bool]) -> None:
        """Do steps as long as there is something to do; wait for news otherwise."""
        while not self._stopping.is_set():
            seen = self._news
            if not self._guard(step):
                with self._work:
                    if self._news == seen and not self._stopping.is_set():
                        self._work.wait(self._ingest.poll_seconds)

    def _guard(self, step: Callable[[], bool]) -> bool:
        """One step. A store that does not answer, or a mistake of ours, must not end the thread."""
        try:
            return step()
        except Unavailable as error:
            log.error("%s; trying again", error.message)
        except Exception:  # the outermost frame of the thread: nothing may end it
            log.exception("A step of the worker failed; trying again")
        self._stopping.wait(STORE_PAUSE_SECONDS)
        return False

    def _recover(self) -> bool:
        """Finish what an interrupted run left half done beside the inbox (links)."""
        if not self._catalogue.allow():
            return False
        try:
            finished = self._applier.recover()
        except (CatalogueUnavailable, LoginRefused) as error:
            self._catalogue.away(error)
            return False
        except CatalogueError as error:
            log.error("Interrupted work could not be finished, trying again: %s", error.message)
            return False
        finally:
            self._catalogue.undecided()  # whatever happened, the next one may try the catalogue
        if finished:
            log.info("Finished what an interrupted run had left for %d datasets", finished)
        return True
