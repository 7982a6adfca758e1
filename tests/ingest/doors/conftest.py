"""A catalogue in the state before the corpus, with an inbox and a worker that goes step by step."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drac_plugins.core.inbox import Entry, Filter, Inbox
from icat_schema.gateway import Select
from ingest.applying import Applying
from ingest.breaker import Breaker
from ingest.staging import Staging
from ingest.transport.queues import Queues
from ingest.trying import STAGES
from tests.ingest.apply.conftest import template
from tests.ingest.apply.ground import Ground, ground_on
from tests.support.catalogue import RunningCatalogue, start_catalogue

__all__ = ["template"]


@dataclass
class Door:
    """Messages go in as a transport puts them there; `work` applies all that can be applied at this moment."""

    ground: Ground
    inbox: Inbox
    applying: Applying
    staging: Staging
    late: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.late

    def send(self, queue: str, body: bytes, **headers: str) -> int:
        """Returns the number of the message."""
        incoming = Queues.from_settings(self.ground.settings.ingest).incoming(f"/queue/{queue}", body, headers, "test")
        return self.inbox.put_all([incoming])[0].id

    def work(self, *, stages: bool = False) -> None:
        while self.applying.step() or (stages and self._stage()):
            pass

    def _stage(self) -> bool:
        done = [self.staging.step((stage,)) for stage in STAGES]
        return any(done)

    def wait(self, **parts: float) -> None:
        self.late += timedelta(**parts)

    def message(self, message_id: int) -> Entry:
        return self.inbox.show(message_id)

    def quarantined(self) -> list[Entry]:
        return self.inbox.list(Filter(state="quarantined"))


@pytest.fixture(scope="session")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    """One catalogue for all tests of a process; each leaves it as it was."""
    folder = tmp_path_factory.mktemp("doors")
    shutil.copy(template, folder / "catalogue.db")
    running = start_catalogue(folder)
    yield running
    running.stop()


@pytest.fixture
def ground(server: RunningCatalogue, tmp_path: Path) -> Iterator[Ground]:
    found = ground_on(server, tmp_path, retry_seconds=(1, 60))
    yield found
    for entity in ("Job", "DataCollection", "Dataset", "Sample", "InvestigationParameter"):
        if ids := [row[0] for row in found.session.rows(Select(entity, ["id"]))]:
            found.session.delete(entity, ids)
    found.close()


@pytest.fixture
def door(ground: Ground) -> Door:
    made: list[Door] = []
    inbox = Inbox.from_settings(ground.store, ground.settings)
    breaker, stopping = Breaker((1,)), threading.Event()
    inbox._now = lambda: made[0].now()
    args = (inbox, ground.consumer)
    applying = Applying(*args, ground.settings, breaker, stopping, lambda: made[0].now())
    staging = Staging(*args, (1,), breaker, stopping, lambda: made[0].now())
    made.append(Door(ground, inbox, applying, staging))
    return made[0]
