"""Sessions of the user office: read from files or a facility's own package, and brought into the catalogue."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.settings import Ingest, Settings, SettingsError, UserOffice
from drac_plugins.core.useroffice import user_office
from drac_plugins.core.useroffice.files import Files
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Eq
from ingest.domain import InvestigationMessage
from tests.ingest.apply.ground import Ground, ground_on, message
from tests.support.catalogue import RunningCatalogue

PARIS = ZoneInfo("Europe/Paris")
YAML = """
sessions:
  - id: 4711
    proposal: ma-777
    beamline: id11
    start: 2025-05-06T08:00:00
    end: 2025-05-07T08:00:00
    title: Rods under load
    team:
      - {name: simple/ada, role: Principal investigator, fullName: Ada ACKERMANN, email: ada@example.org}
      - simple/bo
"""
CSV = """id,proposal,beamline,start,end,title,team
4712,MA777,ID21,2025-05-10T08:00:00,2025-05-11T08:00:00+02:00,Rods again,simple/ada: Local contact; simple/bo
"""


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    path = tmp_path / "sessions.yaml"
    path.write_text(YAML)
    return path


@pytest.fixture
def ground(server: RunningCatalogue, tmp_path: Path, sessions: Path) -> Iterator[Ground]:
    """With a user office made of two files, in a catalogue that does not know MA-777."""
    other = tmp_path / "more.csv"
    other.write_text(CSV)
    office = UserOffice(name="files", files=(sessions, other))
    found = ground_on(server, tmp_path, user_office=office)
    standing = {row[0] for row in found.session.rows(Select("Investigation", ["id"]))}
    yield found
    found.session.delete("Dataset", [row[0] for row in found.session.rows(Select("Dataset", ["id"]))])
    made = [row[0] for row in found.session.rows(Select("Investigation", ["id"])) if row[0] not in standing]
    found.session.delete("Investigation", made)
    found.close()


def investigations(ground: Ground, name: str = "MA-777") -> list[tuple[Any, ...]]:
    columns = ["visitId", "title", "startDate", "endDate", "id"]
    return sorted(ground.session.rows(Select("Investigation", columns, Eq("name", name))), key=lambda row: row[2])


def start(moment: datetime, beamline: str = "id11", **more: Any) -> InvestigationMessage:
    return InvestigationMessage("ma777", beamline, moment, **more)


def test_a_start_of_a_session_brings_the_sessions_of_the_proposal(ground: Ground) -> None:
    done = ground.apply(start(datetime(2025, 5, 6, 9, tzinfo=UTC)))
    first, second = investigations(ground)
    assert (first[1], first[2], first[3]) == (
        "Rods under load",
        datetime(2025, 5, 6, 8, tzinfo=PARIS),
        datetime(2025, 5, 7, 8, tzinfo=PARIS),
    )
    assert second[1] == "Rods again"
    assert done.investigation_id == first[4]
    team = Select("InvestigationUser", ["user.name", "role", "user.fullName"], Eq("investigation.id", first[4]))
    assert sorted(ground.session.rows(team)) == [
        ("simple/ada", "Principal investigator", "Ada ACKERMANN"),
        ("simple/bo", "Participant", None),
    ]
    ground.apply(start(datetime(2025, 5, 6, 9, tzinfo=UTC)))
    assert len(investigations(ground)) == 2


def test_a_dataset_without_a_session_asks_the_user_office_first(ground: Ground) -> None:
    location = "/data/visitor/ma777/id11/20250506/RAW_DATA/a/a_1"
    sent = {
        "proposal": "ma777",
        "start": datetime(2025, 5, 6, 9, tzinfo=UTC),
        "end": datetime(2025, 5, 6, 10, tzinfo=UTC),
    }
    done = ground.apply(message(location, **sent))
    assert done.investigation_id == investigations(ground)[0][4]
    assert len(investigations(ground)) == 2


def test_what_the_user_office_does_not_know_still_gets_a_session_of_its_own(ground: Ground) -> None:
    ground.apply(start(datetime(2024, 1, 1, tzinfo=UTC)))
    assert investigations(ground)[0][1] == "MA-777 ID11 (not in the user office)"


def test_a_session_that_has_moved_keeps_id_and_data(ground: Ground, sessions: Path) -> None:
    first = ground.apply(start(datetime(2025, 5, 6, 9, tzinfo=UTC))).investigation_id
    sessions.write_text(
        YAML.replace("2025-05-06", "2025-06-16").replace("2025-05-07", "2025-06-17").replace("id11", "id29")
    )
    request = InvestigationMessage("", "", datetime(2025, 6, 16, 12, tzinfo=UTC), first)
    for _ in range(2):
        assert ground.apply(request).investigation_id == first
    row = next(row for row in investigations(ground) if row[4] == first)
    assert row[2:4] == (datetime(2025, 6, 16, 8, tzinfo=PARIS), datetime(2025, 6, 17, 8, tzinfo=PARIS))
    where = Eq("investigation.id", first or 0)
    assert ground.session.rows(Select("InvestigationInstrument", ["instrument.name"], where)) == [("ID29",)]
    query = Select("InvestigationParameter", ["type.name", "stringValue"], where)
    shown = dict(ground.session.rows(query))
    assert shown["Id"] == "4711"
    assert shown["actualStartDate"] == "2025-06-16T12:00:00+00:00"
    assert shown["actualEndDate"] == "2025-06-17T12:00:00+00:00"
    again = ground.apply(start(datetime(2025, 6, 16, 9, tzinfo=UTC), "id29"))
    assert again.investigation_id == first


def test_while_the_user_office_is_away_nothing_is_made_up(ground: Ground, sessions: Path) -> None:
    known = ground.apply(start(datetime(2025, 5, 6, 9, tzinfo=UTC))).investigation_id
    sessions.unlink()
    assert ground.apply(start(datetime(2025, 5, 6, 10, tzinfo=UTC))).investigation_id == known
    with pytest.raises(Unavailable):
        ground.apply(start(datetime(2024, 1, 1, tzinfo=UTC)))
    assert len(investigations(ground)) == 2


# -------------------------------------------------------------------------------------------------------- files


def office(path: Path) -> Files:
    return Files([path], PARIS)


def test_both_kinds_of_files_say_the_same(tmp_path: Path, sessions: Path) -> None:
    table = tmp_path / "s.csv"
    table.write_text(CSV)
    one, other = office(sessions).session("4711"), office(table).session("4712")
    assert one is not None
    assert other is not None
    assert [m.name for m in one.team] == [m.name for m in other.team] == ["simple/ada", "simple/bo"]
    assert other.team[0].role == "Local contact"
    assert other.start == datetime(2025, 5, 10, 8, tzinfo=PARIS)
    assert [s.id for s in office(sessions).sessions("MA 777")] == ["4711"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- {id: 1}", "proposal, beamline, start, end missing"),
        ("- {id: 1, proposal: a1, beamline: b, start: 2025-01-02, end: 2025-01-01}", "ends before"),
        ("- {id: 1, proposal: a1, beamline: b, start: soon, end: 2025-01-01}", "is no date"),
        ("- {id: 1, proposal: a1, beamline: b, start: 2025-01-01, end: 2025-01-02, x: 1}", "unknown x"),
        ("- {id: 1, proposal: a1, beamline: b, start: 2025-01-01, end: 2025-01-02, team: [{role: x}]}", "a name"),
        ("- {id: 1, proposal: a1, beamline: b, start: 2025-01-01, end: 2025-01-02}\n" * 2, "there twice"),
        ("hello", "list of sessions"),
        ("[", "not valid YAML"),
    ],
)
def test_a_mistake_in_a_file_is_told_at_the_start(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=words):
        office(path)


def test_a_file_that_is_spoiled_later_is_used_again_when_it_is_mended(sessions: Path) -> None:
    found = office(sessions)
    sessions.write_text("[")
    with pytest.raises(Unavailable, match="not valid YAML"):
        found.session("4711")
    sessions.write_text(YAML)
    assert found.session("4711") is not None


# ------------------------------------------------------------------------------------------------ entry points


@pytest.fixture
def own_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package of a facility, installed as pip does it: a module and its metadata on the path."""
    (tmp_path / "our_office.py").write_text(
        "class Office:\n"
        "    def __init__(self, options): self.options = options\n"
        "    def sessions(self, proposal): return []\n"
        "    def session(self, session_id): return None\n"
        "def make(settings): return Office(settings.ingest.user_office.options)\n"
        "def wrong(settings): return 1\n"
    )
    metadata = tmp_path / "our_office-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: our-office\nVersion: 1.0\n")
    points = "ours = our_office:make\nwrong = our_office:wrong\nbroken = our_office:nothing\n"
    (metadata / "entry_points.txt").write_text(f"[drac.useroffice]\n{points}")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("our_office", None)


def settings(name: str | None, **more: Any) -> Settings:
    return Settings(ingest=Ingest(user_office=UserOffice(name=name, **more)))


def test_a_user_office_of_the_facility_is_found_by_its_entry_point(own_package: None) -> None:
    found: Any = user_office(settings("ours", options={"url": "https://office.example"}))
    assert found.options == {"url": "https://office.example"}


@pytest.mark.parametrize(
    ("name", "words"), [("missing", "there are: .*files"), ("wrong", "no user office"), ("broken", "cannot be loaded")]
)
def test_a_user_office_that_cannot_be_used_is_an_error_at_the_start(own_package: None, name: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        user_office(settings(name))


def test_without_a_name_there_is_no_user_office() -> None:
    assert user_office(settings(None)) is None
