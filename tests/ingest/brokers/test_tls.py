"""Brokers behind TLS: only those whose certificate our authority has signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drac_plugins.core.inbox import Inbox
from drac_plugins.core.storage import Store, upgrade
from ingest.transport.keeper import Keeper
from ingest.transport.subscriber import BrokerSettings, Subscriber
from tests.ingest.door.running import QUEUES, RawClient, wait_until
from tests.support.activemq import ActiveMQ, installed
from tests.support.certificates import Certificates, make_certificates
from tests.support.ingester import IngesterProcess

pytestmark = [pytest.mark.activemq, pytest.mark.timeout(180)]


@dataclass(frozen=True)
class Guarded:
    broker: ActiveMQ
    certificates: Certificates


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    if not installed():
        pytest.skip("Apache ActiveMQ is not installed (Debian: apt install activemq)")
    folder = tmp_path_factory.mktemp("tls")
    certificates = make_certificates(folder / "certificates")
    broker = ActiveMQ(folder / "broker", certificates).start()
    yield Guarded(broker, certificates)
    broker.stop()


def send(broker: ActiveMQ, body: bytes) -> None:
    with RawClient("127.0.0.1", broker.port) as client:
        client.connect()
        client.send_message(body, persistent="true", receipt="1")
        assert client.read() is not None


def test_the_ingester_subscribes_over_tls(guarded: Guarded, tmp_path: Path) -> None:
    environment = {
        "DRAC_INGEST__BROKERS": f'["stomp+ssl://127.0.0.1:{guarded.broker.tls_port}"]',
        "DRAC_INGEST__BROKER_CA_FILE": str(guarded.certificates.authority),
    }
    with IngesterProcess(tmp_path, environment) as process:
        send(guarded.broker, b"<over-tls/>")
        inbox = process.inbox()
        wait_until(lambda: inbox.count() == 1, seconds=30)
        assert inbox.list()[0].source == f"broker 127.0.0.1:{guarded.broker.tls_port}"


def test_a_broker_that_another_authority_vouches_for_gets_no_subscription(
    guarded: Guarded, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = make_certificates(tmp_path / "stranger")
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    upgrade(store)
    keeper = Keeper(Inbox(store))
    settings = BrokerSettings("127.0.0.1", guarded.broker.tls_port, tls=True, ca_file=stranger.authority, pauses=(0.2,))
    subscriber = Subscriber(settings, QUEUES, keeper)
    subscriber.start()
    try:
        wait_until(lambda: sum("cannot be reached" in text for text in caplog.messages) > 1, seconds=30)
        assert not subscriber.subscribed("icatIngest")
    finally:
        keeper.stop()
        subscriber.stop()
        store.close()
