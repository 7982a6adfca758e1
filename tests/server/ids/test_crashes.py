"""The server dies (kill -9) while it moves files: each is whole in one of the levels, and the next start goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.ids.conftest import two_levels
from tests.server.ids.ground import Data, Ground, set_up, unzip, wait_until
from tests.server.wire.raw import RestCalls
from tests.support.catalogue import RunningCatalogue, start_catalogue
from tests.support.postgres import RunningPostgres, postgres

__all__ = ["postgres"]

FILES = int(os.environ.get("DRAC_IDS_CRASH_FILES", "30"))
KILLS = int(os.environ.get("DRAC_IDS_CRASH_KILLS", "2"))
SIZE = 200_000


class Mortal:
    """A server that is killed and started again on the same data."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        (folder / "raw").mkdir()
        self.folder = folder
        self.database = database
        self.ground = set_up(self._start(), folder)

    def _start(self) -> RunningCatalogue:
        server: RunningCatalogue = start_catalogue(
            self.folder / "catalogue", *two_levels(self.folder), database=self.database
        )
        return server

    def kill(self) -> None:
        self.ground.server.process.send_signal(signal.SIGKILL)
        self.ground.server.process.wait()

    def rise(self) -> None:
        self.ground.server = self._start()
        self.ground.root = RestCalls.login(self.ground.server.rest_url, "root")

    def kill_when(self, reached: Callable[[], bool]) -> None:
        limit = time.monotonic() + 30
        while not reached() and time.monotonic() < limit:
            time.sleep(0.001)
        self.kill()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    server = Mortal(tmp_path)
    yield server
    server.ground.server.stop()


def test_no_file_is_lost_when_archiving_and_restoring_are_killed(mortal: Mortal) -> None:
    ground = mortal.ground
    data = ground.dataset({f"{number:03}.h5": os.urandom(SIZE) for number in range(FILES)})
    prepared = ground.ids().prepareData(data.selection)
    ground.ids().archive(data.selection)
    for number in range(KILLS):  # while copying, then while taking away
        copied, left = FILES * number // KILLS, FILES * (KILLS - number) // KILLS
        mortal.kill_when(lambda a=copied, b=left: _counts(ground, data, copied=a, left=b))  # type: ignore[misc]
        _must_be_whole(ground, data)
        mortal.rise()
        assert ground.ids().getStatus(data.selection) == "ARCHIVED"
    wait_until(lambda: not ground.ids().getServiceStatus()["opsQueue"])
    assert (ground.raw_files(data), ground.archived_files(data)) == ({}, data.files)

    ground.ids().restore(data.selection)
    for number in range(KILLS):
        mortal.kill_when(lambda n=number: _count(ground.raw / str(data.dataset)) >= FILES * n // KILLS)  # type: ignore[misc]
        _must_be_whole(ground, data)
        mortal.rise()
    wait_until(lambda: ground.ids().getStatus(data.selection) == "ONLINE")
    assert ground.raw_files(data) == data.files
    assert unzip(ground.ids().getData(prepared).read()) == data.files


@pytest.mark.postgres
def test_levels_and_prepared_selections_work_on_postgresql(tmp_path: Path, postgres: RunningPostgres) -> None:
    mortal = Mortal(tmp_path, postgres.new_database())
    ground = mortal.ground
    try:
        data = ground.dataset({"a": b"1", "b": b"2"})
        ids = ground.ids("ada")
        for _ in range(2):
            ids.archive(data.selection)
            ids.archive(data.selection)
            wait_until(lambda: not ground.raw_files(data))
            prepared = ids.prepareData(data.selection)
            wait_until(lambda p=prepared: ids.isPrepared(p))  # type: ignore[misc]
            ids.write(data.selection)
        wait_until(lambda: not ground.ids().getServiceStatus()["opsQueue"])
        ids.delete(data.selection)
        assert (ground.raw_files(data), ground.archived_files(data)) == ({}, {})
    finally:
        ground.server.stop()


def _count(folder: Path) -> int:
    return sum(not path.name.startswith(".") for path in folder.iterdir()) if folder.exists() else 0


def _counts(ground: Ground, data: Data, copied: int, left: int) -> bool:
    archive = ground.folder / "archive" / "absolute" / "data" / "visitor" / str(data.dataset)
    return _count(archive) >= copied and (copied == 0 or _count(ground.raw / str(data.dataset)) <= left)


def _must_be_whole(ground: Ground, data: Data) -> None:
    there = ground.archived_files(data) | ground.raw_files(data)
    assert there == data.files
    for name, content in ground.archived_files(data).items():
        assert content == data.files[name]
