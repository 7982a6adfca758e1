"""The listener: messages are on disk before their receipt, hostile input hurts nobody else."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.inbox import Filter, Inbox, Incoming, Stored
from drac_plugins.core.storage import Store
from ingest.transport.frames import FrameLimits
from ingest.transport.keeper import Keeper
from ingest.transport.listener import Listener, ListenerLimits
from tests.ingest.door.running import QUEUES, RawClient, RunningListener, running_listener, wait_until

BODY = b"<tns:dataset/>"


@pytest.fixture
def door(real_inbox: Inbox) -> Iterator[RunningListener]:
    with running_listener(real_inbox) as running:
        yield running


@pytest.mark.parametrize(
    ("offered", "answered"),
    [("1.1", "1.1"), ("1.0", "1.0"), ("1.0,1.1", "1.1"), ("1.2", "1.2"), ("1.0,1.1,1.2,9.9", "1.2")],
)
def test_the_highest_common_version_is_answered(door: RunningListener, offered: str, answered: str) -> None:
    with RawClient(door.host, door.port, "1.2") as client:
        frame = client.connect(accept_version=offered)
    assert (frame.command, frame.headers["version"]) == ("CONNECTED", answered)


def test_a_client_without_a_common_version_is_told_which_there_are(door: RunningListener) -> None:
    with RawClient(door.host, door.port) as client:
        frame = client.connect(accept_version="2.0")
        assert (frame.command, frame.headers["version"]) == ("ERROR", "1.0,1.1,1.2")
        assert client.read() is None


def test_the_command_stomp_connects_too(door: RunningListener) -> None:
    with RawClient(door.host, door.port) as client:
        client.send(b"STOMP\naccept-version:1.2\nhost:x\n\n\0")
        frame = client.read()
        assert frame is not None
        assert frame.command == "CONNECTED"


def test_a_receipted_message_is_in_the_inbox(door: RunningListener) -> None:
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send_message(BODY, receipt="r-1", persistent="true")
        frame = client.read()
        assert frame is not None
        assert (frame.command, frame.headers) == ("RECEIPT", {"receipt-id": "r-1"})
        (row,) = door.inbox.list()
    kept = door.inbox.show(row.id)
    assert (kept.queue, kept.body, kept.state) == ("icatIngest", BODY, "received")
    assert kept.headers["persistent"] == "true"
    assert kept.source.startswith("listener 127.0.0.1:")


@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_a_body_with_content_length_may_hold_any_byte(door: RunningListener, size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send_message(body, content_length=str(len(body)), receipt="1")
        assert client.read() is not None
    (row,) = door.arrived(1)
    assert row.body == body


def test_a_large_body_without_content_length_ends_at_the_first_nul(door: RunningListener) -> None:
    body = b"x" * 300_000
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send_message(body)
        client.send_message(b"y", receipt="1")
        assert client.read() is not None
    assert [row.body for row in door.arrived(2)] == [body, b"y"]


def test_many_messages_in_one_go_are_receipted_in_their_order(door: RunningListener) -> None:
    with RawClient(door.host, door.port) as client:
        client.connect()
        frames = [f"SEND\ndestination:/queue/icatIngest\nreceipt:{n}\n\n{n}\0\n".encode() for n in range(500)]
        client.send(b"".join(frames))
        receipts = [client.read() for _ in range(500)]
    assert [frame.headers["receipt-id"] for frame in receipts if frame] == [str(n) for n in range(500)]
    assert [row.body for row in door.arrived(500)] == [str(n).encode() for n in range(500)]


def test_a_frame_that_comes_byte_by_byte_is_read(door: RunningListener) -> None:
    with RawClient(door.host, door.port) as client:
        client.connect()
        for byte in b"\n\nSEND\ndestination:/queue/icatIngest\nreceipt:1\n\nslow\0":
            client.send(bytes([byte]))
        assert client.read() is not None
    assert door.arrived(1)[0].body == b"slow"


def test_line_ends_of_stomp_1_2_may_have_carriage_returns(door: RunningListener) -> None:
    with RawClient(door.host, door.port, "1.2") as client:
        client.connect()
        client.send(b"\r\nSEND\r\ndestination:/queue/icatIngest\r\nreceipt:1\r\n\r\nx\0\r\n\r\n")
        frame = client.read()
        assert frame is not None
        assert frame.headers["receipt-id"] == "1"


def test_disconnect_is_receipted_after_everything_before_it(door: RunningListener) -> None:
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send(b"SEND\ndestination:/queue/icatIngest\n\na\0DISCONNECT\nreceipt:bye\n\n\0")
        frame = client.read()
        assert frame is not None
        assert frame.headers["receipt-id"] == "bye"
        assert client.read() is None
        assert door.inbox.count() == 1


@pytest.mark.parametrize("command", ["SUBSCRIBE", "ACK", "UNSUBSCRIBE"])
def test_consumers_are_sent_to_a_broker(door: RunningListener, command: str) -> None:
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send(f"{command}\ndestination:/queue/icatIngest\nid:0\nreceipt:7\n\n\0".encode())
        frame = client.read()
        assert frame is not None
        assert (frame.command, frame.headers["receipt-id"]) == ("ERROR", "7")
        assert b"ActiveMQ" in frame.body
        assert client.read() is None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"SEND\ndestination:/queue/icatIngest\n\nx\0", "before CONNECT"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Malformed frame"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", "Malformed frame"),
        (b"CONNECT\nno separator\n\n\0", "Malformed frame"),
        (b"CONNECT\naccept-version:1.1\nheart-beat:a,b\n\n\0", "heart-beat"),
        (b"CONNECT\naccept-version:1.1\nheart-beat:-1,0\n\n\0", "heart-beat"),
        (b"MESSAGE\n\nx\0", "before CONNECT"),
        (b"CONNECT\nx:" + b"y" * 70_000, "Malformed frame"),
        (b"CONNECT\n" + b"a:b\n" * 1001 + b"\n\0", "Malformed frame"),
        (b"CONNECT\ncontent-length:-5\n\n\0", "Malformed frame"),
        (b"CONNECT\ncontent-length:many\n\n\0", "Malformed frame"),
        (b"CONNECT\ncontent-length:99999999999\n\n\0", "Malformed frame"),
        (b"CONNECT\naccept-version:1.1\n\n\0CONNECT\n\n\0", "Already connected"),
        (b"CONNECT\naccept-version:1.1\n\n\0BEGIN\ntransaction:1\n\n\0", "Transactions"),
        (b"CONNECT\naccept-version:1.1\n\n\0SEND\ndestination:/queue/icatIngest\ntransaction:1\n\nx\0", "Transactions"),
        (b"CONNECT\naccept-version:1.1\n\n\0CONNECTED\n\n\0", "not a command of a client"),
        (b"\xff\xfe\n\n", "Malformed frame"),
    ],
)
def test_what_is_not_for_us_gets_an_error_and_the_next_producer_is_served(
    door: RunningListener, data: bytes, told: str
) -> None:
    with RawClient(door.host, door.port) as hostile:
        hostile.send(data)
        frame = hostile.read()
        while frame is not None and frame.command == "CONNECTED":
            frame = hostile.read()
        assert frame is not None
        assert frame.command == "ERROR"
        assert told in frame.headers["message"]
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send_message(BODY, receipt="1")
        assert client.read() is not None
    assert door.arrived(1)[0].body == BODY


def test_messages_before_a_malformed_frame_are_kept(door: RunningListener) -> None:
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send(b"SEND\ndestination:/queue/icatIngest\n\ngood\0RUBBISH\n\n\0")
        frame = client.read()
        assert frame is not None
        assert frame.command == "ERROR"
    assert door.arrived(1)[0].body == b"good"


@pytest.mark.parametrize("destination", ["/queue/other", "/topic/icatIngest", "icatIngest", "/queue/icat\\cIngest"])
def test_a_message_for_an_unknown_destination_is_quarantined_not_lost(door: RunningListener, destination: str) -> None:
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send_message(BODY, queue=destination, receipt="1")
        frame = client.read()
        assert frame is not None
        assert frame.command == "RECEIPT"
    (row,) = door.inbox.list(Filter(state="quarantined", reason="kind"))
    assert "/queue/icatIngest" in str(row.text)
    assert door.inbox.show(row.id).body == BODY


def test_a_message_without_destination_is_quarantined_not_lost(door: RunningListener) -> None:
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send(b"SEND\nreceipt:1\n\nwhere to\0")
        assert client.read() is not None
    assert [row.reason for row in door.inbox.list()] == ["kind"]


def test_a_body_above_the_message_limit_is_kept_outside_the_table(door: RunningListener) -> None:
    body = b"<" * (11 * 1024 * 1024)
    with RawClient(door.host, door.port) as client:
        client.connect()
        client.send_message(body, receipt="1")
        frame = client.read()
        assert frame is not None
        assert frame.command == "RECEIPT"
    (row,) = door.inbox.list()
    assert (row.reason, row.size) == ("size", len(body))
    assert door.inbox.whole_body(row) == body


def test_a_frame_above_the_frame_limit_ends_only_its_connection(real_inbox: Inbox) -> None:
    with running_listener(real_inbox, limits=ListenerLimits(frame=FrameLimits(frame_bytes=100_000))) as door:
        with RawClient(door.host, door.port) as client, contextlib.suppress(ConnectionError):
            client.connect()
            client.send_message(b"x" * 500_000)
            frame = client.read()
            assert frame is not None
            assert frame.command == "ERROR"
        with RawClient(door.host, door.port) as client:
            assert client.connect().command == "CONNECTED"


def test_all_connections_together_may_not_fill_the_memory(real_inbox: Inbox) -> None:
    half = b"SEND\ndestination:/queue/icatIngest\n\n" + b"x" * 200_000
    with (
        running_listener(real_inbox, limits=ListenerLimits(buffered_bytes=300_000)) as door,
        RawClient(door.host, door.port) as first,
        RawClient(door.host, door.port) as second,
    ):
        for client in (first, second):
            client.connect()
        first.send(half)
        time.sleep(0.3)
        with contextlib.suppress(ConnectionError):
            second.send(half)
            frame = second.read()
            assert frame is not None
            assert frame.headers["message"] == "Too much at once"
        first.send(b"\0SEND\ndestination:/queue/icatIngest\nreceipt:1\n\ny\0")
        assert first.read() is not None


def test_connections_above_the_limit_are_refused_with_a_reason(real_inbox: Inbox) -> None:
    with running_listener(real_inbox, limits=ListenerLimits(connections=2)) as door:
        with RawClient(door.host, door.port) as first, RawClient(door.host, door.port) as second:
            first.connect()
            second.connect()
            with RawClient(door.host, door.port) as third:
                frame = third.read()
                assert frame is not None
                assert frame.headers["message"] == "Too many connections"
        wait_until(lambda: door.listener.connections == 0)
        with RawClient(door.host, door.port) as again:
            assert again.connect().command == "CONNECTED"


def test_who_does_not_connect_or_stops_in_the_middle_of_a_frame_is_given_up(real_inbox: Inbox) -> None:
    with running_listener(real_inbox, limits=ListenerLimits(handshake_seconds=0.3, stall_seconds=0.3)) as door:
        with RawClient(door.host, door.port) as silent:
            frame = silent.read()
            assert frame is not None
            assert frame.headers["message"] == "No CONNECT frame"
        with RawClient(door.host, door.port) as stalled:
            stalled.connect()
            stalled.send(b"SEND\ndestination:/queue/icatIngest\n\nhalf")
            frame = stalled.read()
            assert frame is not None
            assert frame.headers["message"] == "The frame stalled"
        with RawClient(door.host, door.port) as idle:
            idle.connect()
            time.sleep(0.8)
            idle.send_message(BODY, receipt="1")
            frame = idle.read()
            assert frame is not None
            assert frame.command == "RECEIPT", "a connected producer may be silent for as long as it likes"


def test_heart_beats_are_sent_and_expected_as_agreed(real_inbox: Inbox) -> None:
    with running_listener(real_inbox, beat=0.2) as door, RawClient(door.host, door.port) as client:
        assert client.connect(heart_beat="200,200").headers["heart-beat"] == "200,200"
        assert client.socket.recv(10) == b"\n"
        for _ in range(6):
            time.sleep(0.15)
            client.send(b"\n")
        client.send_message(BODY, receipt="1")
        frame = client.read()
        assert frame is not None
        assert frame.command == "RECEIPT"
        frame = client.read()
        assert frame is not None
        assert frame.headers["message"] == "No heart-beat"


def test_stopping_keeps_what_has_come_in(real_inbox: Inbox) -> None:
    with running_listener(real_inbox) as door:
        client = RawClient(door.host, door.port)
        with client:
            client.connect()
            for number in range(50):
                client.send_message(f"{number}".encode())
            door.listener.stop()
    assert real_inbox.count() == 50


def test_many_producers_at_once_lose_nothing(door: RunningListener) -> None:
    def produce(name: int) -> None:
        with RawClient(door.host, door.port) as client:
            client.connect()
            for number in range(20):
                client.send_message(f"{name} {number}".encode(), receipt=str(number))
            assert [frame.headers["receipt-id"] for _ in range(20) if (frame := client.read())] == [
                str(number) for number in range(20)
            ]

    threads = [threading.Thread(target=produce, args=(name,)) for name in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert door.inbox.count() == 200


def test_a_port_that_is_taken_is_an_error_at_the_start(door: RunningListener, real_inbox: Inbox) -> None:
    with pytest.raises(OSError, match="in use"):
        Listener((door.host, door.port), QUEUES, Keeper(real_inbox)).start()


def test_a_connection_that_is_reset_hurts_nobody(door: RunningListener) -> None:
    for _ in range(5):
        raw = socket.create_connection((door.host, door.port))
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        raw.sendall(b"CONNECT\naccept-version:1.1\n\n\0SEND\ndestination:/queue/icatIngest\n\nhal")
        raw.close()
    with RawClient(door.host, door.port) as client:
        assert client.connect().command == "CONNECTED"
    wait_until(lambda: door.listener.connections == 0)


class MoodyInbox(Inbox):
    """An inbox whose store can be made to refuse everything, or one message for a reason of its own."""

    down = False
    hates: bytes | None = None

    def put_all(self, arrivals: Sequence[Incoming]) -> list[Stored]:
        if self.down:
            raise Unavailable("the store is full")
        if any(arrival.body == self.hates for arrival in arrivals):
            raise ValueError("not this one")
        return super().put_all(arrivals)


def test_without_a_store_there_is_no_receipt_until_it_is_back(store: Store) -> None:
    inbox = MoodyInbox(store)
    inbox.down = True
    with running_listener(inbox) as door, RawClient(door.host, door.port) as client:
        client.connect()
        client.send_message(BODY, receipt="1")
        wait_until(lambda: not door.keeper.able)
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.read()
        client.socket.settimeout(10)
        inbox.down = False
        frame = client.read()
        assert frame is not None
        assert frame.command == "RECEIPT"
        assert door.keeper.able


def test_one_message_that_the_store_cannot_take_costs_no_other(store: Store) -> None:
    inbox = MoodyInbox(store)
    inbox.hates = b"poison"
    with running_listener(inbox) as door:
        with RawClient(door.host, door.port) as good, RawClient(door.host, door.port) as bad:
            good.connect()
            bad.connect()
            bad.send_message(b"poison", receipt="1")
            for number in range(20):
                good.send_message(f"{number}".encode(), receipt=str(number))
            frame = bad.read()
            assert frame is not None
            assert (frame.command, frame.headers["message"]) == ("ERROR", "The message could not be kept")
            assert all(good.read() is not None for _ in range(20))
        assert inbox.count() == 20
