"""Spellings of proposals, beamlines and locations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.names import Place, beamline_key, is_below, normalise_location, place, proposal_key

MOUNTS = ("/mnt/multipath-shares", "/gpfs/easy")


@pytest.mark.parametrize(
    ("one", "other"),
    [("mx4321", "MX-4321"), ("MX 4321", "mx-4321"), (" ihls3846 ", "IH-LS-3846"), ("blc99999", "BLC/99999")],
)
def test_spellings_of_one_proposal_have_one_key(one: str, other: str) -> None:
    assert proposal_key(one) == proposal_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("id30a-3", "ID30A-3"),
        ("id30a3", "ID30A-3"),
        ("id23eh1", "ID23-1"),
        ("ID23-EH2", "ID23-2"),
        ("id16a-ni", "ID16A"),
        ("id16na", "ID16B"),
        ("CM01", "cm01"),
    ],
)
def test_spellings_of_one_beamline_have_one_key(one: str, other: str) -> None:
    assert beamline_key(one) == beamline_key(other)


def test_different_beamlines_have_different_keys() -> None:
    assert len({beamline_key(name) for name in ("id30a-1", "id30a-2", "id30a-3", "id30b", "id23-1", "id23-2")}) == 6


def test_a_facility_adds_its_own_aliases() -> None:
    assert beamline_key("EH3 hutch", {"eh3-hutch": "ID29"}) == beamline_key("id29")
    assert proposal_key("old-17", {"OLD 17": "MX-4321"}) == proposal_key("mx4321")


@pytest.mark.parametrize(
    ("sent", "normalised"),
    [
        ("/data/visitor/ma1234/id11", "/data/visitor/ma1234/id11"),
        ("//data//visitor/ma1234/./id11///", "/data/visitor/ma1234/id11"),
        ("/data/visitor/ma1234/x/../id11", "/data/visitor/ma1234/id11"),
        ("/data/../../../etc/passwd", "/etc/passwd"),
        ("/mnt/multipath-shares/data/visitor/ma1234/id11", "/data/visitor/ma1234/id11"),
        ("/gpfs/easy/data/id11/inhouse/id112503", "/data/id11/inhouse/id112503"),
        ("/tmp/demo/data/visitor/ma1234/id11", "/data/visitor/ma1234/id11"),
        ("/gpfs/jazzy/data/id11/tmp/x", "/data/id11/tmp/x"),
        ("/gpfs/easy/other/place", "/other/place"),
        ("/elsewhere/data/other/place", "/elsewhere/data/other/place"),
        ("/data/visitor/MA1234", "/data/visitor/MA1234"),
        ("battery/battery_0005/", "battery/battery_0005"),
        ("../x", "../x"),
        ("/", "/"),
    ],
)
def test_a_location_has_one_spelling(sent: str, normalised: str) -> None:
    assert normalise_location(sent, MOUNTS) == normalised


@given(
    st.lists(st.sampled_from(["data", "visitor", "..", ".", "", "ma1", "inhouse", "tmp", "mnt", "a b"])).map("/".join)
)
def test_normalising_twice_changes_nothing(path: str) -> None:
    once = normalise_location("/" + path, (*MOUNTS, "/mnt", "/a b"))
    assert normalise_location(once, (*MOUNTS, "/mnt", "/a b")) == once
    assert ".." not in once.split("/")


@pytest.mark.parametrize(
    ("location", "roots", "found"),
    [
        (
            "/data/visitor/ma1234/id11/20250310/RAW_DATA/a",
            ["/data"],
            Place("ma1234", "id11", "20250310", "/data/visitor/ma1234/id11/20250310"),
        ),
        (
            "/data/id11/inhouse/ihma12/id11/20250310/RAW_DATA/a",
            ["/data/"],
            Place("ihma12", "id11", "20250310", "/data/id11/inhouse/ihma12/id11/20250310"),
        ),
        (
            "/data/id11/inhouse/id112503/20250310/a",
            ["/data"],
            Place("id112503", "id11", "20250310", "/data/id11/inhouse/id112503/20250310"),
        ),
        (
            "/srv/visitor/ma1234/id11/20250310",
            ["/srv/visitor"],
            Place("ma1234", "id11", "20250310", "/srv/visitor/ma1234/id11/20250310"),
        ),
        ("/data/visitor/ma1234/id11/RAW_DATA", ["/data"], Place("ma1234", "id11")),
        ("/data/id11/tmp/x", ["/data"], Place(scratch=True)),
        ("/data/tmp/x", ["/data"], Place(scratch=True)),
        (
            "/data/visitor/ma1234/id11/20250310/RAW_DATA/tmp",
            ["/data"],
            Place("ma1234", "id11", "20250310", "/data/visitor/ma1234/id11/20250310"),
        ),
        ("/data/other/things", ["/data"], Place()),
        ("/database/x", ["/data"], None),
        ("/etc/passwd", ["/data"], None),
    ],
)
def test_the_layout_tells_proposal_beamline_and_session(location: str, roots: list[str], found: Place | None) -> None:
    assert place(location, roots) == found


def test_a_folder_with_a_common_beginning_is_not_below() -> None:
    assert is_below("/data/a/b", "/data/a")
    assert is_below("/data/a", "/data/a/")
    assert not is_below("/data/ab", "/data/a")
