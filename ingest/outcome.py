"""How the handling of one message ended. `ingest.worker` alone turns an outcome into a state of the inbox row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from drac_plugins.core.events.records import NewEvent

Reason = Literal[
    "xml",
    "json",
    "schema",
    "kind",
    "size",
    "values",
    "dates",
    "location",
    "instrument",
    "session",
    "dataset",
    "internal",
]
"""Causes of quarantine."""


@dataclass(frozen=True, slots=True)
class Done:
    """Applied. `dataset_id` for messages about a dataset, `investigation_id` always when known; `warnings` for the
    operator. `stages`: later stages of the dataset that are due now; None: all that there are. `events`: what others
    have to know, noted together with the outcome."""

    investigation_id: int | None = None
    dataset_id: int | None = None
    warnings: tuple[str, ...] = ()
    stages: tuple[str, ...] | None = None
    events: tuple[NewEvent, ...] = ()


class Refused(Exception):
    """Permanent: the message goes to quarantine with this reason and sentence. `step` is the stage that refused."""

    def __init__(self, reason: Reason, text: str, step: str) -> None:
        super().__init__(text)
        self.reason: Reason = reason
        self.text = text
        self.step = step


class NotYet(Exception):
    """Temporary: try again. `reason`/`text` are what quarantine will say when `give_up_after_seconds` (counted from the
    first arrival; None: never) has passed; `pause_seconds` overrides the usual growing pause. `holds`: later messages
    of the same key wait for this one; not so where it waits for one of them."""

    def __init__(
        self,
        reason: Reason,
        text: str,
        step: str,
        *,
        give_up_after_seconds: float | None = None,
        pause_seconds: float | None = None,
        holds: bool = True,
    ) -> None:
        super().__init__(text)
        self.reason: Reason = reason
        self.text = text
        self.step = step
        self.give_up_after_seconds = give_up_after_seconds
        self.pause_seconds = pause_seconds
        self.holds = holds
