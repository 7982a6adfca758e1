"""Later stages of datasets (files, gallery, statistics), each with tries of its own beside the messages."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.inbox import Inbox, StageRun
from icat_schema.gateway.errors import CatalogueError, CatalogueUnavailable, LoginRefused
from ingest.breaker import Breaker
from ingest.outcome import NotYet, Refused
from ingest.trying import STAGES, Applier, hand_back, pause_after

log = logging.getLogger(__name__)

BATCH = 20
"""Stages that one thread takes at a time."""
_SLOW_PAUSE = timedelta(hours=1)
_SLOW_SECONDS = 0.5
_Outcome = Callable[[Connection], None]


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
        """Run later stages that are due. Returns whether there were any."""
        if not self._catalogue.allow():
            return False
        runs: list[StageRun] = []
        try:
            runs = list(self._inbox.take_stages(stages, 1 if self._catalogue.open else BATCH))
        finally:
            if not runs:
                self._catalogue.undecided()
        if not runs:
            return False
        left = self._together(runs)
        outcomes: list[_Outcome] = []
        while left:  # at least one, since whoever was allowed to try the catalogue has to say how it went
            begin = time.monotonic()
            outcomes.append(self._run_stage(left.pop(0)))
            if self._catalogue.open or self._stopping.is_set():
                break
            if time.monotonic() - begin > _SLOW_SECONDS:
                self._hand_back(outcomes)
                outcomes = []
        self._hand_back([*outcomes, *(self._put_back(run) for run in left)])
        return True

    def _hand_back(self, outcomes: Sequence[_Outcome]) -> None:
        if outcomes:
            hand_back(lambda: self._inbox.hand_back(outcomes), self._stopping)

    def _put_back(self, run: StageRun) -> _Outcome:
        now = self._now()
        return lambda c: self._inbox.stage_retry(run, now, "the catalogue does not answer", connection=c)

    def _together(self, runs: list[StageRun]) -> list[StageRun]:
        """Run those that can be run together; returns the others. When anything goes wrong these are all."""
        left: list[StageRun] = []
        for stage, some in groupby(sorted(runs, key=lambda run: run.stage), key=lambda run: run.stage):
            same = list(some)
            left += self._of_one_stage(stage, same) if len(same) > 1 else same
        return left

    def _of_one_stage(self, stage: str, runs: list[StageRun]) -> list[StageRun]:
        try:
            finished = self._applier.run_stages(STAGES[stage], [run.dataset_id for run in runs])
        except (CatalogueUnavailable, LoginRefused) as error:
            self._catalogue.away(error)
            return runs
        except Exception as error:  # whatever it is, each dataset by itself is treated as it deserves
            log.info("Stage %s of %d datasets is run one by one: %s", stage, len(runs), error)
            return runs
        if finished:
            self._catalogue.answered()
        outcomes = [self._outcome(run, finished[run.dataset_id]) for run in runs if run.dataset_id in finished]
        self._hand_back(outcomes)
        return [run for run in runs if run.dataset_id not in finished]

    def _outcome(self, run: StageRun, not_yet: NotYet | None) -> _Outcome:
        if not_yet is not None:
            return self._stage_later(run, not_yet)
        return lambda c: self._inbox.stage_done(run, connection=c)

    def _run_stage(self, run: StageRun) -> _Outcome:
        try:
            self._applier.run_stage(STAGES[run.stage], run.dataset_id)
        except (CatalogueUnavailable, LoginRefused) as error:
            self._catalogue.away(error)
            text = error.message
            now = self._now()
            return lambda c: self._inbox.stage_retry(run, now, text, connection=c)
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
        return lambda c: self._inbox.stage_done(run, connection=c)

    def _stage_later(self, run: StageRun, not_yet: NotYet) -> _Outcome:
        now, limit, text = self._now(), not_yet.give_up_after_seconds, not_yet.text
        if limit is not None and now - run.since >= timedelta(seconds=limit):
            log.warning("Stage %s of dataset %d is given up: %s", run.stage, run.dataset_id, text)
            return lambda c: self._inbox.stage_done(run, connection=c)
        pause = not_yet.pause_seconds
        due = now + (pause_after(run.attempts, self._pauses) if pause is None else timedelta(seconds=pause))
        return lambda c: self._inbox.stage_retry(run, due, text, connection=c)

    def _stage_failed(self, run: StageRun, text: str) -> _Outcome:
        """Stages are never given up for a failure: after many tries they are tried once an hour."""
        many = run.attempts > len(self._pauses)
        due = self._now() + (_SLOW_PAUSE if many else pause_after(run.attempts, self._pauses))
        return lambda c: self._inbox.stage_retry(run, due, text, connection=c)
