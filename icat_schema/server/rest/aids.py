"""Resources that only tests and clusters of an original use."""

from __future__ import annotations

import threading
import time

from werkzeug.wrappers import Request, Response

from icat_schema.server.rest.replies import answer, form_of, no_content, number_of
from icat_schema.server.service import Service

MAX_SLEEP_MS = 2_000
"""A call must not hold a thread of the server for longer."""

SLEEPERS = threading.BoundedSemaphore(1)
"""It needs no session: strangers must not make all threads sleep. Who comes when somebody sleeps does not."""


def sleep(_service: Service, _request: Request, seconds: str) -> Response:
    wanted, started = number_of(seconds) * 1000, time.monotonic()
    if SLEEPERS.acquire(blocking=False):
        try:
            _wait(wanted)
        finally:
            SLEEPERS.release()
    return answer({"slept": round((time.monotonic() - started) * 1000)})


def wait_millis(service: Service, request: Request) -> Response:
    form = form_of(request)
    service.require_root(form.get("sessionId"))
    _wait(number_of(form.get("ms", "0")))
    return no_content()


def mark_stale(_service: Service, _request: Request) -> Response:
    """Rules and public steps are read for every call: they are never stale."""
    return no_content()


def _wait(milliseconds: int) -> None:
    time.sleep(min(max(milliseconds, 0), MAX_SLEEP_MS) / 1000)
