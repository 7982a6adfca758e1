"""What applying messages and running stages have in common: whom they call, pauses between tries, handing back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, Protocol, get_args

from drac_plugins.core.errors import Unavailable
from ingest.domain import Message
from ingest.outcome import Done, NotYet

log = logging.getLogger(__name__)

STORE_PAUSE_SECONDS = 1.0

Stage = Literal["files", "gallery", "statistics"]
STAGES: Mapping[str, Stage] = {name: name for name in get_args(Stage)}


class Applier(Protocol):
    """What the worker needs of `ingest.consumer.Consumer`."""

    def apply(self, message: Message, arrival: datetime, inbox_id: int) -> Done: ...

    def apply_together(self, messages: Sequence[tuple[Message, datetime, int]]) -> Mapping[int, Done]: ...

    def stages(self, dataset_id: int) -> Sequence[str]: ...

    def run_stage(self, stage: Stage, dataset_id: int) -> None: ...

    def run_stages(self, stage: Stage, dataset_ids: Sequence[int]) -> Mapping[int, NotYet | None]: ...

    def take_over(self) -> int: ...

    def recover(self) -> int: ...


def pause_after(attempts: int, pauses: Sequence[float]) -> timedelta:
    """How long to wait after so many attempts; the last pause repeats."""
    return timedelta(seconds=pauses[min(max(attempts, 1), len(pauses)) - 1])


def hand_back(action: Callable[[], None], stopping: threading.Event) -> None:
    """Write an outcome down, however long the store takes. When we are stopped before, what was taken is released at
    the next start and done again, which changes nothing."""
    while True:
        try:
            return action()
        except Unavailable as error:
            log.error("An outcome cannot be written down: %s; trying again", error.message)
            if stopping.wait(STORE_PAUSE_SECONDS):
                return None
