"""Telling indexers: public data only, once per session, again after a failure, by one of several processes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.events import outbox
from drac_plugins.core.events.publications import doi_minted
from drac_plugins.core.events.records import PUBLICATION, NewEvent
from drac_plugins.core.leases import LeaseBusy, Leases
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from ingest.publishing import Publisher
from tests.catalogue.seed import Facility
from tests.support.facade import RunningFacade

NOW = datetime(2031, 5, 6, 7, tzinfo=UTC)


@dataclass
class Broker:
    """Takes messages; `away` makes it refuse them, `dies` makes it take the next one and then break."""

    told: list[tuple[str, str]] = field(default_factory=list)
    away: bool = False
    dies: bool = False

    def send(self, destination: str, text: str, headers: dict[str, str]) -> None:
        assert destination == "/queue/icat_investigation"
        if not self.away:
            body = json.loads(text)
            self.told.append((body.get("investigationId") or ",".join(body["datasetIds"]), headers["event-id"]))
        if self.away or self.dies:
            self.dies = False
            raise Unavailable("nobody there")

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Stage:
    store: Store
    broker: Broker
    publisher: Publisher
    moment: list[datetime]

    def note(self, *events: NewEvent) -> None:
        with self.store.begin() as connection:
            outbox.put(connection, events, self.moment[0])

    def changed(self, dataset_id: int, investigation_id: int) -> None:
        self.note(NewEvent("dataset", dataset_id, investigation_id, channels=(PUBLICATION,), after_seconds=30))

    def later(self, seconds: float) -> None:
        self.moment[0] += timedelta(seconds=seconds)

    def waiting(self) -> int:
        with self.store.read() as connection:
            return len(outbox.due(connection, PUBLICATION, self.moment[0] + timedelta(days=1), 100))


@pytest.fixture
def stage(facade: RunningFacade, store: Store) -> Stage:
    moment, broker = [NOW], Broker()
    publisher = Publisher(Settings(), store, facade.root, broker, now=lambda: moment[0])
    return Stage(store, broker, publisher, moment)


def test_a_released_session_is_told_once_for_many_changes_and_others_never(stage: Stage, facility: Facility) -> None:
    for dataset_id in range(1, 6):
        stage.changed(dataset_id, facility.open)
        stage.changed(dataset_id, facility.apple)
    stage.publisher.step()
    assert stage.broker.told == []  # not settled yet
    stage.later(31)
    stage.publisher.step()
    assert [what for what, _ in stage.broker.told] == [str(facility.open)]
    assert stage.waiting() == 0


def test_what_could_not_be_told_is_told_later(stage: Stage, facility: Facility) -> None:
    stage.changed(1, facility.open)
    stage.note(doi_minted([7, 8]))
    stage.later(31)
    stage.broker.away = True
    stage.publisher.step()
    assert stage.broker.told == []
    stage.broker.away = False
    stage.publisher.step()
    assert stage.broker.told == []  # it waits a little before it tries again
    stage.later(5)
    stage.publisher.step()
    assert sorted(what for what, _ in stage.broker.told) == sorted(["7,8", str(facility.open)])
    assert stage.waiting() == 0


def test_what_is_told_twice_has_the_same_key(stage: Stage) -> None:
    stage.note(doi_minted([7]))
    stage.broker.dies = True
    stage.publisher.step()
    stage.later(5)
    stage.publisher.step()
    first, second = stage.broker.told
    assert first == second


def test_one_process_tells_at_a_time(stage: Stage) -> None:
    stage.note(doi_minted([7]))
    with Leases(stage.store, now=lambda: stage.moment[0]).hold(["publisher"]), pytest.raises(LeaseBusy):
        stage.publisher.step()
    stage.publisher.step()
    assert len(stage.broker.told) == 1


def test_old_events_are_forgotten(stage: Stage) -> None:
    stage.note(NewEvent("dataset", 1))
    stage.later(15 * 86400)
    stage.note(NewEvent("dataset", 2))
    assert stage.publisher.step() == 1
    with stage.store.read() as connection:
        assert [event.dataset_id for event in outbox.since(connection, 0, 10)] == [2]
