"""MX sessions: the list of actions, one action, the summary, and what their forms change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from tests.portal.laboratory import START, Laboratory, Visitor, text_of
from tests.portal.mx_session import GROUP, Session, mx_session
from tests.support.facade import RunningFacade

Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def session(laboratory: Laboratory) -> Session:
    return mx_session(laboratory)


def article(page: str, sample: str) -> str:
    """The row of a sample's action."""
    return next(
        part
        for part in page.split('<article class="card action"')[1:]
        if f"> {sample} ·" in part or f">{sample} ·" in part
    )


def post(visitor: Visitor, page: str, path: str, **form: Any) -> requests.Response:
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.page(page))
    assert token
    fields = {"csrf_token": token[1], "next": page, **form}
    return visitor.http.post(visitor.url + path, data=fields, timeout=60, allow_redirects=False)


def test_each_action_shows_its_best_result_with_states_and_reason(visit: Visit, session: Session) -> None:
    page = visit("ada").page(session.path)
    second = text_of(article(page, "crystal-2"))
    assert "Best: XIA2_DIALS" in second
    assert "✓ XIA2_DIALS success" in second
    assert "✗ EDNA_proc failed" in second
    assert "higher overall I/sigma: 15; next 10.5 (XSCALE_merge); this one is left." in second
    assert "MR: REFINE R free 0.21" in second
    assert "Characterisation 3 1 wedge" in second
    assert "PUCK-7, position 7" in second


def test_32_a_merge_is_shown_with_every_input_and_counted_once(visit: Visit, session: Session) -> None:
    ada = visit("ada")
    page = ada.page(session.path)
    for sample in ("crystal-1", "crystal-2"):
        assert "✓ XSCALE_merge" in text_of(article(page, sample))
    assert "results5" in text_of(page).replace(" ", "")
    assert "merges1" in text_of(page).replace(" ", "")
    action = ada.page(f"{session.path}/actions/{session.first}")
    assert "2 inputs" in text_of(action)


def test_a_workflow_is_one_action_with_all_its_datasets(visit: Visit, session: Session) -> None:
    page = visit("ada").page(session.path)
    assert page.count('<article class="card action"') == 2
    assert "2 datasets: characterisation, datacollection" in text_of(article(page, "crystal-2"))


def test_the_page_of_an_action_says_what_would_win_if(visit: Visit, session: Session) -> None:
    ada = visit("ada")
    path = f"{session.path}/actions/{session.first}"
    page = ada.page(path)
    text = text_of(page)
    assert "Best: XIA2_DIALS" in text
    rows = re.findall(r"<tr>.*?</tr>", page.partition("What would win if")[2].partition("</table>")[0], re.DOTALL)
    r_meas = next(text_of(row) for row in rows if "Rmeas, overall shell" in row)
    assert "autoPROC another one lower overall Rmeas: 0.051 (written as 5.1, percent)" in r_meas
    link = re.search(r'href="(\?[^"]*r_meas[^"]*)#best"', page)
    assert link
    assert "Best: autoPROC" in text_of(ada.page(path + link[1].replace("&amp;", "&")))
    assert "Best: XIA2_DIALS" in text_of(ada.page(path)), "one look changes nothing"


def test_the_statistics_of_all_results_are_a_table_of_three_shells(visit: Visit, session: Session) -> None:
    page = visit("ada").page(f"{session.path}/actions/{session.second}")
    table = page.partition('class="statistics"')[2].partition("</table>")[0]
    assert table.count(">inner<") == 2
    assert re.search(r"EDNA_proc.*failed", text_of(table))
    assert "DIMPLE" in page


def test_the_chosen_statistic_changes_the_best_and_is_remembered_in_the_preferences(
    visit: Visit, session: Session, facade: RunningFacade
) -> None:
    bo = facade.log_in("bo")
    assert facade.request("PUT", f"/users/{bo}/preferences", json={"mxsettings": None}).status_code == 200
    cy = visit("cy")
    form = {"statistic": "r_meas_all_IPlus_IMinus", "shell": "overall", "symmetry": "first"}
    form |= {"with": ["cutoffs", "pipelines"], "cutoff_completeness_overall": "80", "pipelines": ["autoPROC"]}
    reply = post(cy, session.path, "/portal/mx/settings", **form)
    assert (reply.status_code, reply.headers["Location"]) == (303, session.path)
    assert "Best: autoPROC" in text_of(article(cy.page(session.path), "crystal-1"))
    kept = facade.get(f"/users/{facade.log_in('cy')}/preferences").json()["mxsettings"]
    assert kept == {
        "autoProcessingRankingShell": "overall",
        "autoProcessingRankingParameter": "r_meas_all_IPlus_IMinus",
        "autoProcessingRankingDisableSpaceGroup": False,
        "scanTypeFilters": [],
        "cutoffs": {"completeness": {"overall": 80}},
    }
    assert post(cy, session.path, "/portal/mx/settings", reset="1").status_code == 303
    assert "Best: XIA2_DIALS" in text_of(article(cy.page(session.path), "crystal-1"))


def test_what_another_front_end_stores_is_used(visit: Visit, session: Session, facade: RunningFacade) -> None:
    settings = {
        "autoProcessingRankingShell": "outer",
        "autoProcessingRankingParameter": "r_meas_all_IPlus_IMinus",
        "scanTypeFilters": ["datacollection"],
        "cutoffs": {"mean_I_over_sigI": {"overall": 11}},
    }
    put = f"/users/{facade.log_in('cy')}/preferences"
    assert facade.request("PUT", put, json={"mxsettings": settings}).status_code == 200
    page = visit("cy").page(session.path)
    row = text_of(article(page, "crystal-1"))
    assert "Best: XIA2_DIALS" in row, "autoPROC is below the cut-off"
    assert "overall mean I over sigI 9 is below 11" in row
    assert "<option selected>outer</option>" in page
    facade.request("PUT", put, json={"mxsettings": None})


