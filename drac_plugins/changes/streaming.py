"""Changes as server-sent events (WHATWG HTML, chapter 9.2)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from drac_plugins.changes.service import Changes
from drac_plugins.core.errors import Unavailable
from icat_schema.gateway.errors import CatalogueError

_RETRY_MILLISECONDS = 2000
_BEAT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Stream:
    """`read` gives what comes behind an id; `shown` makes an event ready for JSON."""

    read: Callable[[int], Changes]
    shown: Callable[[Any], Any]
    seconds: float
    poll_seconds: float

    def blocks(self, since: int, wait: Callable[[float], object] = time.sleep) -> Iterator[str]:
        """Text of the stream; it ends after its time, or when the catalogue does not answer this caller any more. A
        block of an id alone moves the reader on past changes that are not his."""
        yield f"retry: {_RETRY_MILLISECONDS}\nid: {since}\n\n"
        end, beat = time.monotonic() + self.seconds, time.monotonic()
        while time.monotonic() < end:
            try:
                found = self.read(since)
            except (CatalogueError, Unavailable):
                return
            if found.reset:
                yield f"event: reset\nid: {found.next}\ndata: {{}}\n\n"
            for event in found.events:
                yield f"id: {event.id}\nevent: {event.kind}\ndata: {json.dumps(self.shown(event))}\n\n"
            if found.next != since:
                yield f"id: {found.next}\n\n"
            elif time.monotonic() - beat >= _BEAT_SECONDS:
                beat = time.monotonic()
                yield ":\n\n"
            since = found.next
            if not found.more:
                wait(self.poll_seconds)
