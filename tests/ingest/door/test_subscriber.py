"""Subscribed to real brokers (Apache ActiveMQ): into the inbox first, acknowledged then, whatever dies in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyicat_plus.client.main import IcatClient

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.inbox import Inbox, Incoming, Stored
from drac_plugins.core.storage import Store
from ingest.transport.keeper import Keeper
from ingest.transport.subscriber import BrokerSettings, Subscriber
from tests.ingest.door.running import QUEUES, RawClient, wait_until
from tests.support.activemq import ActiveMQ, activemq, installed
from tests.support.ingester import IngesterProcess

__all__ = ["activemq"]

pytestmark = [pytest.mark.activemq, pytest.mark.timeout(180)]

PAUSES = (0.1, 0.2, 0.5)


class DownInbox(Inbox):
    """An inbox whose store can be made to refuse."""

    down = False

    def put_all(self, arrivals: Sequence[Incoming]) -> list[Stored]:
        if self.down:
            raise Unavailable("the store is full")
        return super().put_all(arrivals)


@pytest.fixture
def inbox(store: Store) -> DownInbox:
    return DownInbox(store)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[ActiveMQ]:
    if not installed():
        pytest.skip("Apache ActiveMQ is not installed (Debian: apt install activemq)")
    broker = ActiveMQ(tmp_path / "broker").start()
    yield broker
    broker.kill()


@contextmanager
def subscribed(inbox: Inbox, *brokers: ActiveMQ) -> Iterator[list[Subscriber]]:
    keeper = Keeper(inbox)
    subscribers = [
        Subscriber(BrokerSettings("127.0.0.1", broker.port, heartbeat_seconds=1, pauses=PAUSES), QUEUES, keeper)
        for broker in brokers
    ]
    for subscriber in subscribers:
        subscriber.start()
    try:
        yield subscribers
    finally:
        keeper.stop()
        for subscriber in subscribers:
            subscriber.stop()


def stands(subscriber: Subscriber) -> bool:
    return all(subscriber.subscribed(name) for name in QUEUES.kinds)


def send(broker: ActiveMQ, *bodies: bytes, queue: str = "/queue/icatIngest") -> None:
    """As a careful producer: persistent, and the broker has receipted every message."""
    with RawClient("127.0.0.1", broker.port) as client:
        client.connect()
        for number, body in enumerate(bodies):
            client.send_message(body, queue=queue, persistent="true", receipt=str(number))
        for _ in bodies:
            frame = client.read()
            assert frame is not None
            assert frame.command == "RECEIPT"


def bodies(inbox: Inbox) -> list[bytes | None]:
    return [inbox.show(row.id).body for row in inbox.list(limit=1000)]


def test_messages_of_all_queues_arrive_byte_for_byte(activemq: ActiveMQ, inbox: Inbox) -> None:
    with subscribed(inbox, activemq) as (subscriber,):
        wait_until(lambda: stands(subscriber), seconds=30)
        for name in QUEUES.kinds:
            send(activemq, f"<a>{name} µ 漢</a>".encode(), queue=f"/queue/{name}")
        wait_until(lambda: inbox.count() == 5)
    for row in inbox.list():
        assert inbox.show(row.id).body == f"<a>{row.queue} µ 漢</a>".encode()
        assert row.source == f"broker {activemq.address}"


def test_an_unmodified_producer_reaches_the_inbox_through_the_broker(activemq: ActiveMQ, inbox: Inbox) -> None:
    with subscribed(inbox, activemq):
        client = IcatClient(metadata_urls=[activemq.address])
        client.start_investigation(beamline="id11", proposal="ma1234")
        client.disconnect()
        wait_until(lambda: inbox.count() == 1)


def test_what_was_sent_before_we_came_is_fetched_in_its_order(activemq: ActiveMQ, inbox: Inbox) -> None:
    expected = [f"early {number}".encode() for number in range(120)]
    send(activemq, *expected)
    with subscribed(inbox, activemq):
        wait_until(lambda: inbox.count() == 120, seconds=30)
    assert bodies(inbox) == expected


def test_while_the_store_is_down_nothing_is_acknowledged_and_nothing_is_lost(
    activemq: ActiveMQ, inbox: DownInbox
) -> None:
    inbox.down = True
    with subscribed(inbox, activemq) as (subscriber,):
        wait_until(lambda: stands(subscriber), seconds=30)
        send(activemq, b"while down")
        wait_until(lambda: not subscriber._keeper.able)
    assert inbox.count() == 0
    inbox.down = False
    with subscribed(inbox, activemq):
        wait_until(lambda: inbox.count() == 1, seconds=30)
    assert bodies(inbox) == [b"while down"]


def test_after_a_restart_of_the_broker_the_subscriptions_stand_again(own_broker: ActiveMQ, inbox: Inbox) -> None:
    with subscribed(inbox, own_broker) as (subscriber,):
        wait_until(lambda: stands(subscriber), seconds=30)
        send(own_broker, b"one")
        wait_until(lambda: inbox.count() == 1)
        own_broker.kill()
        wait_until(lambda: not subscriber.subscribed("icatIngest"), seconds=30)
        own_broker.start()
        send(own_broker, b"two")
        wait_until(lambda: inbox.count() == 2, seconds=60)
        wait_until(lambda: stands(subscriber), seconds=30)


def test_with_two_brokers_of_which_one_is_away_the_other_is_served(
    activemq: ActiveMQ, own_broker: ActiveMQ, inbox: Inbox
) -> None:
    own_broker.kill()
    with subscribed(inbox, activemq, own_broker) as (here, away):
        wait_until(lambda: stands(here), seconds=30)
        assert not away.subscribed("icatIngest")
        send(activemq, b"the same")
        wait_until(lambda: inbox.count() == 1)
        own_broker.start()
        send(own_broker, b"the same", b"another")
        wait_until(lambda: inbox.count() == 2, seconds=60)
    assert inbox.list()[0].repetitions == 1


def test_an_unknown_queue_has_no_subscription(activemq: ActiveMQ, inbox: Inbox) -> None:
    with subscribed(inbox, activemq) as (subscriber,):
        wait_until(lambda: stands(subscriber), seconds=30)
        assert not subscriber.subscribed("other")


def test_messages_survive_the_death_of_the_ingester_that_fetches_them(own_broker: ActiveMQ, tmp_path: Path) -> None:
    ingester = IngesterProcess(tmp_path / "var", {"DRAC_INGEST__BROKERS": f'["{own_broker.address}"]'})
    expected = [f"number {number}".encode() for number in range(600)]
    try:
        for life in range(3):
            ingester.start()
            send(own_broker, *expected[life * 200 : life * 200 + 200])
            ingester.kill()
        ingester.start()
        wait_until(lambda: ingester.inbox().count() == 600, seconds=60)
    finally:
        ingester.kill()
    assert set(bodies(ingester.inbox())) == set(expected)
