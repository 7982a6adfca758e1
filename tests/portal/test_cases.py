"""Situations that pages and interface must get right, whatever the display says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.portal.laboratory import Laboratory, Visitor, text_of
from tests.support.catalogue import RunningCatalogue
from tests.support.facade import RunningFacade, running_facade

Visit = Callable[..., Visitor]


def test_a_result_whose_raw_data_nobody_registered_yet_says_so(visit: Visit, laboratory: Laboratory) -> None:
    """Case 20."""
    session = laboratory.session()
    values = {"input_datasets": "/data/visitor/po/raw_of_tomorrow", "Process_program": "autoPROC"}
    key = laboratory.dataset(session, "early", type="processed", values=values)
    ada = visit("ada")
    assert "Input not catalogued yet: /data/visitor/po/raw_of_tomorrow" in text_of(ada.page(f"/portal/datasets/{key}"))
    text = text_of(ada.page(f"/portal/investigations/{session}"))
    assert "Results without raw data here Compare early autoPROC early" in text
    assert "1 input not catalogued yet" in text


def test_a_result_older_than_its_raw_data_is_shown_like_any_other(visit: Visit, laboratory: Laboratory) -> None:
    """Case 20."""
    session = laboratory.session()
    raw = laboratory.mx_raw(session, "later")
    early = datetime(2026, 3, 1, tzinfo=UTC)
    key = laboratory.dataset(session, "earlier", type="processed", inputs=[raw], start=early)
    ada = visit("ada")
    assert f"/portal/datasets/{raw}" in ada.page(f"/portal/datasets/{key}")
    assert f"/portal/datasets/{key}" in ada.page(f"/portal/investigations/{session}")


def test_of_inputs_in_a_foreign_session_only_the_number_is_shown(
    visit: Visit, laboratory: Laboratory, facade: RunningFacade
) -> None:
    """Case 21."""
    mine, foreign = laboratory.session(), laboratory.session(team={"dee": "Principal investigator"}, instrument="BM18")
    seen = laboratory.mx_raw(mine, "seen")
    hidden = laboratory.datasets(foreign, [{"name": f"hidden_{i}", "location": f"/data/secret/{i}"} for i in range(2)])
    values = {
        "input_datasets": "/data/visitor/po/seen,/data/secret/0,/data/secret/1",
        "input_datasetNames": "seen hidden_0 hidden_1",
        "__full_input_datasetNames": "seen hidden_0 hidden_1",
        "__full_input_datasetIds": f"{seen} {hidden[0]} {hidden[1]}",
        "Process_program": "XSCALE",
        "scanType": "integration",
    }
    key = laboratory.dataset(mine, "merged", type="processed", inputs=[seen, *hidden], values=values)
    ada = visit("ada")
    page = ada.page(f"/portal/datasets/{key}")
    assert "2 more that you may not see." in page
    assert "seen" in page
    session = ada.page(f"/portal/investigations/{mine}")
    assert "3 inputs" in session
    view = facade.get("/displays/resolve", "ada", datasetId=key, view="true", explain="true")
    assert view.json()["view"]["related"] == {"hiddenInputs": 2, "awaitedInputs": []}
    for text in (page, session, view.text):
        assert "hidden_" not in text
        assert "/data/secret" not in text
        assert f"/datasets/{hidden[0]}" not in text
    assert set(_named_datasets(view.json())).isdisjoint(hidden)


def _named_datasets(part: Any, name: str = "") -> Iterator[int]:
    """Every id of a dataset in a JSON answer: numbers under a key that says so, and lists of ids in texts."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _named_datasets(value, key)
    elif isinstance(part, list):
        for value in part:
            yield from _named_datasets(value, name)
    elif isinstance(part, int) and "dataset" in name.lower():
        yield part
    elif isinstance(part, str) and part.replace(" ", "").isdecimal():
        yield from map(int, part.split())


def test_results_that_the_reader_may_not_see_leave_no_trace(
    visit: Visit, laboratory: Laboratory, facade: RunningFacade
) -> None:
    """Case 31."""
    opened = laboratory.session(releaseDate=datetime(2020, 1, 1, tzinfo=UTC))
    closed = laboratory.session()
    raw = laboratory.mx_raw(opened, "public", output_datasetNames="secret_result", output_datasetIds="")
    result = laboratory.mx_result(closed, "secretPROC", [raw], mean_I_over_sigI="15")
    nobody, ada = visit(), visit("ada")
    assert "secretPROC" in ada.page(f"/portal/datasets/{raw}")
    for path in (f"/portal/datasets/{raw}", f"/portal/investigations/{opened}"):
        page = nobody.page(path)
        assert "secret" not in page
        assert f"/portal/datasets/{result}" not in page
        assert "Best result" not in page
        assert "Best:" not in page
    view = facade.get("/displays/resolve", datasetId=raw, view="true").json()["view"]
    assert view["best"] is None
    columns = {cell["id"]: cell for cell in view["columns"]}
    assert (columns["best_sg"]["missing"], columns["outs"]["text"]) == (True, "0")


