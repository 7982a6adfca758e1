"""The page of a dataset, and datasets side by side: parameters, files, lineage, differences; nothing hostile."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from icat_schema.gateway import New, Ref
from tests.portal.laboratory import ESRFET, Laboratory, Visitor, text_of

Visit = Callable[..., Visitor]
HOSTILE = '"><script>alert(1)</script>{{7*7}}'


@dataclass(frozen=True)
class Pair:
    """A raw dataset and two results of it, one by autoPROC, which writes R values in per cent."""

    raw: int
    first: int
    second: int


@pytest.fixture(scope="module")
def pair(laboratory: Laboratory) -> Pair:
    session = laboratory.session(name="PO-PAIR")
    raw = laboratory.mx_raw(session, "run_1", Sample_name="cup")
    same = {"MXAutoprocIntegration_space_group": "P 21", "cc_half": "0.99"}
    first = laboratory.mx_result(
        session, "autoPROC", [raw], mean_I_over_sigI="10", r_merge="5.0", Process_version="1", **same
    )
    second = laboratory.mx_result(
        session, "XIA2_DIALS", [raw], mean_I_over_sigI="15", r_merge="0.05", Process_version="2", **same
    )
    return Pair(raw, first, second)


def rows(page: str) -> dict[str, str]:
    """Text of each row of the comparison by the name of its parameter."""
    found = re.findall(r'<tr class="(?:differs|same)">(.*?)</tr>', page, re.DOTALL)
    return {text_of(row.partition("</th>")[0]).rpartition(" (")[0].lstrip("≠= "): text_of(row) for row in found}


def test_two_results_are_compared_and_what_differs_is_marked(visit: Visit, pair: Pair) -> None:
    page = visit("ada").page("/portal/compare", datasets=f"{pair.first},{pair.second}")
    found = rows(page)
    assert found["overall_mean_I_over_sigI"].startswith("≠ ")
    assert "+5 (+50 %)" in found["overall_mean_I_over_sigI"]
    assert found["overall_cc_half"].startswith("= ")
    assert found["Process_program"].endswith("autoPROC XIA2_DIALS") or "XIA2_DIALS" in found["Process_program"]
    assert found["Computed from"].startswith("= ")


def test_values_are_compared_in_one_unit_whatever_the_pipeline_wrote(visit: Visit, pair: Pair) -> None:
    page = visit("ada").page("/portal/compare", datasets=f"{pair.first},{pair.second}")
    assert rows(page)["overall_r_merge"].startswith("= ")


def test_differences_can_be_shown_alone(visit: Visit, pair: Pair) -> None:
    page = visit("ada").page("/portal/compare", datasets=f"{pair.first},{pair.second}", only="differences")
    assert "overall_cc_half" not in rows(page)
    assert "overall_mean_I_over_sigI" in rows(page)


def test_a_dataset_that_lacks_a_parameter_says_so(visit: Visit, pair: Pair) -> None:
    page = visit("ada").page("/portal/compare", datasets=[pair.raw, pair.first])
    assert "not given" in rows(page)["overall_mean_I_over_sigI"]
    assert "only here" in rows(page)["overall_mean_I_over_sigI"]


@pytest.mark.parametrize("chosen", ["", "1", "1,1", "1,2,3,4,5,6,7", "1,x", "1,-2", "9" * 30])
def test_a_comparison_of_too_few_too_many_or_nonsense_is_refused_in_words(visit: Visit, chosen: str) -> None:
    reply = visit("ada").get("/portal/compare", datasets=chosen)
    assert reply.status_code == 400
    assert "datasets" in text_of(reply.text)


@pytest.mark.parametrize("login", ["dee", None])
def test_strangers_compare_nothing_that_they_may_not_read(visit: Visit, pair: Pair, login: str | None) -> None:
    visitor = visit(login)
    reply = visitor.get("/portal/compare", datasets=f"{pair.first},{pair.second}")
    assert reply.status_code == 404
    assert "autoPROC" not in reply.text
    for path in ("files", "parameters.csv", "parameters.json"):
        assert visitor.get(f"/portal/datasets/{pair.raw}/{path}").status_code == 404


def test_parameters_are_found_by_name_value_and_meaning_without_a_script(visit: Visit, pair: Pair) -> None:
    ada = visit("ada")
    found = ada.page(f"/portal/datasets/{pair.first}", find="space_group").partition('id="found-parameters"')[2]
    assert "MXAutoprocIntegration_space_group" in found
    assert "cc_half" not in found.partition('id="files"')[0]
    assert "MXAutoprocIntegration_space_group" in ada.page(f"/portal/datasets/{pair.first}", find="p 21 group")
    assert "No parameter matches" in ada.page(f"/portal/datasets/{pair.first}", find="beauty")


def test_parameters_can_be_kept_and_no_spreadsheet_computes_them(visit: Visit, laboratory: Laboratory) -> None:
    values = {"Notes_note_00": "=HYPERLINK(1)", "MX_axis_start": "-1.5", "Sample_name": "cup, large"}
    key = laboratory.mx_raw(laboratory.session(), **values)
    ada = visit("ada")
    reply = ada.get(f"/portal/datasets/{key}/parameters.csv")
    assert reply.headers["Content-Type"].startswith("text/csv")
    kept = {row["name"]: row["value"] for row in csv.DictReader(io.StringIO(reply.text))}
    assert (kept["Notes_note_00"], kept["MX_axis_start"]) == ("'=HYPERLINK(1)", "-1.5")
    raw = {one["name"]: one["value"] for one in ada.get(f"/portal/datasets/{key}/parameters.json").json()}
    assert raw["Notes_note_00"] == "=HYPERLINK(1)"
    assert raw["Sample_name"] == "cup, large"
    assert ada.get(f"/portal/datasets/{key}/parameters.exe").status_code == 400


def test_files_come_with_their_sizes_in_pages_and_can_be_searched(visit: Visit, laboratory: Laboratory) -> None:
    key = laboratory.dataset(laboratory.session(), "many")
    files = [{"name": f"image_{i:03}.h5", "fileSize": 2_500_000, "dataset": Ref(key)} for i in range(51)]
    laboratory.facade.root.write([New("Datafile", {**one, "location": f"/data/{one['name']}"}) for one in files])
    ada = visit("ada")
    page = ada.page(f"/portal/datasets/{key}")
    assert "51 files" in text_of(page)
    assert "2.5 MB" in text_of(page)
    assert re.search(r'href="/ids/data/download\?datafileIds=\d+"', page)
    assert ("image_049" in page, "image_050" in page) == (True, False)
    assert "image_050" in ada.page(f"/portal/datasets/{key}/files", page="2")
    found = ada.page(f"/portal/datasets/{key}/files", q="_007")
    assert ("image_007" in found, "image_008" in found) == (True, False)


def test_a_download_goes_to_the_data_service_as_the_person_of_the_page(visit: Visit, pair: Pair) -> None:
    reply = visit("ada").get("/ids/data/download", datasetIds=str(pair.raw))
    assert reply.status_code == 302
    assert "sessionId=" in reply.headers["Location"]


def test_the_lineage_is_drawn_without_a_script_and_leads_on(visit: Visit, pair: Pair) -> None:
    page = visit("ada").page(f"/portal/datasets/{pair.raw}")
    drawing = page.partition('<svg class="graph"')[2].partition("</svg>")[0]
    assert set(re.findall(r'href="/portal/datasets/(\d+)"', drawing)) == {
        str(pair.raw),
        str(pair.first),
        str(pair.second),
    }
    assert drawing.count('class="arrow"') == 2


def test_the_panel_says_why_this_display_and_offers_the_others(visit: Visit, pair: Pair) -> None:
    why = visit("ada").page(f"/portal/datasets/{pair.raw}").partition('id="why"')[2]
    text = text_of(why)
    assert "the technique is MX" in text
    assert "It applies too, but mx goes first because its technique is more specific." in text
    assert "?display=generic" in why


def test_nothing_that_a_producer_wrote_becomes_part_of_a_page(visit: Visit, laboratory: Laboratory) -> None:
    session = laboratory.session(title=HOSTILE)
    values = {
        "technique_pid": ESRFET + "MX",
        "Sample_name": HOSTILE,
        "Process_program": HOSTILE,
        "Notes_note_00": HOSTILE,
    }
    raw, other = (laboratory.dataset(session, f"{HOSTILE}{i}", values=values) for i in (1, 2))
    result = laboratory.dataset(session, f"{HOSTILE}r", type="processed", inputs=[raw], values=values)
    ada = visit("ada")
    for path in (
        f"/portal/?q={HOSTILE}",
        f"/portal/investigations/{session}?q={HOSTILE}",
        f"/portal/investigations/{session}",
        f"/portal/investigations/{session}?show=processed",
        f"/portal/datasets/{raw}?find={HOSTILE}",
        f"/portal/datasets/{result}",
        f"/portal/datasets/{raw}/files?q={HOSTILE}",
        f"/portal/compare?datasets={raw},{other},{result}",
    ):
        page = ada.get(path).text
        assert "<script>alert" not in page, path
        assert '"><script' not in page, path
