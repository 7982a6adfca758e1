"""Who sees what on the pages, and what the pages say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tests.portal.laboratory import ESRFET, Laboratory, Visitor, text_of
from tests.support.facade import RunningFacade

Visit = Callable[..., Visitor]


@dataclass(frozen=True)
class Case:
    """A session of ada and bo on ID30A-1: two raw datasets with two results each and a merge of both."""

    session: int
    name: str
    raw: tuple[int, ...]
    results: tuple[int, ...]
    merge: int


@pytest.fixture(scope="module")
def case(laboratory: Laboratory) -> Case:
    team = {"ada": "Principal investigator", "bo": "Participant"}
    session = laboratory.session(team=team, name="PO-CASE", title="Lysozyme <b>bold</b>")
    raw = [laboratory.mx_raw(session, f"run_{i}", MX_numberOfImages="1800", Sample_name="cup") for i in (1, 2)]
    results = [
        laboratory.mx_result(session, program, [one], mean_I_over_sigI=value, MXAutoprocIntegration_space_group="P 21")
        for one in raw
        for program, value in (("autoPROC", "15.2"), ("XIA2_DIALS", "13.0"))
    ]
    merge = laboratory.mx_result(
        session, "XSCALE", raw, mean_I_over_sigI="19.8", MXAutoprocIntegration_space_group="P 21"
    )
    return Case(session, "PO-CASE", tuple(raw), tuple(results), merge)


@pytest.mark.parametrize("login", ["ada", "bo", "cy"])
def test_the_team_and_the_instrument_scientist_see_the_session_and_its_datasets(
    visit: Visit, case: Case, login: str
) -> None:
    visitor = visit(login)
    listed = visitor.page("/portal/", q=case.name)
    assert f'href="/portal/investigations/{case.session}"' in listed
    assert login in text_of(listed)
    page = visitor.page(f"/portal/investigations/{case.session}")
    for key in (*case.raw, *case.results, case.merge):
        assert f'href="/portal/datasets/{key}"' in page
        assert visitor.get(f"/portal/datasets/{key}").status_code == 200


@pytest.mark.parametrize("login", ["dee", None])
def test_strangers_see_nothing_of_it(visit: Visit, case: Case, login: str | None) -> None:
    visitor = visit(login)
    assert case.name not in visitor.page("/portal/")
    for path in (f"/portal/investigations/{case.session}", f"/portal/datasets/{case.raw[0]}"):
        reply = visitor.get(path)
        assert reply.status_code == 404
        assert reply.headers["Content-Type"].startswith("text/html")
        assert "Lysozyme" not in reply.text
        assert "run_1" not in reply.text
        missing = re.sub(r"\d+", "N", text_of(visitor.get(re.sub(r"\d+", "999999999", path)).text).split("Request")[0])
        assert re.sub(r"\d+", "N", text_of(reply.text).split("Request")[0]) == missing


def test_strangers_are_offered_to_log_in_and_to_come_back(visit: Visit, case: Case) -> None:
    path = f"/portal/datasets/{case.raw[0]}"
    assert f'href="/portal/log-in?next={path}"' in visit().get(path).text


def test_released_data_are_shown_to_everybody(visit: Visit, laboratory: Laboratory) -> None:
    session = laboratory.session(name="PO-OPEN", releaseDate=datetime(2020, 1, 1, tzinfo=UTC))
    key = laboratory.dataset(session, "open_scan")
    visitor = visit()
    assert f"/portal/datasets/{key}" in visitor.page(f"/portal/investigations/{session}")
    assert "open_scan" in visitor.page(f"/portal/datasets/{key}")
    assert "PO-OPEN" in visitor.page("/portal/")


def test_the_session_page_shows_the_best_result_and_why(visit: Visit, case: Case) -> None:
    text = text_of(visit("ada").page(f"/portal/investigations/{case.session}"))
    assert text.count("Best: XSCALE") == 2
    assert "higher overall I/sigma: 19.8; next 15.2 (autoPROC); this one is left." in text


def test_a_merge_is_shown_under_each_of_its_inputs_and_counted_once(visit: Visit, case: Case) -> None:
    """Case 32."""
    page = visit("ada").page(f"/portal/investigations/{case.session}")
    text = text_of(page)
    assert "2 raw, 5 computed from them" in text
    assert text.count("XSCALE best 2 inputs") == 2
    shown = text_of(visit("ada").page(f"/portal/datasets/{case.merge}"))
    assert shown.count("run_1 acquisition") == 1
    assert shown.count("run_2 acquisition") == 1


def test_the_page_of_a_dataset_links_up_and_down(visit: Visit, case: Case) -> None:
    page = visit("ada").page(f"/portal/datasets/{case.raw[0]}")
    assert f'href="/portal/investigations/{case.session}"' in page
    for key in (*case.results[:2], case.merge):
        assert f'href="/portal/datasets/{key}"' in page
    assert f'href="/portal/datasets/{case.results[2]}"' not in page


def test_a_result_shows_its_own_statistics_first(visit: Visit, case: Case) -> None:
    page = visit("ada").page(f"/portal/datasets/{case.results[0]}")
    headings = re.findall(r"<h[23][^>]*>([^<]+)", page)
    assert headings[:3] == ["Details", "Statistics", "Origin"]


def test_a_chain_of_three_is_a_tree_in_the_columns_of_its_display(visit: Visit, laboratory: Laboratory) -> None:
    session = laboratory.session("CM01")
    technique = {"technique_pid": ESRFET + "CRYO-ET"}
    raw = laboratory.dataset(session, "001", values={**technique, "EM_tilt_angle": "3.0"})
    values = {"EMMotionCorrection_total_motion": "6.4", "Process_program": "MotionCor3", **technique}
    motion = laboratory.dataset(session, "001_MotionCor", type="processed", inputs=[raw], values=values)
    values = {"EMCTF_resolution_limit": "4.4", "Process_program": "CTFFIND", **technique}
    laboratory.dataset(session, "001_CTF", type="processed", inputs=[motion], values=values)
    page = visit("ada").page(f"/portal/investigations/{session}")
    rows = [text_of(row) for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL)]
    first, second, third = (row for row in rows if "Compare 001" in row)
    assert ("6.4" in first, "4.4" in first, "3.0" in first) == (True, True, True)
    assert ("MotionCor3 001_MotionCor" in second, "6.4" in second, "4.4" in second) == (True, True, False)
    assert ("CTFFIND 001_CTF" in third, "6.4" in third, "4.4" in third) == (True, False, True)
    assert 'class="output level1"' in page
    assert 'class="output level2"' in page


def test_the_groups_of_parameters_stand_in_the_order_that_matters(visit: Visit, laboratory: Laboratory) -> None:
    values = {
        "__fileCount": "3",
        "Process_version": "1",
        "MX_flux": "1e12",
        "TOMO_i0_start": "1",
        "InstrumentMonochromator_energy": "12",
        "Sample_name": "cup",
        "scan_description": "a scan",
        "Workflow_name": "w",
    }
    key = laboratory.dataset(laboratory.session(), "grouped", values=values)
    page = visit("ada").page(f"/portal/datasets/{key}")
    groups = re.findall(r"<details( open)?><summary>(\w[\w-]+) \(\d+\)", page)
    assert groups == [
        (" open", "General"),
        (" open", "Sample"),
        ("", "Instrument"),
        ("", "MX"),
        ("", "TOMO"),
        ("", "Processing"),
        ("", "Book-keeping"),
    ]


def test_notes_about_values_belong_to_the_explanation(visit: Visit, laboratory: Laboratory) -> None:
    values = {"MX_scanType": "OSC", "Workflow_type": "MXPressE"}
    key = laboratory.mx_raw(laboratory.session(), **values)
    page = visit("ada").page(f"/portal/datasets/{key}")
    before, _, why = page.partition('id="why"')
    assert "are both given and differ; the first is used" in why
    assert "are both given" not in before


def test_a_display_may_be_chosen_by_hand(visit: Visit, case: Case) -> None:
    page = visit("ada").page(f"/portal/datasets/{case.raw[0]}", display="generic")
    assert "it was chosen by hand" in page
    assert 'id="best"' not in page


def test_the_sessions_can_be_searched_and_come_in_pages(visit: Visit, case: Case, laboratory: Laboratory) -> None:
    ada = visit("ada")
    assert case.name in ada.page("/portal/", q="lysozyme")
    assert case.name not in ada.page("/portal/", q="lysozyme", instrument="BM18")
    assert case.name in ada.page("/portal/", instrument="ID30A-1", q="po-case")
    empty = text_of(ada.page("/portal/", q="no such thing"))
    assert "No session matches." in empty
    assert ada.get("/portal/", page="9999").status_code == 200


def test_long_sessions_come_in_pages(visit: Visit, laboratory: Laboratory) -> None:
    session = laboratory.session()
    laboratory.datasets(session, [{"name": f"scan_{i:03}"} for i in range(51)])
    ada = visit("ada")
    first = ada.page(f"/portal/investigations/{session}")
    assert ("scan_049" in first, "scan_050" in first) == (True, False)
    assert "Page 1 of 2" in first
    second = ada.page(f"/portal/investigations/{session}", page="2")
    assert ("scan_049" in second, "scan_050" in second) == (False, True)
    assert 'rel="prev" href="?page=1"' in second


@pytest.mark.parametrize(
    "path",
    [
        "/portal/?page=0",
        "/portal/?page=x",
        "/portal/?q=" + "x" * 201,
        "/portal/?q=%00",
        "/portal/investigations/x",
        "/portal/datasets/-1",
        "/portal/datasets/1?statistic=beauty",
        "/portal/datasets/1?shell=crab",
    ],
)
def test_an_address_that_makes_no_sense_gets_a_page_that_says_so(visit: Visit, path: str) -> None:
    reply = visit("ada").get(path)
    assert reply.status_code == 400, reply.text
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "Bad Request" in reply.text


def test_what_is_not_there_gets_a_page_too(visit: Visit) -> None:
    reply = visit().get("/portal/nothing")
    assert reply.status_code == 404
    assert reply.headers["Content-Type"].startswith("text/html")


def test_pages_allow_no_scripts_and_styles_of_others_and_are_not_stored(visit: Visit, case: Case) -> None:
    reply = visit("ada").get(f"/portal/datasets/{case.raw[0]}")
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert reply.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", reply.text)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", reply.text, re.DOTALL)
    assert [(attributes, content) for attributes, content in scripts if 'src="/portal/static/' not in attributes] == []
    assert {content for _, content in scripts} == {""}


def test_every_control_has_a_label_and_every_table_its_heads(visit: Visit, case: Case) -> None:
    ada = visit("ada")
    for path in ("/portal/", f"/portal/investigations/{case.session}", f"/portal/datasets/{case.raw[0]}"):
        page = ada.page(path)
        outside = re.sub(r"<label[ >].*?</label>", "", page, flags=re.DOTALL)
        assert not re.search(r'<(select|textarea)|<input(?! type="hidden")', outside)
        assert not re.search(r"<th>", page)
        assert not re.search(r"<img(?![^>]*alt=)", page)
        levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_the_pages_do_not_ask_the_catalogue_more_often_for_more_datasets(
    facade: RunningFacade, laboratory: Laboratory
) -> None:
    client = facade.app.test_client()
    counts = {}
    for size in (3, 50):
        session = laboratory.session()
        raw = laboratory.datasets(
            session, [{"name": f"r{i}", "values": {"technique_pid": ESRFET + "MX"}} for i in range(size)]
        )
        values = {"scanType": "integration", "Process_program": "autoPROC"}
        facts = [{"name": f"p{i}", "type": "processed", "inputs": [one], "values": values} for i, one in enumerate(raw)]
        laboratory.datasets(session, facts)
        with client.session_transaction() as cookie:
            cookie["icat"] = facade.log_in("ada")
        assert client.get(f"/portal/investigations/{session}").status_code == 200
        with facade.services.catalogue.counting() as counted:
            page = client.get(f"/portal/investigations/{session}").text
        assert page.count("Best: ") + page.count("None of the results can be ranked") == size
        counts[size] = counted.calls
    assert counts[50] <= counts[3] + 2, counts
    assert counts[3] <= 30, counts
