"""`drac displays`, as a person types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner, Result

from drac_plugins.cli import main
from tests.portal.laboratory import Laboratory
from tests.support.facade import RunningFacade

ROOT = Path(__file__).parents[2]
GOOD = """\
display:
  id: beamline-mx
  title: Crystals
  extends: [mx]
  selector: {instruments: [ID30A-1], techniques: [esrfet:MX], valid: {from: 2024-01-01}}
"""
BAD = """\
display:
  id: broken
  title: Broken
  extends: [generic]
  selector: {instruments: [BM18], techniques: [esrfet:NOTHING]}
  columns:
    - {id: one, label: One, param: MX_nothing}
    - {id: two, label: Two, param: MX_transmission, unit: keV}
"""

PREVIEWED = """\
display:
  id: attenuated
  version: 7
  title: Attenuated
  extends: [mx]
  selector:
    techniques: [esrfet:MX]
    valid: {from: 2024-01-01}
    parameters: [{name: MX_transmission, op: lt, value: 99}]
  columns:
    - {id: trans, label: Attenuation, format: {kind: number, digits: 2}}
    - {id: wl, remove: true}
"""


@pytest.fixture
def settings(facade: RunningFacade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file of the facade's catalogue, named by the environment."""
    path = tmp_path / "drac.toml"
    content = {"icat": {"url": facade.catalogue.url}, "auth": {"default_plugin": "simple"}, "var": str(tmp_path)}
    path.write_text(tomli_w.dumps(content))
    monkeypatch.setenv("DRAC_CONFIG", str(path))
    return path


def drac(*arguments: str, entered: str | None = None) -> Result:
    return CliRunner().invoke(main, ["displays", *arguments], input=entered)


def test_the_displays_in_force_are_listed_with_their_files(settings: Path) -> None:
    lines = drac("list").output.splitlines()
    (line,) = [line for line in lines if line.startswith("mx ")]
    assert re.fullmatch(r"mx +version \d+ +Macromolecular crystallography +\(stock/mx\.yaml\)", line)
    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)


def test_the_documents_that_ship_with_the_engine_have_no_faults(settings: Path) -> None:
    result = drac("check")
    assert result.exit_code == 0, result.output
    assert "all well" in result.output


def test_the_example_of_the_repository_has_no_faults_and_is_not_active(settings: Path) -> None:
    result = drac("check", str(ROOT / "conf" / "displays"))
    assert result.exit_code == 0, result.output
    assert "bm18-tomography" not in drac("list").output


