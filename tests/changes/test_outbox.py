"""The outbox on both engines: order, repetition, deliveries, forgetting."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from drac_plugins.core.events import outbox
from drac_plugins.core.events.publications import doi_minted, release_changed
from drac_plugins.core.events.records import PUBLICATION, NewEvent
from drac_plugins.core.storage import Store

NOW = datetime(2031, 5, 6, 7, tzinfo=UTC)


def noted(store: Store, *events: NewEvent, at: datetime = NOW) -> None:
    with store.begin() as connection:
        outbox.put(connection, events, at)


def test_ids_are_given_in_the_order_of_commits(store: Store) -> None:
    """Who has read up to an id finds no smaller one later, although the second transaction begins and ends within the
    first one's time."""
    entered, ended = threading.Event(), []

    def second() -> None:
        entered.wait(10)
        noted(store, NewEvent("dataset", 2))
        ended.append(time.monotonic())

    thread = threading.Thread(target=second)
    thread.start()
    with store.begin() as connection:
        outbox.put(connection, [NewEvent("dataset", 1)], NOW)
        entered.set()
        time.sleep(0.3)
        committing = time.monotonic()
    thread.join()
    assert ended[0] > committing
    with store.read() as connection:
        assert [event.dataset_id for event in outbox.since(connection, 0, 10)] == [1, 2]


def test_an_event_whose_key_is_known_is_noted_once(store: Store) -> None:
    for _ in range(2):
        noted(store, release_changed(7, key="the same"), NewEvent("dataset", 1))
    with store.read() as connection:
        assert [event.kind for event in outbox.since(connection, 0, 10)] == ["publication", "dataset", "dataset"]
        assert len(outbox.due(connection, PUBLICATION, NOW, 10)) == 1


def test_an_event_undone_with_its_transaction_is_not_told(store: Store) -> None:
    try:
        with store.begin() as connection:
            outbox.put(connection, [release_changed(7)], NOW)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    with store.read() as connection:
        assert outbox.bounds(connection) == (0, 0)
        assert outbox.due(connection, PUBLICATION, NOW, 10) == []


def test_a_delivery_stays_until_it_is_taken(store: Store) -> None:
    noted(store, release_changed(7), doi_minted([1, 2]))
    with store.begin() as connection:
        first, second = outbox.due(connection, PUBLICATION, NOW, 10)
        outbox.delivered(connection, PUBLICATION, [first.event.id])
        outbox.failed(connection, PUBLICATION, [second.event.id], NOW + timedelta(seconds=5), "nobody there")
    with store.read() as connection:
        assert outbox.due(connection, PUBLICATION, NOW, 10) == []
        (again,) = outbox.due(connection, PUBLICATION, NOW + timedelta(seconds=5), 10)
    assert again.event == second.event
    assert again.attempts == 1
    assert again.event.body == {"type": "dataset_doi_minted", "datasetIds": ["1", "2"]}


def test_old_events_are_forgotten_and_their_ids_never_given_again(store: Store) -> None:
    noted(store, release_changed(7), NewEvent("dataset", 1))
    with store.begin() as connection:
        assert outbox.prune(connection, NOW) == 0
        assert outbox.prune(connection, NOW + timedelta(seconds=1)) == 2
        assert outbox.due(connection, PUBLICATION, NOW, 10) == []
    noted(store, NewEvent("dataset", 2))
    with store.read() as connection:
        assert outbox.bounds(connection) == (3, 3)