def test_a_visitor_who_is_not_logged_in_keeps_choices_in_the_browser(visit: Visit, laboratory: Laboratory) -> None:
    released = laboratory.session(releaseDate=START)
    key = laboratory.mx_raw(released, "open")
    laboratory.mx_result(released, "XIA2_DIALS", [key], mean_I_over_sigI="12", cc_half="0.9", **GROUP)
    laboratory.mx_result(released, "autoPROC", [key], mean_I_over_sigI="10", cc_half="0.99", **GROUP)
    nobody, path = visit(), f"/portal/investigations/{released}/mx"
    assert "Best: XIA2_DIALS" in text_of(nobody.page(path))
    assert post(nobody, path, "/portal/mx/settings", statistic="cc_half").status_code == 303
    assert "Best: autoPROC" in text_of(nobody.page(path))
    assert "Best: XIA2_DIALS" in text_of(visit().page(path))


def test_the_ends_of_the_scale_move_and_go_back(visit: Visit, session: Session) -> None:
    ada = visit("ada")
    path = f"/portal/investigations/{session.id}/mx/scale"
    before = ada.page(session.path)
    assert "The ends follow the data." in before
    scale = {"shell": "overall", "statistic": "mean_I_over_sigI"}
    assert post(ada, session.path, path, worst="14", best="16", **scale).status_code == 303
    moved = ada.page(session.path)
    assert "You moved the ends." in moved
    assert 'name="worst" min="5.0" max="16" step="any" value="14"' in moved
    assert post(ada, session.path, path, reset="1", **scale).status_code == 303
    assert re.sub(r'"csrf_token" value="[^"]+"', "", ada.page(session.path)) == re.sub(
        r'"csrf_token" value="[^"]+"', "", before
    )


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("mx/settings", {"statistic": "nonsense"}),
        ("mx/settings", {"with": "cutoffs", "cutoff_cc_half_overall": "much"}),
        ("scale", {"shell": "overall", "statistic": "cc_half", "worst": "nan", "best": "1"}),
        ("scale", {"shell": "middle", "statistic": "cc_half", "worst": "0", "best": "1"}),
    ],
)
def test_what_no_form_of_ours_sends_is_refused(
    visit: Visit, session: Session, path: str, form: Mapping[str, str]
) -> None:
    whole = f"/portal/{path}" if path == "mx/settings" else f"{session.path}/scale"
    assert post(visit("ada"), session.path, whole, **form).status_code == 400


def test_the_list_is_filtered_by_sample_content_and_container(visit: Visit, session: Session) -> None:
    ada = visit("ada")
    assert "1 action," in text_of(ada.page(session.path, sample="crystal-1"))
    assert "1 action," in text_of(ada.page(session.path, has="MR"))
    assert "2 actions," in text_of(ada.page(session.path, container="PUCK-7", has="scaling"))
    assert "No action fits these filters." in ada.page(session.path, target="nothing")
    best = ada.page(session.path, order="best")
    assert best.index("crystal-2 ·") < best.index("crystal-1 ·")


def test_the_summary_draws_the_puck_and_says_the_same_in_a_table(visit: Visit, session: Session) -> None:
    page = visit("ada").page(f"{session.path}/summary")
    assert page.count('<circle class="disc collected"') >= 2
    assert 'aria-label="Position 7: crystal-2, collected, autoprocessed, phased, I/sigma 15.00"' in page
    assert "2 of 16 positions used" in text_of(page)
    table = text_of(page.partition('class="samples"')[2])
    assert "1 crystal-1 LYSO collected, autoprocessed" in table
    assert "7 crystal-2 LYSO collected, autoprocessed, phased XIA2_DIALS 15.00" in table


def test_the_summary_by_target_names_the_best_crystal(visit: Visit, session: Session) -> None:
    text = text_of(visit("ada").page(f"{session.path}/summary", by="target"))
    assert "LYSO Best: crystal-2 XIA2_DIALS I/sigma 15.00" in text


def test_who_may_not_see_the_session_sees_nothing_of_it(visit: Visit, session: Session) -> None:
    dee = visit("dee")
    for path in (session.path, f"{session.path}/summary", f"{session.path}/actions/{session.first}"):
        assert dee.get(path).status_code == 404


def test_a_session_without_mx_data_says_so(visit: Visit, laboratory: Laboratory) -> None:
    key = laboratory.session()
    laboratory.dataset(key, "other")
    assert "No dataset of this session that you may see is shown by an MX display." in visit("ada").page(
        f"/portal/investigations/{key}/mx"
    )


def test_names_that_are_markup_are_text(visit: Visit, laboratory: Laboratory) -> None:
    """Case 29."""
    evil = "<script>alert(1)</script>"
    key = laboratory.session()
    values = {"Sample_name": evil, "Workflow_type": evil, "SampleTrackingContainer_id": evil}
    number = laboratory.mx_raw(key, "evil", **values, SampleTrackingContainer_position="1", SampleProtein_acronym=evil)
    laboratory.mx_result(key, evil, [number], mean_I_over_sigI="12", MXAutoprocIntegration_space_group=evil)
    ada = visit("ada")
    home = f"/portal/investigations/{key}/mx"
    for path in (home, f"{home}/summary", f"{home}/summary?by=target", f"{home}/actions/{number}"):
        page = ada.page(path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
