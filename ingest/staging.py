"""Later stages of datasets (files, gallery, statistics), each with tries of its own beside the messages."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.inbox import Inbox, StageRun
from icat_schema.gateway.errors import CatalogueError, CatalogueUnavailable, LoginRefused
from ingest.breaker import Breaker
from ingest.outcome import NotYet, Refused
from ingest.trying import STAGES, Applier, hand_back, pause_after

log = logging.getLogger(__name__)

_SLOW_PAUSE = timedelta(hours=1)


class Staging:
    """`step` may be called by several threads at the same time."""

    def __init__(
        self,
        inbox: Inbox,
        applier: Applier,
        pauses: Sequence[float],
        catalogue: Breaker,
        stopping: threading.Event,
        now: Callable[[], datetime],
    ) -> None:
        self._inbox = inbox
        self._applier = applier
        self._pauses = pauses
        self._catalogue = catalogue
        self._stopping = stopping
        self._now = now

    def step(self, stages: Sequence[str]) -> bool:
        """Run one later stage that is due. Returns whether there was one."""
        if not self._catalogue.allow():
            return False
        run = None
        try:
            run = self._inbox.take_stage(stages)
        finally:
            if run is None:
                self._catalogue.undecided()
        if run is None:
            return False
        hand_back(self._run_stage(run), self._stopping)
        return True

    def _run_stage(self, run: StageRun) -> Callable[[], None]:
        try:
            self._applier.run_stage(STAGES[run.stage], run.dataset_id)
        except (CatalogueUnavailable, LoginRefused) as error:
            self._catalogue.away(error)
            text = error.message
            return lambda: self._inbox.stage_retry(run, self._now(), text)
        except NotYet as not_yet:
            self._catalogue.answered()
            return self._stage_later(run, not_yet)
        except Refused as refused:
            self._catalogue.answered()
            log.warning("Stage %s of dataset %d is given up: %s", run.stage, run.dataset_id, refused.text)
        except (Unavailable, CatalogueError) as error:
            self._catalogue.undecided()
            return self._stage_failed(run, error.message)
        except Exception as error:  # one dataset must not stop the stages of the others
            self._catalogue.undecided()
            log.exception("Stage %s of dataset %d: unexpected error", run.stage, run.dataset_id)
            return self._stage_failed(run, f"{type(error).__name__}: {error}")
        else:
            self._catalogue.answered()
        return lambda: self._inbox.stage_done(run)

    def _stage_later(self, run: StageRun, not_yet: NotYet) -> Callable[[], None]:
        now, limit, text = self._now(), not_yet.give_up_after_seconds, not_yet.text
        if limit is not None and now - run.since >= timedelta(seconds=limit):
            log.warning("Stage %s of dataset %d is given up: %s", run.stage, run.dataset_id, text)
            return lambda: self._inbox.stage_done(run)
        pause = not_yet.pause_seconds
        due = now + (pause_after(run.attempts, self._pauses) if pause is None else timedelta(seconds=pause))
        return lambda: self._inbox.stage_retry(run, due, text)

    def _stage_failed(self, run: StageRun, text: str) -> Callable[[], None]:
        """Stages are never given up for a failure: after many tries they are tried once an hour."""
        many = run.attempts > len(self._pauses)
        due = self._now() + (_SLOW_PAUSE if many else pause_after(run.attempts, self._pauses))
        return lambda: self._inbox.stage_retry(run, due, text)
