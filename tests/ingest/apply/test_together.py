"""Messages and files stages applied together leave what they leave one by one, in few calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from drac_plugins.core.links.repair import Repair
from icat_schema.gateway.errors import ObjectExists
from icat_schema.gateway.rest import Rest
from ingest.disk import Disk
from ingest.folders import holds_many
from ingest.outcome import NotYet, Refused
from tests.ingest.apply.ground import Ground, fresh_ground, message, processed
from tests.ingest.apply.snapshot import differences, take

SESSION = "/data/visitor/ma1234/id11/20250310"
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def batch() -> list[Any]:
    """Every raw one with two results, the second computed from the first; the results come before the raw data."""
    found: list[Any] = []
    for number in range(4):
        raw = f"{SESSION}/RAW_DATA/wire/wire_{number}"
        made = f"{SESSION}/PROCESSED_DATA/wire/wire_{number}"
        found += [processed(f"{made}/fit", f"{made}/integrate"), processed(f"{made}/integrate", raw), message(raw)]
    return found


@pytest.fixture
def grounds(template: Path, tmp_path: Path) -> Iterator[Callable[[], Ground]]:
    open_: list[Any] = []

    def make() -> Ground:
        context = fresh_ground(template, tmp_path / str(len(open_)), path_map={"/data": tmp_path / "data"})
        open_.append(context)
        return context.__enter__()

    yield make
    for context in open_:
        context.__exit__(None, None, None)


def together(ground: Ground, messages: list[Any]) -> dict[int, Any]:
    return ground.consumer.apply_together([(one, NOON, number + 1) for number, one in enumerate(messages)])


def test_messages_applied_together_leave_what_they_leave_one_by_one(grounds: Callable[[], Ground]) -> None:
    straight, ground = grounds(), grounds()
    for one in batch():
        straight.apply(one)
    first = message(f"{SESSION}/RAW_DATA/wire/first")
    straight.apply(first)
    ground.apply(first)
    counted = _CountedCalls()
    with counted:
        done = together(ground, batch())
    assert sorted(done) == list(range(1, 13))
    assert counted.calls <= 40, "more than a few calls for each message"
    assert differences(take(ground.session), take(straight.session)) == {}
    assert [str(finding) for finding in Repair(ground.consumer.links).check()] == []


class _CountedCalls:
    """Calls of the gateway's REST interface."""

    def __enter__(self) -> None:
        self.calls = 0
        self._patches = [patch.object(Rest, name, self._counting(getattr(Rest, name))) for name in ("search", "write")]
        for one in self._patches:
            one.start()

    def __exit__(self, *_error: object) -> None:
        for one in self._patches:
            one.stop()

    def _counting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any, **more: Any) -> Any:
            self.calls += 1
            return call(*arguments, **more)

        return counting


def test_what_is_known_or_has_no_session_yet_is_left_to_be_applied_alone(grounds: Callable[[], Ground]) -> None:
    ground = grounds()
    known, fresh = (message(f"{SESSION}/RAW_DATA/wire/{name}") for name in ("known", "fresh"))
    ground.apply(known)
    nobodys = replace(fresh, proposal="zz9999", location="/data/visitor/zz9999/id11/20250310/RAW_DATA/a/b")
    folder = replace(fresh, location=f"{SESSION}/RAW_DATA")
    assert sorted(together(ground, [known, fresh, nobodys, folder])) == [2]


def test_names_that_clash_inside_a_batch_are_told_apart(grounds: Callable[[], Ground]) -> None:
    ground = grounds()
    places = [f"{SESSION}/RAW_DATA/wire/wire_{number}/0001" for number in range(3)]
    assert len(together(ground, [message(place) for place in places])) == 3
    names = {take(ground.session).datasets[place].name for place in places}
    assert len(names) == 3
    assert "0001" in names


