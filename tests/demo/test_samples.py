"""The sample data of the demonstration: real files, announced without a complaint of the producer."""

from __future__ import annotations

import warnings
from pathlib import Path

import h5py
import pytest
from PIL import Image
from pyicat_plus.client.main import IcatClient

from drac_plugins.demo import facility, rules
from drac_plugins.demo.announcement import Announcement
from drac_plugins.demo.commands import DATASETS
from drac_plugins.demo.producer import announcements


@pytest.fixture(scope="module")
def announced(tmp_path_factory: pytest.TempPathFactory) -> list[Announcement]:
    return list(announcements(tmp_path_factory.mktemp("samples") / "data"))


def test_as_many_datasets_are_announced_as_the_demonstration_waits_for(announced: list[Announcement]) -> None:
    assert len(announced) == DATASETS


def test_every_folder_is_announced_once(announced: list[Announcement]) -> None:
    paths = [announcement.path for announcement in announced]
    assert len(set(paths)) == len(paths)


def test_every_input_is_announced_and_some_come_after_their_result(announced: list[Announcement]) -> None:
    position = {announcement.path: number for number, announcement in enumerate(announced)}
    links = [(position[raw], number) for number, announcement in enumerate(announced) for raw in announcement.raw]
    assert any(raw > result for raw, result in links)


def test_the_producer_accepts_all_metadata(announced: list[Announcement], tmp_path: Path) -> None:
    client = IcatClient(metadata_urls=["127.0.0.1:1"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for announcement in announced:
            client.store_processed_data(
                beamline=announcement.beamline,
                proposal=announcement.proposal,
                dataset=announcement.dataset,
                path=str(announcement.path),
                metadata=dict(announcement.metadata),
                raw=[str(path) for path in announcement.raw] or ["/data/visitor/x"],
                store_filename=str(tmp_path / "message.xml"),
                strict=True,
            )


def test_every_hdf5_file_has_a_nexus_default_plot(announced: list[Announcement]) -> None:
    files = [file for announcement in announced for file in announcement.path.glob("*.h5")]
    assert len(files) > 20
    for path in files:
        with h5py.File(path) as file:
            entry = file[file.attrs["default"]]
            plot = entry[entry.attrs["default"]]
            assert (entry.attrs["NX_class"], plot.attrs["NX_class"]) == ("NXentry", "NXdata")
            assert plot[plot.attrs["signal"]].size > 0


def test_no_picture_is_blank(announced: list[Announcement]) -> None:
    pictures = [picture for announcement in announced for picture in (announcement.path / "gallery").glob("*")]
    assert len(pictures) > 40
    for path in pictures:
        with Image.open(path) as picture:
            low, high = picture.convert("L").getextrema()
            assert low < high


def test_the_guinier_fit_finds_the_radius_of_gyration_of_the_sphere(announced: list[Announcement]) -> None:
    fitted = next(a.metadata["SAXS_guinier_rg"] for a in announced if a.dataset == "bsa_subtracted")
    value, deviation = (float(part) for part in fitted.split("±"))
    assert value == pytest.approx(2.6 * 0.6**0.5, rel=0.05)
    assert deviation < 0.1


def test_every_rule_fits_into_its_column() -> None:
    found = list(rules.rules(facility.document()["access"]))
    assert found
    assert max(len(what) for _, _, what in found) <= 1024
    assert len(set(found)) == len(found)


def test_a_rule_joins_along_its_path() -> None:
    assert rules.statement("Sample", ["investigation", "investigationUsers", "user"], "{v}.name = :user") == (
        "SELECT o FROM Sample o JOIN o.investigation AS s1 JOIN s1.investigationUsers AS s2 JOIN s2.user AS s3 "
        "WHERE s3.name = :user"
    )
