"""A run that ends at any of its writes, and what the next one makes of it: each cause that once left a difference."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from drac_plugins.core.inbox.tables import ingest_stage
from drac_plugins.core.links import linktable
from drac_plugins.core.links.repair import Repair
from ingest import memory
from ingest.consumer import Consumer
from ingest.domain import DatasetMessage, ListedFile
from tests.ingest.apply.ground import Ground, fresh_ground, message, processed
from tests.ingest.apply.snapshot import Snapshot, differences, take

SESSION = "/data/visitor/ma1234/id11/20250310"
RAW, MADE = f"{SESSION}/RAW_DATA/ruby/ruby_0001", f"{SESSION}/PROCESSED_DATA/ruby/ruby_0001/integrate"
LATER = f"{SESSION}/PROCESSED_DATA/ruby/ruby_0001/fit"


class Killed(BaseException):
    """The process is gone: nothing may catch this."""


@contextmanager
def killed_at(monkeypatch: pytest.MonkeyPatch, ground: Ground, write: int) -> Iterator[None]:
    """The given write to the catalogue (counted from 1) is made, and then the process ends."""
    count = 0

    def ending(call: Callable[..., Any]) -> Callable[..., Any]:
        def around(*arguments: Any) -> Any:
            nonlocal count
            result = call(*arguments)
            count += 1
            if count == write:
                raise Killed
            return result

        return around

    with monkeypatch.context() as patch:
        for name in ("write", "delete"):
            patch.setattr(ground.session, name, ending(getattr(ground.session, name)))
        yield


def restart(ground: Ground) -> None:
    ground.consumer = Consumer(ground.settings, ground.session, ground.store)


def indexed(found: DatasetMessage, index: int, **more: object) -> DatasetMessage:
    parameters = (*found.parameters, ("Process_sequence_index", str(index)))
    return replace(found, parameters=parameters, **more)  # type: ignore[arg-type]


def gallery(found: DatasetMessage, *names: str) -> DatasetMessage:
    paths = ",".join(f"{found.location}/gallery/{name}" for name in names)
    return replace(found, parameters=(*found.parameters, ("ResourcesGalleryFilePaths", paths)))


def ended(found: DatasetMessage, hour: int) -> DatasetMessage:
    return replace(found, end=found.end.replace(hour=hour))


HISTORIES: dict[str, Sequence[DatasetMessage]] = {
    "raw and a result": (message(RAW), processed(MADE, RAW)),
    "a chain, late raw data": (processed(LATER, MADE), processed(MADE, RAW), message(RAW)),
    "an index": (message(RAW), gallery(indexed(processed(MADE, RAW), 3), "a.png")),
    "a higher index": (
        message(RAW),
        gallery(indexed(processed(MADE, RAW, parameters=(("technique_pid", "x:XRD"), ("A", "1"))), 1), "a.png"),
        indexed(processed(MADE, RAW, parameters=(("B", "2"),)), 2),
    ),
    "an earlier one adds": (
        ended(message(RAW, parameters=(("A", "1"),)), 14),
        gallery(ended(message(RAW, parameters=(("A", "0"), ("B", "x" * 5000))), 13), "a.png"),
        ended(message(RAW, parameters=(("B", "between"),)), 13),
    ),
}


def apply(ground: Ground, number: int, found: DatasetMessage) -> None:
    arrival = datetime.fromisoformat("2025-06-01T00:00:00+00:00").replace(second=number)
    ground.consumer.apply(found, arrival, number + 1)


def notes(ground: Ground) -> dict[str, object]:
    """What the ingester remembers of each dataset."""
    found = take(ground.session).datasets
    with ground.store.read() as connection:
        return {location: memory.origin_of(connection, d.id) for location, d in found.items()}


STEP = int(os.environ.get("DRAC_TEST_WRITES_BETWEEN_KILLS", "3"))
"""1: killed after every single write."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("history", HISTORIES)
def test_a_run_that_is_killed_after_any_write_is_finished_by_the_next(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, history: str
) -> None:
    messages = HISTORIES[history]
    with fresh_ground(template, tmp_path / "straight") as ground:
        for number, found in enumerate(messages):
            apply(ground, number, found)
        expected, remembered = take(ground.session), notes(ground)
    write, finished = 1 - STEP, False
    while not finished:
        write += STEP
        with fresh_ground(template, tmp_path / f"killed {write}") as ground:
            finished = _through(monkeypatch, ground, messages, write)
            _same(ground, expected, remembered)


def _through(monkeypatch: pytest.MonkeyPatch, ground: Ground, messages: Sequence[DatasetMessage], write: int) -> bool:
    """Every message is killed after this write and then sent through again. True: none has so many writes."""
    finished = True
    for number, found in enumerate(messages):
        try:
            with killed_at(monkeypatch, ground, write):
                apply(ground, number, found)
        except Killed:
            finished = False
            restart(ground)
            apply(ground, number, found)
    return finished


def _same(ground: Ground, expected: Snapshot, remembered: dict[str, object]) -> None:
    assert differences(take(ground.session), expected) == {}
    assert notes(ground) == remembered
    assert Repair(ground.consumer.links).check() == []


def test_a_message_is_not_done_before_its_relatives_show_their_links(template: Path, tmp_path: Path) -> None:
    """A run that was killed between noting and writing the lists of other datasets: the same message writes them."""
    with fresh_ground(template, tmp_path / "g") as ground:
        for number, found in enumerate(HISTORIES["raw and a result"]):
            apply(ground, number, found)
        ids = {d.location: d.id for d in take(ground.session).datasets.values()}
        with ground.store.begin() as connection:
            linktable.want_written(connection, ids.values())
        ground.consumer.links.arrive(ids[MADE])
        with ground.store.read() as connection:
            assert linktable.due(connection, 10) == []


def test_sums_are_made_again_when_the_run_that_counted_the_files_was_killed(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh_ground(template, tmp_path / "g") as ground:
        listed = message(RAW, files=(ListedFile(f"{RAW}/a.h5", 7), ListedFile(f"{RAW}/b.h5", 5)))
        apply(ground, 0, listed)
        (dataset,) = take(ground.session).datasets.values()
        ground.consumer.run_stage("statistics", dataset.id)
        with pytest.raises(Killed), killed_at(monkeypatch, ground, 2):  # 1 writes the files, 2 their number
            ground.consumer.run_stage("files", dataset.id)
        restart(ground)
        ground.consumer.run_stage("files", dataset.id)
        with ground.store.read() as connection:
            due = set(connection.execute(select(ingest_stage.c.stage)).scalars())
        assert due == {"statistics"}
        ground.consumer.run_stage("statistics", dataset.id)
        assert take(ground.session).sums["MA-1234|ID11 2025-03-10"]["__volume"] == "12"


def test_leases_of_a_killed_ingester_are_taken_back_by_the_next(template: Path, tmp_path: Path) -> None:
    with fresh_ground(template, tmp_path / "g") as ground, ground.consumer._leases.hold(["links:1"]):
        restart(ground)
        assert ground.consumer.take_over() == 1
        with ground.consumer._leases.hold(["links:1"], wait_seconds=0):
            pass