def test_a_bad_document_is_told_by_file_line_and_sentence(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    Path("mine/bad.yaml").write_text(BAD)
    result = drac("check", "mine")
    assert result.exit_code == 1
    assert "mine/bad.yaml:5: error: no technique is called 'esrfet:NOTHING'" in result.output
    assert "mine/bad.yaml:7: error: no parameter is called 'MX_nothing'; see the definitions" in result.output
    assert re.search(r"mine/bad\.yaml:8: error: MX_transmission .* cannot be shown in keV", result.output)
    assert re.search(r"Error: \d errors in the display documents", result.output)


def test_a_document_that_cannot_be_read_is_told_the_same_way(settings: Path, tmp_path: Path) -> None:
    file = tmp_path / "typo.yaml"
    file.write_text(GOOD.replace("title:", "titel:") + "  columns: 7\n")
    result = drac("check", str(file))
    assert result.exit_code == 1
    assert re.search(r"typo\.yaml:3: error: .*titel", result.output)
    assert re.search(r"typo\.yaml:6: error: ", result.output)
    assert "Traceback" not in result.output
    file.write_text("display: {id: [")
    assert re.search(r"typo\.yaml:1: error: ", drac("check", str(file)).output)


def test_a_file_that_is_no_text_is_told_in_a_sentence(settings: Path, tmp_path: Path) -> None:
    file = tmp_path / "binary.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    result = drac("check", str(file))
    assert result.exit_code == 1
    assert "binary.yaml: cannot be read" in result.output


def test_a_folder_of_the_settings_is_checked_too_and_counts_once(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "mx.yaml").write_text(GOOD)
    monkeypatch.setenv("DRAC_DISPLAYS__FOLDERS", f'["{folder}"]')
    assert "beamline-mx" in drac("list").output
    before = drac("check")
    assert before.exit_code == 0, before.output
    assert drac("check", str(folder), str(folder / "mx.yaml")).output == before.output
    (folder / "mx.yaml").write_text(BAD)
    assert drac("check").exit_code == 1
    monkeypatch.setenv("DRAC_DISPLAYS__FOLDERS", f'["{folder}/gone"]')
    result = drac("list")
    assert (result.exit_code, "is neither a folder nor a file" in result.output) == (1, True)


def test_a_dataset_is_resolved_and_explained_as_a_user(settings: Path, laboratory: Laboratory) -> None:
    key = str(laboratory.mx_raw(laboratory.session(), "told"))
    as_ada = ("--user", "ada", "--password", "ada")
    said = re.compile(r"mx, version \d+: Macromolecular crystallography\n$")
    assert said.match(drac("resolve", key, *as_ada).output)
    text = drac("explain", key, *as_ada).output
    assert text.startswith("told is shown as “Macromolecular crystallography” (mx, version ")
    assert "generic: mx goes first because its technique is more specific." in text
    asked = drac("resolve", key, "--user", "ada", entered="ada\n")
    assert said.search(asked.output)


def test_a_session_may_be_given_and_stays_open(settings: Path, laboratory: Laboratory, facade: RunningFacade) -> None:
    key = str(laboratory.mx_raw(laboratory.session()))
    session = facade.services.catalogue.login("simple", {"username": "ada", "password": "ada"})
    assert drac("resolve", key, "--session", session.id).exit_code == 0
    assert session.remaining_minutes() > 0
    session.logout()
    result = drac("resolve", key, "--session", session.id)
    assert (result.exit_code, "sessionid" in result.output) == (1, True)


def test_without_a_user_only_released_data_are_found(settings: Path, laboratory: Laboratory) -> None:
    key = str(laboratory.mx_raw(laboratory.session()))
    for arguments in ((), ("--user", "dee", "--password", "dee")):
        result = drac("resolve", key, *arguments)
        assert (result.exit_code, f"There is no dataset {key} that you may read" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("resolve", "x"), 2, "not a valid integer"),
        (("resolve", "0"), 2, "x>=1"),
        (("explain", "1", "--user", "ada", "--password", "wrong"), 1, "simple refuses ada"),
        (("explain", "1", "--user", "ada", "--session", "y"), 2, "not both"),
        (("check", "/nowhere/at/all"), 2, "does not exist"),
    ],
)
def test_mistakes_are_told_in_a_sentence(settings: Path, arguments: tuple[str, ...], status: int, text: str) -> None:
    result = drac(*arguments)
    assert (result.exit_code, text in result.output) == (status, True), result.output


def test_the_command_is_found_by_its_entry_point(settings: Path) -> None:
    command = [sys.executable, "-m", "drac_plugins.cli", "displays", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ))
    assert done.returncode == 0
    assert {"list", "check", "resolve", "explain"} <= set(done.stdout.split())


def test_a_preview_says_which_datasets_change_and_how(settings: Path, laboratory: Laboratory, tmp_path: Path) -> None:
    session = laboratory.session()
    kept, changed = laboratory.mx_raw(session, "kept"), laboratory.mx_raw(session, "changed", MX_transmission="50.25")
    laboratory.dataset(session, "plain")
    file = tmp_path / "attenuated.yaml"
    file.write_text(PREVIEWED)
    arguments = ("--investigation", str(session), "--user", "ada", "--password", "ada")
    lines = drac("preview", str(file), *arguments).output.splitlines()
    assert lines[0] == "3 datasets, 1 of which change."
    assert re.fullmatch(r"mx, version \d+ → attenuated, version 7: 1 dataset", lines[2])
    assert lines[3] == f"  changed ({changed})"
    assert str(kept) not in "".join(lines)
    assert "  - title differs" in lines
    assert "  - column Transmission is called Attenuation" in lines
    assert "    column Attenuation: 50.2 % → 50.25 %" in lines
    assert "    column Wavelength goes" in lines
    assert drac("list").output.count("attenuated") == 0, "nothing goes live"


def test_a_preview_of_what_is_in_force_says_that_nothing_changes(
    settings: Path, laboratory: Laboratory, tmp_path: Path
) -> None:
    session = laboratory.session()
    laboratory.mx_raw(session)
    file = tmp_path / "other.yaml"
    file.write_text(PREVIEWED.replace("lt, value: 99", "gt, value: 99"))
    result = drac("preview", str(file), "--investigation", str(session), "--user", "ada", "--password", "ada")
    assert (result.exit_code, result.output) == (0, "1 datasets, 0 of which change.\n")


def test_a_preview_needs_to_know_which_datasets(settings: Path, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(PREVIEWED)
    result = drac("preview", str(tmp_path / "a.yaml"))
    assert (result.exit_code, "give --from, --until or --investigation" in result.output) == (2, True)


def test_the_schema_is_printed(settings: Path) -> None:
    assert json.loads(drac("schema").output)["title"] == "Display document"
