"""Documents that change while the facade runs, and documents of installed packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drac_plugins.core.settings import Settings, SettingsError
from drac_plugins.displays.documents import LiveLibrary, Places
from tests.portal.laboratory import ESRFET, Laboratory
from tests.support.catalogue import RunningCatalogue
from tests.support.facade import RunningFacade, running_facade

PARAMETERS = """\
MRT_grid:
  kind: number
  units: μm
  description: Distance of the slits of the multi-slit collimator.
"""
DOCUMENT = """\
display:
  id: radiotherapy
  title: Microbeam radiation therapy
  extends: [generic]
  selector: {techniques: [esrfet:MRT]}
  columns:
    - {id: dose, label: Dose, before: techniques, param: MRT_dose, unit: Gy, format: {digits: 1}}
    - {id: grid, label: Grid, before: techniques, param: MRT_grid, unit: mm, format: {digits: 3}}
"""
OTHER = """\
display:
  id: other
  title: Other
  extends: [generic]
  selector: {projects: [Other]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the facility keeps displays and parameters; empty in the beginning."""
    found: Path = tmp_path_factory.mktemp("facility")
    for name in ("displays", "parameters"):
        (found / name).mkdir()
    return found


@pytest.fixture(scope="module")
def running(catalogue: RunningCatalogue, folder: Path) -> Iterator[RunningFacade]:
    sections = {
        "displays": {"folders": [folder / "displays"]},
        "facility": {"parameters": [folder / "parameters"]},
    }
    with running_facade(catalogue, folder, settings=sections) as facade:
        yield facade


def health(facade: RunningFacade) -> Any:
    return facade.get("/health").json()["components"]["displays.documents"]


def test_a_new_technique_is_a_file_and_its_parameters_another_and_both_are_live_at_once(
    running: RunningFacade, folder: Path
) -> None:
    laboratory = Laboratory(running)
    values = {"technique_pid": f"{ESRFET}MRT", "MRT_dose": "300.04", "MRT_grid": "400"}
    key = laboratory.dataset(laboratory.session(), "irradiation", values=values)
    assert running.get("/displays/resolve", "ada", datasetId=key).json()["display"]["id"] == "generic"

    (folder / "parameters" / "mrt.yaml").write_text(PARAMETERS)
    (folder / "displays" / "mrt.yaml").write_text(DOCUMENT)
    answer = running.get("/displays/resolve", "ada", datasetId=key, view="true").json()
    assert answer["display"]["id"] == "radiotherapy"
    cells = {cell["id"]: (cell["text"], cell["unit"], cell["tooltip"]) for cell in answer["view"]["columns"]}
    assert cells["dose"][:2] == ("300.0", "Gy")
    assert cells["grid"] == ("0.400", "mm", "Distance of the slits of the multi-slit collimator.")

    (folder / "displays" / "mrt.yaml").write_text(DOCUMENT.replace("digits: 1", "digits: 0"))
    answer = running.get("/displays/resolve", "ada", datasetId=key, view="true").json()
    assert "300" in [cell["text"] for cell in answer["view"]["columns"]]


def test_30_a_display_file_broken_at_reload_keeps_its_last_good_version_and_health_says_so(
    running: RunningFacade, folder: Path
) -> None:
    file = folder / "displays" / "mrt.yaml"
    file.write_text(DOCUMENT)
    assert running.get("/displays/radiotherapy").status_code == 200
    file.write_text(DOCUMENT.replace("columns:", "colums:"))
    (folder / "displays" / "other.yaml").write_text(OTHER)
    columns = running.get("/displays/radiotherapy").json()["columns"]
    assert "grid" in [column["id"] for column in columns]
    assert running.get("/displays/other").status_code == 200, "documents without faults are not held up"
    found = health(running)
    assert found["state"] == "degraded"
    assert f"{file}:6: colums: there is no such key" in found["faults"]
    file.write_text(DOCUMENT)
    assert health(running)["state"] == "ok"


def test_a_document_that_is_taken_away_is_gone_unless_another_builds_on_it(
    running: RunningFacade, folder: Path
) -> None:
    file = folder / "displays" / "mrt.yaml"
    file.write_text(DOCUMENT)
    child = folder / "displays" / "z.yaml"
    child.write_text("display:\n  id: child\n  extends: [radiotherapy]\n  selector: {projects: [Child]}\n")
    assert running.get("/displays/child").json()["title"] == "Microbeam radiation therapy"
    file.unlink()
    assert running.get("/displays/child").status_code == 200
    assert "extends 'radiotherapy', but there is no such display" in health(running)["text"]
    child.unlink()
    assert running.get("/displays/radiotherapy").status_code == 404
    assert health(running)["state"] == "ok"


def test_parameters_that_cannot_be_read_change_nothing(running: RunningFacade, folder: Path) -> None:
    file = folder / "parameters" / "odd.yaml"
    file.write_text("MRT_odd: {kind: colour}\n")
    assert "odd.yaml: parameter 'MRT_odd': kind must be one of" in health(running)["text"]
    file.unlink()
    assert health(running)["state"] == "ok"


def settings(**sections: Any) -> Settings:
    return Settings.model_validate(sections)


def test_nothing_starts_with_a_broken_document(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("display: {id: [")
    with pytest.raises(SettingsError, match=r"bad\.yaml:1: not valid YAML"):
        LiveLibrary(Places.of(settings(displays={"folders": [tmp_path]})))


def test_a_document_may_be_json(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '{"display":{"id":"a","title":"A","extends":["generic"],"selector":{"projects":"A"}}}'
    )
    found = LiveLibrary(Places.of(settings(displays={"folders": [tmp_path]}))).current().get("a")
    assert found is not None
    assert found.selector.projects == ("A",)


def test_documents_of_an_installed_package_are_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "facility_displays"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "other.yaml").write_text(OTHER)
    metadata = tmp_path / "facility_displays-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: facility-displays\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[drac.displays]\nours = facility_displays\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    library = LiveLibrary(Places.of(settings())).current()
    assert library.written_for("other").source == "ours/other.yaml"
