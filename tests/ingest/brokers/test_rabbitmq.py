"""RabbitMQ with its STOMP plugin as the broker: the same producers, the same ingester."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyicat_plus.client.main import IcatClient

from tests.ingest.door.running import QUEUES, RawClient, wait_until
from tests.support.ingester import IngesterProcess
from tests.support.rabbitmq import RabbitMQ

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    broker = RabbitMQ(tmp_path_factory.mktemp("rabbit") / "mq")
    try:
        yield broker.start()
    finally:
        broker.stop()


@pytest.fixture
def ingester(rabbitmq: RabbitMQ, tmp_path: Path) -> Iterator[IngesterProcess]:
    environment = {
        "DRAC_INGEST__BROKERS": f'["{rabbitmq.address}"]',
        "DRAC_INGEST__BROKER_VHOST": "/",
        "DRAC_INGEST__RECONNECT_SECONDS": "[0.2, 0.5]",
    }
    with IngesterProcess(tmp_path / "ingester", environment) as process:
        yield process


def send(broker: RabbitMQ, *bodies: bytes) -> None:
    with RawClient("127.0.0.1", broker.port) as client:
        assert client.connect(host="/").command == "CONNECTED"
        for number, body in enumerate(bodies):
            client.send_message(body, persistent="true", receipt=str(number))
        for _ in bodies:
            frame = client.read()
            assert frame is not None
            assert frame.command == "RECEIPT"


def test_what_producers_sent_arrives_in_order_also_what_was_sent_before_we_came(
    rabbitmq: RabbitMQ, tmp_path: Path
) -> None:
    expected = [f"<early{number}/>".encode() for number in range(120)]
    send(rabbitmq, *expected)
    environment = {"DRAC_INGEST__BROKERS": f'["{rabbitmq.address}"]', "DRAC_INGEST__BROKER_VHOST": "/"}
    with IngesterProcess(tmp_path / "ingester", environment) as process:
        inbox = process.inbox()
        wait_until(lambda: inbox.count() == len(expected), seconds=60)
        assert [inbox.show(row.id).body for row in inbox.list(limit=1000)] == expected


def test_an_unmodified_producer_reaches_the_inbox(rabbitmq: RabbitMQ, tmp_path: Path) -> None:
    """It sends an empty virtual host, so that is the one in which producers and ingester meet."""
    environment = {"DRAC_INGEST__BROKERS": f'["{rabbitmq.address}"]', "DRAC_INGEST__BROKER_VHOST": ""}
    with IngesterProcess(tmp_path / "ingester", environment) as process:
        client = IcatClient(metadata_urls=[rabbitmq.address])
        client.start_investigation(beamline="id11", proposal="ma1234")
        client.disconnect()
        wait_until(lambda: process.inbox().count() == 1, seconds=30)


def test_a_broker_that_is_killed_has_kept_what_it_receipted(rabbitmq: RabbitMQ, ingester: IngesterProcess) -> None:
    inbox = ingester.inbox()
    send(rabbitmq, b"<before/>")
    wait_until(lambda: inbox.count() == 1, seconds=30)
    ingester.kill()
    send(rabbitmq, *(f"<kept{number}/>".encode() for number in range(20)))
    rabbitmq.kill()
    ingester.start()
    rabbitmq.start()
    wait_until(lambda: inbox.count() == 21, seconds=90)
    assert len(QUEUES.kinds) == 5
