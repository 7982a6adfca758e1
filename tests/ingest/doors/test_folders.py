"""Datasets that were never announced, from what lies in their folders; and folders that are watched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

from drac_plugins.core.inbox import Filter, Inbox
from drac_plugins.core.settings import Ingest, Settings
from drac_plugins.core.storage import Store, upgrade
from ingest.commands import ingest
from ingest.domain import DatasetMessage
from ingest.enrich.files import queue_of
from ingest.enrich.folder import Given, Recovered, of_folder
from ingest.enrich.hdf5 import Unreadable, read_hdf5
from ingest.parse.xml import parse
from ingest.watching import Watcher
from tests.ingest.apply.ground import MESSAGES

SESSION = "visitor/ma1234/id11/20250310"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        var=tmp_path / "var", ingest=Ingest(path_map={"/data": tmp_path / "data"}, watch_settle_seconds=0.2)
    )


def dataset_folder(tmp_path: Path, name: str = "rod_0007", kind: str = "RAW_DATA") -> Path:
    folder = tmp_path / "data" / SESSION / kind / "rod" / name
    folder.mkdir(parents=True)
    return folder


def bliss_file(path: Path, **more: Any) -> Path:
    """Scans 1.1, 2.1 and 10.1 as BLISS writes them."""
    with h5py.File(path, "w") as file:
        file.attrs.update(NX_class="NXroot", creator="Bliss", file_time="2025-03-10T14:00:00.250+01:00")
        for number, end in (("1.1", "14:05"), ("10.1", "14:20"), ("2.1", "14:10")):
            entry = file.create_group(number)
            entry.attrs["NX_class"] = "NXentry"
            entry["title"] = "ascan samy 0 1 10 0.1"
            entry["start_time"] = "2025-03-10T14:00:01+01:00"
            entry["end_time"] = f"2025-03-10T{end}:00+01:00"
            sample = entry.create_group("sample")
            sample["name"] = "rod A"
            sample["description"] = "a rod"
            detector = entry.create_group("instrument/detector01")
            detector["x_pixel_size"] = 0.000055
            detector["x_pixel_size"].attrs["units"] = "m"
            entry["instrument/positioners/value"] = np.array([1.0, 2.5])
            for place, value in more.items():
                entry[place] = value
    return path


def read(found: Recovered, settings: Settings) -> DatasetMessage:
    said = parse(found.body, settings)
    assert isinstance(said, DatasetMessage)
    return said


# ------------------------------------------------------------------------------------------------------ folders


def test_an_acquisition_file_tells_its_dataset(tmp_path: Path, settings: Settings) -> None:
    folder = dataset_folder(tmp_path)
    bliss_file(folder / "rod_0007.h5")
    found = of_folder(folder, settings)
    said = read(found, settings)
    assert said.location == f"/data/{SESSION}/RAW_DATA/rod/rod_0007"
    assert (said.proposal, said.beamline, said.name) == ("ma1234", "id11", "0007")
    assert said.start == datetime(2025, 3, 10, 13, 0, 0, 250000, tzinfo=UTC)
    assert said.end == datetime(2025, 3, 10, 13, 20, tzinfo=UTC), "10.1 is the last entry, not 2.1"
    assert said.complete
    assert said.sample is not None
    assert said.sample.name == "rod A"
    values = dict(said.parameters)
    assert values["Sample_description"] == "a rod"
    assert float(values["InstrumentDetector01_x_pixel_size"]) == pytest.approx(55.0), "micrometres, as defined"
    assert values["InstrumentPositioners_value"] == "1.0 2.5"
    assert values["datasetName"] == "0007"
    assert "__recovered" not in values
    assert of_folder(folder, settings).body == found.body, "the same again"


def test_the_message_that_was_not_sent_is_the_best_source(tmp_path: Path, settings: Settings) -> None:
    folder = dataset_folder(tmp_path)
    bliss_file(folder / "rod_0007.h5")
    unsent = folder.parents[1] / "__icat__" / "rod_0007.xml"
    unsent.parent.mkdir()
    body = of_folder(folder, settings, Given(sample="from the message")).body
    unsent.write_bytes(body)
    found = of_folder(folder, settings)
    assert found.body == body
    assert found.source.startswith("message ")
    unsent.write_bytes(body[:100])
    with pytest.raises(Unreadable, match="no usable message"):
        of_folder(folder, settings)


def test_a_metadata_file_goes_before_the_hdf5_file(tmp_path: Path, settings: Settings) -> None:
    folder = dataset_folder(tmp_path, "run_01_01_datacollection")
    document = {
        "proposal": "ma1234",
        "beamlineID": "ID11",
        "startDate": "2025-03-10T15:00:00+01:00",
        "endDate": "2025-03-10T15:01:00+01:00",
        "Sample_name": "LYSO-x01",
        "MX_exposureTime": 0.1,
        "MX_motors_value": [1, 2],
        "experimentPlan": [{"a": 1}],
        "lims": {"b": 2},
        "strange": {"c": 3},
    }
    (folder / "metadata.json").write_text(json.dumps(document))
    found = of_folder(folder, settings)
    said = read(found, settings)
    assert said.name == "run_01_01_datacollection"
    values = dict(said.parameters)
    assert (values["MX_exposureTime"], values["MX_motors_value"]) == ("0.1", "1 2")
    assert not {"experimentPlan", "lims", "strange"} & values.keys()
    assert any("strange" in warning for warning in found.warnings)


def test_of_a_folder_without_metadata_only_the_times_are_known(tmp_path: Path, settings: Settings) -> None:
    folder = dataset_folder(tmp_path)
    for name, moment in (("a.tif", 1_700_000_000), ("b.tif", 1_700_000_600)):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (moment, moment))
    said = read(of_folder(folder, settings), settings)
    assert (said.end - said.start).total_seconds() == 600
    assert not said.complete
    assert dict(said.parameters)["__recovered"] == "true"
    assert said.sample is not None
    assert said.sample.name == "rod"


def test_inputs_of_a_result_are_found_in_its_links(tmp_path: Path, settings: Settings) -> None:
    raw = bliss_file(dataset_folder(tmp_path) / "rod_0007.h5")
    folder = dataset_folder(tmp_path, "integrate", "PROCESSED_DATA")
    with h5py.File(bliss_file(folder / "integrate.h5"), "a") as file:
        file["1.1/raw"] = h5py.ExternalLink(os.path.relpath(raw, folder), "/1.1")
        file["1.1/own"] = h5py.ExternalLink("integrate.h5", "/1.1")
    said = read(of_folder(folder, settings), settings)
    assert said.input_paths == (f"/data/{SESSION}/RAW_DATA/rod/rod_0007/rod_0007.h5",)
    told = read(of_folder(folder, settings, Given(inputs=("/data/visitor/x",))), settings)
    assert told.input_paths == ("/data/visitor/x",)


def test_a_folder_elsewhere_is_refused_with_what_to_do(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(Unreadable, match=r"ingest\.path_map"):
        of_folder(tmp_path, settings)


# -------------------------------------------------------------------------------------------------- hostile HDF5


def test_a_file_that_is_cut_off_is_said_to_be(tmp_path: Path) -> None:
    whole = bliss_file(tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unreadable, match="cut off"):
        read_hdf5(tmp_path / "a.h5")


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", b"\x89HDF\r\n\x1a\n" + b"\xff" * 4000])
def test_what_is_no_hdf5_file_is_said_to_be(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(Unreadable, match=r"a\.h5"):
        read_hdf5(tmp_path / "a.h5")


def test_a_file_that_is_being_written_is_read(tmp_path: Path) -> None:
    path = bliss_file(tmp_path / "a.h5")
    with h5py.File(path, "a") as writer:
        writer["1.1"].attrs["now"] = 1
        assert read_hdf5(path).start is not None


def test_a_file_that_is_written_for_readers_beside_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    code = (
        "import h5py, sys, time\n"
        f"f = h5py.File({str(path)!r}, 'w', libver='latest')\n"
        "e = f.create_group('1.1'); e.attrs['NX_class'] = 'NXentry'; e['sample/name'] = 'rod'\n"
        "f.attrs['file_time'] = '2025-03-10T14:00:00+01:00'\n"
        "d = e.create_dataset('counts', (0,), maxshape=(None,), chunks=(10,))\n"
        "f.swmr_mode = True\n"
        "print('writing', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        found = read_hdf5(path)
        writer.communicate("")
    assert found.parameters["Sample_name"] == "rod"


def test_links_out_of_a_file_are_not_followed(tmp_path: Path) -> None:
    secret = bliss_file(tmp_path / "secret.h5")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        entry = file.create_group("1.1")
        entry["sample"] = h5py.ExternalLink(str(secret), "/1.1/sample")
        entry["instrument"] = h5py.SoftLink("/1.1/instrument")
        entry["notes"] = h5py.SoftLink("/1.1/sample")
    found = read_hdf5(tmp_path / "a.h5")
    assert "Sample_name" not in found.parameters
    assert found.external == (str(secret),)


def test_values_without_measure_are_left_out(tmp_path: Path) -> None:
    path = bliss_file(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        sample = file["1.1/sample"]
        del sample["description"]
        sample.create_dataset("description", shape=(10**12,), dtype="f8", chunks=(10**6,), compression="gzip")
        sample["notes"] = h5py.Empty("f8")
        del file["1.1/instrument/detector01/x_pixel_size"]
        file["1.1/instrument/detector01/x_pixel_size"] = 1.0
        file["1.1/instrument/detector01/x_pixel_size"].attrs["units"] = "parsec/**" * 50
    found = read_hdf5(path)
    assert "Sample_notes" not in found.parameters
    assert "InstrumentDetector01_x_pixel_size" not in found.parameters
    assert found.warnings


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.h5")
    with pytest.raises(Unreadable, match="no plain file"):
        read_hdf5(tmp_path / "a.h5")


def test_a_reader_that_takes_for_ever_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="within 0 s"):
        read_hdf5(bliss_file(tmp_path / "a.h5"), timeout=0.01)


# ----------------------------------------------------------------------------------------------------- commands


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """The commands with a store and a path map, and nobody who answers for the catalogue."""
    for name, value in {
        "VAR": tmp_path / "var",
        "STORE__URL": f"sqlite:///{tmp_path / 'store.sqlite'}",
        "ICAT__URL": "http://127.0.0.1:9",
        "INGEST__PATH_MAP": f'{{"/data" = "{tmp_path / "data"}"}}',
        "INGEST__WATCH_SETTLE_SECONDS": "0.1",
    }.items():
        monkeypatch.setenv(f"DRAC_{name}", str(value))
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    upgrade(store)
    yield Inbox(store)
    store.close()


def run(*arguments: object) -> str:
    result = CliRunner().invoke(ingest, [str(part) for part in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_message_of_the_corpus_finds_its_queue(settings: Settings) -> None:
    expected = {"66": "rescheduleInvestigation", "70": "rescheduleInvestigation", "85": "icatDataFiles"}
    expected |= dict.fromkeys(("80", "81", "82"), "icatArchiveRestoreStatus")
    expected |= dict.fromkeys(("83", "84"), "icatUpdateDatasetMetadata")
    for path in MESSAGES.glob("*-*.*"):
        queue = queue_of(path.read_bytes(), settings)
        assert queue == expected.get(path.name[:2], "icatIngest"), path.name


def test_files_and_folders_go_through_the_same_door(tmp_path: Path, configured: Inbox) -> None:
    folder = dataset_folder(tmp_path)
    bliss_file(folder / "rod_0007.h5")
    assert "made from rod_0007.h5" in run("folder", folder, "--timeout", 0, "--set", "Process_note=by hand")
    assert "made from rod_0007.h5" in run("file", folder / "rod_0007.h5", "--timeout", 0)
    run("file", next(MESSAGES.glob("85-*")), "--timeout", 0)
    assert [entry.queue for entry in configured.list()] == ["icatIngest", "icatIngest", "icatDataFiles"]
    shown = run("folder", folder, "--dry-run", "--input", "/data/visitor/a", "--sample", "S")
    assert "input_datasets" in shown
    assert len(configured.list()) == 3


def test_a_folder_that_tells_nothing_is_an_error_in_words(tmp_path: Path, configured: Inbox) -> None:
    (tmp_path / "x").mkdir()
    result = CliRunner().invoke(ingest, ["folder", str(tmp_path / "x")])
    assert result.exit_code != 0


def test_watching_once_takes_what_is_there_and_after_that_only_what_is_new(tmp_path: Path, configured: Inbox) -> None:
    folder = dataset_folder(tmp_path)
    bliss_file(folder / "rod_0007.h5")
    (folder / "data.json").write_text('{"nothing": "of ours"}')
    (tmp_path / "data" / "message.xml").write_bytes(next(MESSAGES.glob("10-*")).read_bytes())
    (tmp_path / "data" / "broken.xml").write_bytes(b"<tns:dataset")
    time.sleep(0.3)
    run("watch", "--once", tmp_path / "data")
    assert configured.count() == 2
    assert run("watch", "--once", tmp_path / "data") == ""
    bliss_file(folder / "rod_0007.h5", definition="XRD")
    time.sleep(0.3)
    run("watch", "--once", tmp_path / "data")
    assert configured.count() == 3


# ----------------------------------------------------------------------------------------------------- watching


@pytest.mark.parametrize("polling", [False, True])
def test_files_that_appear_are_taken_when_they_have_settled(
    tmp_path: Path, settings: Settings, configured: Inbox, polling: bool
) -> None:
    watched = tmp_path / "data"
    watched.mkdir()
    said: list[str] = []
    watcher = Watcher(configured, settings, [watched], say=said.append)
    stopping = threading.Event()
    thread = threading.Thread(target=lambda: watcher.run(stopping, polling=polling))
    thread.start()
    try:
        body = next(MESSAGES.glob("11-*")).read_bytes()
        target = watched / "message.xml"
        time.sleep(0.5)
        for end in (500, 1000, len(body)):
            target.write_bytes(body[:end])
            time.sleep(0.05)
        end_of_patience = time.monotonic() + 20
        while not configured.count() and time.monotonic() < end_of_patience:
            time.sleep(0.05)
    finally:
        stopping.set()
        thread.join()
    entries = configured.list(Filter())
    assert [configured.show(entry.id).body for entry in entries] == [body], said


def test_what_cannot_be_read_is_noted_and_tried_again_when_it_changes(
    tmp_path: Path, settings: Settings, configured: Inbox
) -> None:
    path = dataset_folder(tmp_path) / "rod_0007.h5"
    path.write_bytes(b"not yet")
    said: list[str] = []
    later = [time.time() + 100]
    watcher = Watcher(configured, settings, [tmp_path / "data"], say=said.append, clock=lambda: later[0])

    def round_() -> None:
        watcher.look(watcher.candidates())
        watcher.settled()
        watcher.settled()

    round_()
    round_()
    assert len(said) == 1
    assert "no HDF5 file" in said[0]
    bliss_file(path)
    round_()
    assert configured.count() == 1