def test_markup_in_notes_names_and_values_is_shown_as_text(visit: Visit, laboratory: Laboratory) -> None:
    """Case 29."""
    evil = "<script>alert('x')</script><img src=x onerror=alert(1)>"
    session = laboratory.session(title=f"Title {evil}")
    values = {
        "Notes_note_00": f"Note {evil}",
        "Sample_name": f"Sample {evil}",
        "MX_template": f'Template {evil}" onmouseover="alert(1)',
        "MX_transmission": evil,
        "Workflow_type": evil,
        "ResourcesGallery": '"><script>alert(1)</script>',
        "ResourcesGalleryFilePaths": f"gallery/{evil}.png",
    }
    raw = laboratory.mx_raw(session, f"run {evil}", **values)
    laboratory.mx_result(session, f"PROC {evil}", [raw], mean_I_over_sigI=evil, MXAutoprocIntegration_space_group=evil)
    ada = visit("ada")
    for path in ("/portal/", f"/portal/investigations/{session}", f"/portal/datasets/{raw}"):
        page = ada.page(path)
        assert "<script>" not in page
        assert "<img src=x" not in page
        assert '" onmouseover="' not in page
        assert "&lt;script&gt;" in page


def test_techniques_named_in_other_ways_do_not_break_a_page(visit: Visit, laboratory: Laboratory) -> None:
    values = {
        "technique_pid": "http://purl.org/pan-science/ESRFET#MX nonsense javascript:alert(1)",
        "definition": "('SAXS',)",
    }
    key = laboratory.dataset(laboratory.session(), "odd", values=values)
    assert "display mx" in visit("ada").page(f"/portal/datasets/{key}")


@pytest.mark.parametrize("name", ["MX_crystalPositionName", "MX_positionName"])
def test_19_a_saved_filter_finds_data_from_both_sides_of_a_renaming(
    facade: RunningFacade, laboratory: Laboratory, name: str
) -> None:
    session = laboratory.session()
    old = laboratory.mx_raw(session, "old", MX_crystalPositionName="pos7")
    new = laboratory.mx_raw(session, "new", MX_positionName="pos7")
    laboratory.mx_raw(session, "other", MX_positionName="pos8")
    query = {"investigationIds": session, "parameters": f"{name}~eq~pos7"}
    found = facade.get("/catalogue/datasets", "ada", **query).json()
    assert sorted(dataset["id"] for dataset in found) == [old, new]


LINKS = """
display:
  id: linked
  title: With links
  extends: [generic]
  selector: {projects: [Linked]}
  links:
    - {label: Viewer, url: "https://viewer.example/?state={ExternalReferences_neuroglancer}&name={name}"}
    - {label: Publication, url: "{DOI_title}"}
"""


@pytest.fixture(scope="module")
def linked(catalogue: RunningCatalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFacade]:
    """A facade with a document of the facility."""
    folder: Path = tmp_path_factory.mktemp("linked")
    (folder / "linked.yaml").write_text(LINKS)
    with running_facade(catalogue, folder, settings={"displays": {"folders": [folder]}}) as running:
        yield running


@pytest.mark.parametrize(
    "title",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//evil.example/x", "http://plain.example"],
)
def test_values_in_addresses_are_encoded_and_other_schemes_refused(linked: RunningFacade, title: str) -> None:
    """Case 28."""
    laboratory = Laboratory(linked)
    values = {
        "Project_name": "Linked",
        "ExternalReferences_neuroglancer": 'a b#c%20d&e="><script>',
        "DOI_title": title,
    }
    key = laboratory.dataset(laboratory.session(), "50% #1", values=values)
    visitor = Visitor(linked.url, requests.Session())
    visitor.log_in("ada", "ada")
    page = visitor.page(f"/portal/datasets/{key}")
    assert "display linked" in page
    address = "https://viewer.example/?state=a%20b%23c%2520d%26e%3D%22%3E%3Cscript%3E&amp;name=50%25%20%231"
    assert f'href="{address}"' in page
    assert "Publication</a>" not in page
    assert title not in [part.partition('"')[0] for part in page.split('href="')]


def test_a_document_of_the_facility_is_listed_with_the_others(linked: RunningFacade) -> None:
    assert "linked" in [display["id"] for display in linked.get("/displays").json()]
    assert "linked" in linked.get("/health").json()["components"]["displays.documents"]["displays"]
