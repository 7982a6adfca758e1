"""Files, gallery and sums: the later stages of a dataset, with real folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from drac_plugins.core import resources
from drac_plugins.core.inbox import ingest_stage
from drac_plugins.core.inbox import stages as due_stages
from ingest import memory
from ingest.domain import ListedFile
from ingest.outcome import NotYet, Refused
from ingest.statistics import INVESTIGATION_SUMS, Figures, StatisticsStage, sums
from ingest.waiting import pause_after
from tests.ingest.apply.ground import Ground, fresh_ground, message, processed
from tests.ingest.apply.snapshot import Dataset, changes, take

SESSION = "/data/visitor/ma1234/id11/20250310"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `/data` of the beamline network is on this host."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def ground(template: Path, tmp_path_factory: pytest.TempPathFactory, disk: Path) -> Iterator[Ground]:
    with fresh_ground(
        template,
        tmp_path_factory.mktemp("stages") / "ground",
        path_map={"/data": disk},
        max_files_per_dataset=5,
        gallery_max_bytes=1000,
    ) as found:
        yield found


@pytest.fixture
def wire(request: pytest.FixtureRequest) -> str:
    """A place for the dataset of this test."""
    return f"{SESSION}/RAW_DATA/wire/{request.node.name[:80]}"


def put(disk: Path, announced: str, content: bytes = b"x") -> Path:
    path = disk / announced.removeprefix("/data/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def only(ground: Ground, location: str) -> Dataset:
    return take(ground.session).datasets[location]


def run(ground: Ground, stage: str, dataset_id: int | None) -> None:
    assert dataset_id is not None
    ground.consumer.run_stage(stage, dataset_id)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------------- files


def test_the_files_of_a_folder_are_registered_with_their_announced_paths(ground: Ground, wire: str, disk: Path) -> None:
    put(disk, f"{wire}/wire_0001.h5", b"12345")
    put(disk, f"{wire}/scan0001/frelon_0000.h5", b"123")
    for skipped in (".hidden", "x.lock", "x.tmp", "__pycache__/x.pyc", ".svn/entries"):
        put(disk, f"{wire}/{skipped}")
    done = ground.apply(message(wire))
    run(ground, "files", done.dataset_id)
    dataset = only(ground, wire)
    assert dataset.files == {
        "wire_0001.h5": (f"{wire}/wire_0001.h5", 5),
        "scan0001/frelon_0000.h5": (f"{wire}/scan0001/frelon_0000.h5", 3),
    }
    assert (dataset.parameters["__fileCount"], dataset.parameters["__volume"]) == ("2", "8")


def test_reading_a_folder_again_adds_what_is_new_and_keeps_what_has_gone(ground: Ground, wire: str, disk: Path) -> None:
    first = put(disk, f"{wire}/a.h5", b"12")
    done = ground.apply(message(wire))
    run(ground, "files", done.dataset_id)
    before = changes(ground.session)
    run(ground, "files", done.dataset_id)
    assert changes(ground.session) == before
    first.unlink()
    put(disk, f"{wire}/b.h5", b"123")
    run(ground, "files", done.dataset_id)
    dataset = only(ground, wire)
    assert dataset.files.keys() == {"a.h5", "b.h5"}
    assert (dataset.parameters["__fileCount"], dataset.parameters["__volume"]) == ("2", "5")


def test_a_file_that_has_grown_gets_its_new_size(ground: Ground, wire: str, disk: Path) -> None:
    path = put(disk, f"{wire}/a.h5", b"12")
    done = ground.apply(message(wire))
    run(ground, "files", done.dataset_id)
    path.write_bytes(b"12345")
    run(ground, "files", done.dataset_id)
    assert only(ground, wire).files["a.h5"][1] == 5
    assert only(ground, wire).parameters["__volume"] == "5"


def test_a_file_belongs_to_the_innermost_dataset(ground: Ground, wire: str, disk: Path) -> None:
    put(disk, f"{wire}/a.h5")
    put(disk, f"{wire}/inner/b.h5")
    ground.apply(message(f"{wire}/inner"))
    done = ground.apply(message(wire))
    run(ground, "files", done.dataset_id)
    assert only(ground, wire).files.keys() == {"a.h5"}


def test_beyond_the_limit_files_are_counted_but_not_registered(ground: Ground, wire: str, disk: Path) -> None:
    for number in range(8):
        put(disk, f"{wire}/{number}.h5")
    done = ground.apply(message(wire))
    run(ground, "files", done.dataset_id)
    dataset = only(ground, wire)
    assert len(dataset.files) == 5
    assert dataset.parameters["__fileCount"] == "8"


def test_links_out_of_the_allowed_folders_are_not_followed(
    ground: Ground, wire: str, disk: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "passwd").write_text("x")
    put(disk, f"{wire}/a.h5")
    here = disk / wire.removeprefix("/data/")
    (here / "out").symlink_to(secret / "passwd")
    (here / "folder").symlink_to(secret, target_is_directory=True)
    (here / "inside").symlink_to(here / "a.h5")
    (here / "nowhere").symlink_to(here / "gone")
    done = ground.apply(message(wire))
    run(ground, "files", done.dataset_id)
    assert only(ground, wire).files.keys() == {"a.h5", "inside"}


def test_a_folder_that_is_itself_a_link_to_elsewhere_is_not_read(
    ground: Ground, wire: str, disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.h5").write_text("x")
    folder = disk / wire.removeprefix("/data/")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    done = ground.apply(message(wire))
    with pytest.raises(NotYet):
        run(ground, "files", done.dataset_id)
    assert only(ground, wire).files == {}


def test_a_missing_folder_is_waited_for_without_losing_the_dataset(ground: Ground, wire: str) -> None:
    done = ground.apply(message(wire))
    with pytest.raises(NotYet) as later:
        run(ground, "files", done.dataset_id)
    assert later.value.pause_seconds == 60
    assert later.value.give_up_after_seconds == 7 * 24 * 3600
    assert only(ground, wire).parameters["__fileCount"] == "0"


@pytest.mark.parametrize(("waited", "minutes"), [(0, 1), (1, 10), (11, 60), (71, 1440), (5000, 1440)])
def test_pauses_before_a_missing_folder_is_looked_for_again(waited: int, minutes: int) -> None:
    assert pause_after(timedelta(minutes=waited), (1, 10, 60)) == timedelta(minutes=minutes)


def test_the_folder_of_all_raw_data_is_no_dataset(ground: Ground, wire: str, disk: Path) -> None:
    put(disk, f"{SESSION}/RAW_DATA/x/a.h5")
    with pytest.raises(Refused, match="holds many datasets"):
        ground.apply(message(f"{SESSION}/RAW_DATA"))
    assert f"{SESSION}/RAW_DATA" not in take(ground.session).datasets


def test_a_file_name_that_is_no_utf8_is_escaped(ground: Ground, wire: str, disk: Path) -> None:
    put(disk, f"{wire}/a.h5")
    folder = os.fsencode(disk / wire.removeprefix("/data/"))
    with open(folder + b"/caf\xe9.txt", "wb") as file:  # noqa: PTH123 - a name of bytes
        file.write(b"x")
    done = ground.apply(message(wire))
    run(ground, "files", done.dataset_id)
    assert only(ground, wire).files.keys() == {"a.h5", "caf\\xe9.txt"}


def test_listed_files_outside_the_dataset_are_left_out(ground: Ground, wire: str, disk: Path) -> None:
    put(disk, f"{wire}/here.txt", b"1234")
    listed = ("here.txt", f"{wire}/far.h5", "../other/x.h5", "/etc/passwd", f"{wire}/../../x")
    one = replace(message(wire), files=tuple(ListedFile(text, None) for text in listed))
    run(ground, "files", ground.apply(one).dataset_id)
    files = only(ground, wire).files
    assert files.keys() == {"here.txt", "far.h5"}
    assert files["here.txt"] == (f"{wire}/here.txt", 4)


# -------------------------------------------------------------------------------------------------------- gallery


def with_gallery(wire: str, paths: str) -> object:
    one = message(wire)
    return replace(one, parameters=(*one.parameters, ("ResourcesGalleryFilePaths", paths)))


def test_announced_pictures_get_ids_in_the_same_order(ground: Ground, wire: str, disk: Path) -> None:
    put(disk, f"{wire}/gallery/b.png", PNG)
    put(disk, f"{SESSION}/elsewhere.png", PNG + b"2")
    paths = f"{wire}/gallery/b.png,{SESSION}/elsewhere.png"
    done = ground.apply(with_gallery(wire, paths))
    run(ground, "gallery", done.dataset_id)
    parameters = only(ground, wire).parameters
    assert parameters["ResourcesGalleryFilePaths"] == paths
    ids = parameters["ResourcesGallery"].split(" ")
    with ground.store.read() as connection:
        names = [found.filename for id_ in ids if (found := resources.get(connection, id_))]
    assert names == ["b.png", "elsewhere.png"]


def test_the_same_pictures_keep_their_ids_and_a_changed_one_gets_a_new_one(
    ground: Ground, wire: str, disk: Path
) -> None:
    path = put(disk, f"{wire}/gallery/a.png", PNG)
    put(disk, f"{wire}/gallery/b.txt", b"text")
    put(disk, f"{wire}/gallery/c.exe", b"not shown")
    done = ground.apply(message(wire))
    run(ground, "gallery", done.dataset_id)
    first = only(ground, wire).parameters
    assert first["ResourcesGalleryFilePaths"] == f"{wire}/gallery/a.png,{wire}/gallery/b.txt"
    before = changes(ground.session)
    run(ground, "gallery", done.dataset_id)
    assert changes(ground.session) == before
    path.write_bytes(PNG + b"new")
    run(ground, "gallery", done.dataset_id)
    old, new = first["ResourcesGallery"].split(), only(ground, wire).parameters["ResourcesGallery"].split()
    assert old[0] != new[0]
    assert old[1] == new[1]


def test_a_missing_picture_is_left_out_of_both_lists_and_waited_for(ground: Ground, wire: str, disk: Path) -> None:
    put(disk, f"{wire}/gallery/a.png", PNG)
    sent = with_gallery(wire, f"{wire}/gallery/gone.png,{wire}/gallery/a.png")
    done = ground.apply(sent)
    with pytest.raises(NotYet):
        run(ground, "gallery", done.dataset_id)
    assert only(ground, wire).parameters["ResourcesGalleryFilePaths"] == f"{wire}/gallery/a.png"
    assert len(only(ground, wire).parameters["ResourcesGallery"].split()) == 1
    before = changes(ground.session)
    ground.apply(sent)
    assert changes(ground.session) == before, "the shortened list must not be undone by the same message"


def test_another_list_of_pictures_takes_the_old_ids_away_until_the_gallery_is_made_again(
    ground: Ground, wire: str, disk: Path
) -> None:
    for name in "ab":
        put(disk, f"{wire}/gallery/{name}.png", PNG + name.encode())
    done = ground.apply(with_gallery(wire, f"{wire}/gallery/a.png"))
    run(ground, "gallery", done.dataset_id)
    ground.apply(with_gallery(wire, f"{wire}/gallery/b.png,{wire}/gallery/a.png"))
    assert "ResourcesGallery" not in only(ground, wire).parameters
    run(ground, "gallery", done.dataset_id)
    assert len(only(ground, wire).parameters["ResourcesGallery"].split()) == 2


def test_pictures_of_another_proposal_or_outside_are_not_taken(
    ground: Ground, wire: str, disk: Path, tmp_path: Path
) -> None:
    put(disk, "/data/visitor/hg222/id21/20250325/RAW_DATA/x/a.png", PNG)
    (tmp_path / "outside.png").write_bytes(PNG)
    others = ("/data/visitor/hg222/id21/20250325/RAW_DATA/x/a.png", str(tmp_path / "outside.png"), "/etc/hostname")
    done = ground.apply(with_gallery(wire, ",".join(others)))
    run(ground, "gallery", done.dataset_id)
    assert "ResourcesGallery" not in only(ground, wire).parameters


def test_a_picture_that_is_too_large_is_not_taken(ground: Ground, wire: str, disk: Path) -> None:
    put(disk, f"{wire}/gallery/a.png", PNG + bytes(2000))
    done = ground.apply(message(wire))
    run(ground, "gallery", done.dataset_id)
    assert "ResourcesGallery" not in only(ground, wire).parameters


# ----------------------------------------------------------------------------------------------------------- sums


def test_sums_count_raw_and_processed_data_apart() -> None:
    raw = Figures("acquisition", 1, {"__fileCount": 2, "__volume": 10, "__elapsedTime": 5})
    made = Figures("processed", 2, {"__fileCount": 1, "__volume": 3})
    total = sums([raw, made, raw])
    assert total["__datasetCount"] == 3
    assert (total["__acquisitionFileCount"], total["__processedFileCount"], total["__fileCount"]) == (4, 1, 5)
    assert (total["__acquisitionVolume"], total["__processedVolume"], total["__volume"]) == (20, 3, 23)
    assert (total["__sampleCount"], total["__elapsedTime"]) == (2, 10)
    assert set(sums([])) == set(INVESTIGATION_SUMS)
    assert set(sums([]).values()) == {0}


def test_sums_follow_the_files(ground: Ground, wire: str, disk: Path) -> None:
    put(disk, f"{wire}/a.h5", b"12345")
    raw = ground.apply(message(wire))
    made = ground.apply(processed(f"{SESSION}/PROCESSED_DATA/wire/wire_0001/x", wire))
    run(ground, "statistics", raw.dataset_id)
    label = only(ground, wire).investigation
    before = take(ground.session).sums[label]
    run(ground, "files", raw.dataset_id)
    run(ground, "statistics", made.dataset_id)
    after = take(ground.session).sums[label]
    for name in ("__volume", "__acquisitionVolume"):
        assert int(after[name]) == int(before[name]) + 5
    assert after["__processedDatasetCount"] == "1"
    assert int(after["__fileCount"]) == int(before["__fileCount"]) + 1
    unchanged = changes(ground.session)
    run(ground, "statistics", raw.dataset_id)
    assert changes(ground.session) == unchanged


def asked_for_sums(ground: Ground, *names: str) -> list[int]:
    """Datasets whose sums are to be made."""
    made = [ground.apply(message(f"{SESSION}/RAW_DATA/summed/{name}")).dataset_id for name in names]
    moment = datetime.now(UTC)
    with ground.store.begin() as connection:
        due_stages.make_due(connection, [(id_, "statistics") for id_ in made if id_ is not None], moment, moment)
    return [id_ for id_ in made if id_ is not None]


def waiting(ground: Ground, datasets: list[int]) -> int:
    mine = (ingest_stage.c.stage == "statistics", ingest_stage.c.dataset_id.in_(datasets))
    with ground.store.read() as connection:
        return connection.execute(select(func.count()).select_from(ingest_stage).where(*mine)).scalar_one()


def test_sums_are_made_once_for_all_datasets_of_a_session_that_wait_for_them(ground: Ground) -> None:
    datasets = asked_for_sums(ground, "a", "b", "c")
    run(ground, "statistics", datasets[0])
    assert waiting(ground, datasets) == 0


def test_a_change_while_sums_are_made_is_summed_up_later(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = asked_for_sums(ground, "d", "e")
    write = StatisticsStage.write

    def slow_write(stage: StatisticsStage, investigation_id: int) -> None:
        write(stage, investigation_id)
        with ground.store.begin() as connection:
            memory.want_sums(connection, investigation_id)

    with monkeypatch.context() as patched:
        patched.setattr(StatisticsStage, "write", slow_write)
        run(ground, "statistics", datasets[0])
    assert waiting(ground, datasets) == 2
    run(ground, "statistics", datasets[1])
    assert waiting(ground, datasets) == 0


def test_sums_of_a_session_are_not_made_at_every_dataset(template: Path, tmp_path: Path) -> None:
    with fresh_ground(template, tmp_path / "slow", sums_pause_seconds=3600.0) as ground:
        first = ground.apply(message(f"{SESSION}/RAW_DATA/a"))
        run(ground, "statistics", first.dataset_id)
        second = ground.apply(message(f"{SESSION}/RAW_DATA/b"))
        with pytest.raises(NotYet) as later:
            run(ground, "statistics", second.dataset_id)
        assert later.value.pause_seconds is not None
        assert 3500 < later.value.pause_seconds <= 3600