def test_a_batch_that_was_written_but_not_noted_is_completed_one_by_one(grounds: Callable[[], Ground]) -> None:
    ground, straight = grounds(), grounds()
    for one in batch():
        straight.apply(one)
    registration = ground.consumer._registration
    with patch.object(registration, "remember_in", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        together(ground, batch())
    assert len(take(ground.session).datasets) > 0
    for one in batch():
        ground.apply(one)
    assert differences(take(ground.session), take(straight.session)) == {}


def test_a_name_that_was_taken_meanwhile_undoes_the_whole_batch(grounds: Callable[[], Ground]) -> None:
    ground = grounds()
    ground.apply(message(f"{SESSION}/RAW_DATA/wire/other/0001"))
    two = [message(f"{SESSION}/RAW_DATA/wire/{name}/0001") for name in "ab"]
    with patch("ingest.bulk.namesakes", return_value=[]), pytest.raises(ObjectExists):
        together(ground, two)
    assert len(take(ground.session).datasets) == 1
    assert len(together(ground, two)) == 2


def test_files_of_several_datasets_are_registered_in_few_calls_and_missing_folders_are_told(
    grounds: Callable[[], Ground], tmp_path: Path
) -> None:
    ground = grounds()
    places = [f"{SESSION}/RAW_DATA/wire/wire_{number}" for number in range(5)]
    ids = [ground.apply(message(place)).dataset_id for place in places]
    for place in places[:-1]:
        folder = tmp_path / place.removeprefix("/")
        folder.mkdir(parents=True)
        for number in range(3):
            (folder / f"f{number}.h5").write_bytes(b"x" * number)
    counted = _CountedCalls()
    with counted:
        finished = ground.consumer.run_stages("files", [key for key in ids if key is not None])
    assert [finished[key] is None for key in ids if key is not None] == [True] * 4 + [False]
    assert isinstance(finished[ids[-1] or 0], NotYet)
    assert counted.calls <= 8
    datasets = take(ground.session).datasets
    assert [len(datasets[place].files) for place in places] == [3, 3, 3, 3, 0]
    assert {datasets[place].parameters["__volume"] for place in places[:-1]} == {"3"}


@pytest.mark.parametrize("inside", ["", "/RAW_DATA", "/PROCESSED_DATA", "/NOBACKUP"])
def test_a_folder_that_holds_many_datasets_is_no_dataset(grounds: Callable[[], Ground], inside: str) -> None:
    assert holds_many(SESSION + inside, ["/data"])
    assert not holds_many(f"{SESSION}/RAW_DATA/wire/raw", ["/data"]), "a folder of that name further down is one"
    if inside == "/RAW_DATA":
        with pytest.raises(Refused, match="holds many datasets"):
            grounds().apply(message(SESSION + inside))


def test_a_closed_folder_does_not_keep_the_other_files_from_being_found(tmp_path: Path) -> None:
    (tmp_path / "a" / "closed").mkdir(parents=True)
    (tmp_path / "a" / "f.h5").touch()
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "g.h5").touch()

    def closed_to_us(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    scandir = os.scandir
    closed: list[str] = []
    with patch("ingest.disk.os.scandir", closed_to_us):
        found = [file.name for file in Disk(["/data"], {"/data": tmp_path}).walk(tmp_path, (), closed=closed)]
    assert (found, closed) == (["a/f.h5", "z/g.h5"], ["a/closed"])


def test_a_link_counts_when_it_stays_in_the_proposal_or_leads_to_what_is_nobodys(
    grounds: Callable[[], Ground], tmp_path: Path
) -> None:
    ground = grounds()
    place = f"{SESSION}/RAW_DATA/wire/linked"
    data = tmp_path / "data"
    folder = data / place.removeprefix("/data/")
    folder.mkdir(parents=True)
    targets = {
        "own": data / "visitor/ma1234/id11/20250311/RAW_DATA/x.h5",
        "common": data / "id11/calibration/x.h5",
        "foreign": data / "visitor/mx4321/id11/20250311/RAW_DATA/x.h5",
        "outside": tmp_path / "elsewhere" / "x.h5",
    }
    for name, target in targets.items():
        target.parent.mkdir(parents=True)
        target.write_bytes(b"xyz")
        (folder / f"{name}.h5").symlink_to(target)
    dataset_id = ground.apply(message(place)).dataset_id
    assert dataset_id is not None
    ground.consumer.run_stage("files", dataset_id)
    assert set(take(ground.session).datasets[place].files) == {"own.h5", "common.h5"}
