"""Whatever dies, at whatever moment: the catalogue stays sound, and calls are there whole or not at all."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests.server.operations.conftest import CommandLine
from tests.server.wire.raw import RestCalls
from tests.support.catalogue import RunningCatalogue
from tests.support.postgres import RunningPostgres

KILLS = 2
DATASETS, FILES = 10, 5
"""Of one call."""


@dataclass
class Writer:
    """Creates datasets and deletes some of them again, call by call, and knows which calls were confirmed."""

    investigation: int
    type: int
    created: dict[int, list[int]] = field(default_factory=dict)
    """Ids of the datasets of a call."""
    doubtful: set[int] = field(default_factory=set)
    """Calls in progress when something died: they may be there, or gone."""
    refused: list[tuple[int, str]] = field(default_factory=list)
    number: int = 0

    @classmethod
    def prepare(cls, rest: RestCalls) -> Writer:
        (facility,) = rest.write({"Facility": {"name": "F"}})
        here = {"facility": {"id": facility}}
        kind, type_ = rest.write([{"InvestigationType": {"name": "e", **here}}, {"DatasetType": {"name": "r", **here}}])
        investigation = {"name": "i", "visitId": "1", "title": "t", "type": {"id": kind}, **here}
        return cls(rest.write({"Investigation": investigation})[0], type_)

    def write(self, rest: RestCalls, until: threading.Event) -> None:
        while not until.is_set():
            self.number += 1
            number = self.number
            self.doubtful.add(number)
            try:
                self._call(rest, number)
            except requests.RequestException:
                return  # the server is dead
            self.doubtful.discard(number)

    def wait_for(self, calls: int) -> None:
        """Until the writer has begun so many more calls."""
        end, deadline = self.number + calls, time.monotonic() + 60
        while self.number < end and time.monotonic() < deadline:
            time.sleep(0.002)

    def _call(self, rest: RestCalls, number: int) -> None:
        if number % 3 or not self.created:
            reply = rest.post([self._dataset(f"c{number}-{n}") for n in range(DATASETS)])
            if reply.status_code == 200:
                self.created[number] = reply.json()
        else:
            victim = next(iter(self.created))
            ids = self.created.pop(victim)
            self.doubtful.add(victim)
            reply = rest.delete([{"Dataset": {"id": id_}} for id_ in ids])
            if reply.status_code in (200, 204):
                self.doubtful.discard(victim)
        if reply.status_code not in (200, 204):
            self.refused.append((reply.status_code, reply.json()["code"]))
            self.doubtful.add(number)

    def _dataset(self, name: str) -> dict[str, Any]:
        files = [{"name": f"{name}.{n}"} for n in range(FILES)]
        own = {"investigation": {"id": self.investigation}, "type": {"id": self.type}}
        return {"Dataset": {"name": name, "datafiles": files, **own}}

    def compare(self, rest: RestCalls) -> None:
        """Confirmed calls are there whole, doubtful ones whole or not at all, others not."""
        found: dict[int, int] = {}
        for name in rest.search("SELECT d.name FROM Dataset d"):
            call = int(name[1:].partition("-")[0])
            found[call] = found.get(call, 0) + 1
        assert set(found.values()) <= {DATASETS}
        assert self.created.keys() <= found.keys()
        assert found.keys() <= self.created.keys() | self.doubtful
        assert rest.search("SELECT COUNT(f) FROM Datafile f") == [len(found) * DATASETS * FILES]


@pytest.fixture
def restart(start: Callable[..., RunningCatalogue], run: CommandLine) -> Callable[[], RunningCatalogue]:
    """Start the server on the database of the test."""
    return lambda: start("--quiet", database=run.database)


def test_a_killed_server_leaves_whole_calls(restart: Callable[[], RunningCatalogue], run: CommandLine) -> None:
    chance = random.Random(1)
    server = restart()
    rest = RestCalls.login(server.rest_url, "root")
    writer = Writer.prepare(rest)
    for _ in range(KILLS):
        writing = threading.Thread(target=writer.write, args=(rest, threading.Event()))
        writing.start()
        writer.wait_for(calls=7)
        time.sleep(chance.random() / 20)
        server.process.send_signal(signal.SIGKILL)
        writing.join()
        server.process.wait()
        assert "no faults" in run.works("check")
        server = restart()
        rest = RestCalls.login(server.rest_url, "root")
        writer.compare(rest)
    assert writer.created
    assert writer.refused == []


def _terminate(postgres: RunningPostgres, database: str) -> None:
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    postgres.execute(database, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


@pytest.mark.postgres
@pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
def test_a_connection_that_is_lost_in_a_call_is_a_fault_of_this_call_only(
    restart: Callable[[], RunningCatalogue], run: CommandLine, postgres: RunningPostgres
) -> None:
    server = restart()
    rest = RestCalls.login(server.rest_url, "root")
    writer, stop = Writer.prepare(rest), threading.Event()
    writing = threading.Thread(target=writer.write, args=(rest, stop))
    writing.start()
    for _ in range(6):
        writer.wait_for(calls=3)
        _terminate(postgres, run.database)
    stop.set()
    writing.join()
    assert set(writer.refused) <= {(500, "INTERNAL")}
    assert writer.created
    writer.compare(rest)
    assert "no faults" in run.works("check")


@pytest.mark.postgres
def test_the_catalogue_works_again_as_soon_as_the_database_does(
    start: Callable[..., RunningCatalogue], own_postgres: RunningPostgres
) -> None:
    server = start("--quiet", database=own_postgres.new_database())
    rest = RestCalls.login(server.rest_url, "root")
    (technique,) = rest.write({"Technique": {"name": "t"}})
    own_postgres.stop()
    for call in (_read, _write):
        reply = call(rest)
        assert (reply.status_code, reply.json()["code"]) == (500, "INTERNAL")
        assert "Unexpected DB response" in reply.json()["message"]
    own_postgres.start()
    assert _read(rest).json() == [technique]
    assert _write(rest).status_code == 200


def _read(rest: RestCalls) -> requests.Response:
    query = {"sessionId": rest.session_id, "query": "SELECT t.id FROM Technique t"}
    return rest.send("GET", "entityManager", params=query)


def _write(rest: RestCalls) -> requests.Response:
    return rest.post({"Technique": {"name": "u"}})


def test_of_two_who_create_the_same_in_opposite_order_one_is_refused(restart: Callable[[], RunningCatalogue]) -> None:
    """On PostgreSQL they wait for each other until it ends one of them; nobody may notice."""
    rest = RestCalls.login(restart().rest_url, "root")

    def rounds() -> Iterator[list[dict[str, Any]]]:
        for number in range(15):
            yield [{"Technique": {"name": f"{number}-{n}"}} for n in range(200)]

    with ThreadPoolExecutor(2) as pool:
        for objects in rounds():
            statuses = list(pool.map(lambda o: rest.post(o).status_code, [objects, objects[::-1]]))
            assert sorted(statuses) == [200, 412]
