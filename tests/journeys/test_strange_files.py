"""What users can put into their folders: pipes, links to others' files, names that are too long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.disk import Disk

ROOT = "/data"
MINE = "/data/visitor/mx7001/id30a1/20260701/RAW_DATA/mine"
HERS = "/data/visitor/mx2745/id30a1/20260310/RAW_DATA/hers"


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    for announced in (MINE, HERS):
        folder = tmp_path / announced.removeprefix("/data/")
        folder.mkdir(parents=True)
        (folder / "picture.png").write_bytes(announced.encode())
    return Disk([ROOT], {ROOT: tmp_path})


def on_disk(disk: Disk, announced: str) -> Path:
    found = disk.path(announced)
    assert found is not None
    return found


def test_a_link_out_of_the_proposal_is_not_read_and_one_inside_is(disk: Disk) -> None:
    proposal = "/data/visitor/mx7001"
    on_disk(disk, f"{MINE}/stolen.png").symlink_to(on_disk(disk, f"{HERS}/picture.png"))
    on_disk(disk, f"{MINE}/again.png").symlink_to(on_disk(disk, f"{MINE}/picture.png"))
    on_disk(disk, f"{MINE}/folder").symlink_to(on_disk(disk, HERS))
    assert disk.read(f"{MINE}/stolen.png", 1000, inside=proposal) is None
    assert disk.read(f"{MINE}/folder/picture.png", 1000, inside=proposal) is None
    assert disk.read(f"{MINE}/again.png", 1000, inside=proposal) == MINE.encode()
    assert disk.read(f"{MINE}/picture.png", 1000, inside=proposal) == MINE.encode()


def test_a_link_out_of_the_roots_is_not_read(disk: Disk) -> None:
    on_disk(disk, f"{MINE}/passwd.txt").symlink_to("/etc/passwd")
    assert disk.read(f"{MINE}/passwd.txt", 10**6) is None
    assert [file.name for file in disk.walk(on_disk(disk, MINE), ())] == ["picture.png"]


@pytest.mark.timeout(20)
def test_pipes_sockets_circles_and_devices_are_neither_read_nor_waited_for(disk: Disk) -> None:
    folder = on_disk(disk, MINE)
    os.mkfifo(folder / "pipe.png")
    (folder / "circle.png").symlink_to("circle.png")
    (folder / "up").symlink_to("..")
    (folder / "nowhere.png").symlink_to("nothing")
    for name in ("pipe.png", "circle.png", "up", "nowhere.png", "up/mine/up/mine/pipe.png"):
        assert disk.read(f"{MINE}/{name}", 1000) is None, name
    assert [file.name for file in disk.walk(folder, ())] == ["picture.png"]


def test_what_is_too_long_too_large_or_closed_is_just_not_there(disk: Disk) -> None:
    long = f"{MINE}/{'x' * 300}"
    assert disk.folder(long) is None
    assert disk.read(f"{long}.png", 1000) is None
    assert disk.status(on_disk(disk, f"{long}.png")) is None
    assert disk.read(f"{MINE}/picture.png", 3) is None
    assert disk.folder(f"{MINE}/../../../mx2745") is None
    assert disk.folder("/etc") is None
    if os.geteuid() != 0:
        on_disk(disk, MINE).chmod(0)
        assert disk.folder(f"{MINE}/gallery") is None
        assert disk.read(f"{MINE}/picture.png", 1000) is None
        on_disk(disk, MINE).chmod(0o700)
