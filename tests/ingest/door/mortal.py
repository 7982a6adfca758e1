"""An ingester that is killed before or after its n-th write, to the catalogue or to its own store: in a forked process
that ends as `kill -9` would end it, with nothing put in order."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from drac_plugins.core.inbox import Inbox
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from icat_schema.gateway import Catalogue, GatewaySettings, Session
from ingest.applying import Applying
from ingest.breaker import Breaker
from ingest.consumer import Consumer, installation
from ingest.staging import Staging
from ingest.trying import STAGES

_KILLED = 9


class MortalStore(Store):
    """Its process ends before or after one of the transactions that write."""

    def __init__(self, url: str, step: Callable[[], None]) -> None:
        super().__init__(url)
        self._step = step

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with super().begin() as connection:
            yield connection
            self._step()
        self._step()


class MortalSession:
    """A session of the gateway whose process ends before or after one of its writes."""

    def __init__(self, session: Session, step: Callable[[], None]) -> None:
        self._session = session
        self._step = step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._session, name)
        return self._around(found) if name in ("write", "delete") else found

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any) -> Any:
            self._step()
            result = call(*arguments)
            self._step()
            return result

        return stepping


def live(settings: Settings, steps: int) -> bool:
    """One life of an ingester: it works until nothing is due, or dies at the given step. Returns whether it died."""
    child = os.fork()
    if child == 0:
        try:
            _work(settings, steps)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, _KILLED), f"the ingester ended with {code}"
    return code == _KILLED


def _work(settings: Settings, steps: int) -> None:
    left = steps

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os._exit(_KILLED)

    store = MortalStore(settings.store.url, step)
    session: Any = MortalSession(
        Catalogue(GatewaySettings(settings.icat.url)).service_session("simple", "root", "root"), step
    )
    inbox, consumer = (
        Inbox.from_settings(store, settings, owner=installation(settings)),
        Consumer(settings, session, store),
    )
    catalogue, stopping, now = Breaker((1,)), threading.Event(), lambda: datetime.now(UTC)
    applying = Applying(inbox, consumer, settings, catalogue, stopping, now)
    staging = Staging(inbox, consumer, (1,), catalogue, stopping, now)
    inbox.release()
    consumer.take_over()
    consumer.recover()
    while any([applying.step(), *(staging.step((stage,)) for stage in STAGES)]):  # each of them, not only the first
        pass
