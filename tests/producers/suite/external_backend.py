"""Plugin of pytest in the environment of one release of pyicat-plus: its own fixtures with our servers behind them.

An accepted message must come out of a queue of the test: here that is fed from the rows of our inbox, as soon as the
ingester has dealt with a message. Reads its addresses from variables `DRAC_SUITE_…`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from pyicat_plus.concurrency import Queue
from pyicat_plus_pytest_plugin.pytest_plugin import *  # noqa: F403 - every other fixture as it is
from pyicat_plus_pytest_plugin.pytest_plugin import IcatPlusRestrictedClient
from pyicat_plus_pytest_plugin.tcp import deserialize_message

HOST, PORT = os.environ["DRAC_SUITE_BROKER"].rsplit(":", 1)
MONITOR = int(os.environ["DRAC_SUITE_MONITOR"])
FACADE = int(os.environ["DRAC_SUITE_FACADE"])
INBOX = os.environ["DRAC_SUITE_INBOX"]
ACCOUNT = ("suite", "db")
"""Whoever gives no name; the suite's own servers take anybody."""
_DEALT_WITH = (
    "SELECT id, repetitions, body, headers FROM ingest_message"
    " WHERE queue = ? AND state IN ('waiting', 'done', 'quarantined') ORDER BY id"
)


@pytest.fixture(scope="session")
def stomp_server() -> tuple[str, int]:
    return HOST, int(PORT)


@pytest.fixture(scope="session")
def activemq_rest_server() -> tuple[str, int]:
    return HOST, MONITOR


@pytest.fixture(scope="session")
def icatplus_server(icat_subscriber: Any) -> tuple[int, Any]:
    """The second is for entries of the logbook."""
    return FACADE, Queue()


@pytest.fixture
def icatplus_restricted_client(icatplus_server: Any) -> tuple[Any, Any]:
    port, messages = icatplus_server
    return _Client(f"http://localhost:{port}"), messages


class _Client(IcatPlusRestrictedClient):  # type: ignore[misc]
    """With an account for whoever gives none."""

    def login(self, password: str, username: str | None = None, plugin: str | None = None) -> Any:
        return super().login(password, username=username or ACCOUNT[0], plugin=plugin or ACCOUNT[1])


@pytest.fixture(scope="session")
def icat_subscriber() -> Iterator[Any]:
    with _copied("icatIngest") as messages:
        yield messages


@pytest.fixture(scope="session")
def icat_subscriber_archive() -> Iterator[Any]:
    with _copied("icatArchiveRestoreStatus") as messages:
        yield messages


@pytest.fixture(scope="session")
def icat_subscriber_update_metadata() -> Iterator[Any]:
    with _copied("icatUpdateDatasetMetadata") as messages:
        yield messages


@pytest.fixture(scope="session")
def icat_subscriber_add_files() -> Iterator[Any]:
    with _copied("icatDataFiles") as messages:
        yield messages


@contextmanager
def _copied(queue: str) -> Iterator[Any]:
    """Messages of one of our queues from now on, once for every time that they are sent."""
    messages, stopping = Queue(), threading.Event()
    seen = {number: repetitions for number, repetitions, _, _ in _rows(queue)}

    def copy() -> None:
        while not stopping.wait(0.05):
            for number, repetitions, body, headers in _rows(queue):
                times = repetitions - seen.get(number, -1)
                seen[number] = repetitions
                for _ in range(0 if "split-from" in json.loads(headers) else times):
                    told = _told(body)
                    if told is not None:
                        messages.put(told)

    thread = threading.Thread(target=copy)
    thread.start()
    try:
        yield messages
    finally:
        stopping.set()
        thread.join()


def _rows(queue: str) -> list[tuple[int, int, bytes, str]]:
    with closing(sqlite3.connect(f"file:{INBOX}?mode=ro", uri=True, timeout=30)) as inbox:
        return inbox.execute(_DEALT_WITH, (queue,)).fetchall()


def _told(body: bytes) -> Any:
    """A message as the subscriber of the suite hands it over; None for proposals that it swallows by a rule of its
    own."""
    if b'xmlns:tns="http://www.esrf.fr/icat"' not in body:
        return body.decode()
    message = deserialize_message(body)[1]
    return None if "666" in (message.get("investigation") or message.get("experiment") or "") else message
