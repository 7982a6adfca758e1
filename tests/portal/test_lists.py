"""Lists of sessions and datasets: filters in the address, results alone, and the columns that a person wants."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.portal.laboratory import ESRFET, Laboratory, Visitor, text_of

Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def tilt_series(laboratory: Laboratory) -> int:
    """A session with three movies, of which two have a motion correction and one of these a CTF."""
    session = laboratory.session("CM01", name="PO-TILTS", title="Tilts")
    technique = {"technique_pid": ESRFET + "CRYO-ET", "Process_program": "MotionCor3"}
    for index, tilt in enumerate(("0.0", "3.0", "-3.0"), start=1):
        raw = laboratory.dataset(
            session,
            f"{index:03}",
            values={"technique_pid": ESRFET + "CRYO-ET", "EM_tilt_angle": tilt, "EM_camera_model": "K3"},
        )
        if index < 3:
            values = {**technique, "EMMotionCorrection_total_motion": str(index)}
            motion = laboratory.dataset(session, f"{index:03}_MotionCor", type="processed", inputs=[raw], values=values)
        if index == 1:
            values = {**technique, "EMCTF_resolution_limit": "4.4", "EMCTF_avg_defocus": "21000"}
            laboratory.dataset(session, "001_CTF", type="processed", inputs=[motion], values=values)
    return session


def names_of(page: str) -> list[str]:
    return re.findall(r'href="/portal/datasets/\d+">([^<]+)</a>', page)


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ({"since": "2031-06-01", "until": "2031-06-30"}, True),
        ({"since": "2031-07-01"}, False),
        ({"until": "2031-05-01"}, False),
        ({"scope": "participant"}, True),
        ({"scope": "instrumentscientist"}, False),
        ({"scope": "embargoed"}, True),
        ({"scope": "released"}, False),
        ({"instrument": "BM18", "order": "title"}, True),
        ({"instrument": "ID30A-1"}, False),
    ],
)
def test_sessions_are_filtered_by_what_the_address_says(
    visit: Visit, laboratory: Laboratory, query: dict[str, str], there: bool
) -> None:
    name = f"PO-F{abs(hash(str(query))) % 10**8}"
    laboratory.session("BM18", name=name, start=datetime(2031, 6, 10, tzinfo=UTC))
    page = visit("ada").page("/portal/", q=name, **query)
    assert (name in text_of(page.partition('id="found"')[2])) is there


def test_who_is_not_logged_in_is_offered_no_list_of_the_own_sessions(visit: Visit) -> None:
    page = visit().page("/portal/", scope="participant")
    assert "Mine" not in page
    assert "Of my beamlines" not in page


def test_results_can_be_listed_alone_with_what_they_come_from(visit: Visit, tilt_series: int) -> None:
    page = visit("ada").page(f"/portal/investigations/{tilt_series}", show="processed", order="newest")
    assert "Results (3)" in page
    assert set(names_of(page)) >= {"001_MotionCor", "001_CTF", "001", "002"}
    assert re.search(r"from <a [^>]*>001_MotionCor</a>", page)


def test_datasets_of_a_session_are_searched_in_the_catalogue(visit: Visit, tilt_series: int) -> None:
    ada = visit("ada")
    page = ada.page(f"/portal/investigations/{tilt_series}", q="002")
    assert "001" not in names_of(page)
    assert "002" in names_of(page)
    none = ada.page(f"/portal/investigations/{tilt_series}", q="no such thing")
    assert "No dataset matches “no such thing”" in text_of(none)


def test_plots_are_drawn_on_the_server_with_their_numbers_below(visit: Visit, tilt_series: int) -> None:
    page = visit("ada").page(f"/portal/investigations/{tilt_series}")
    plot = page.partition('id="plot-')[2].partition("</figure>")[0]
    assert re.search(r'<path class="mark series0" transform="translate\([\d.]+ [\d.]+\)"', plot)
    assert "<summary>Numbers</summary>" in plot
    assert "2 without a value." in text_of(plot)


def choose(visitor: Visitor, session: int, *shown: str, **form: str) -> None:
    """Send the form of columns of the display `cm01-tomo` with these boxes ticked."""
    page = visitor.page(f"/portal/investigations/{session}")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    reply = visitor.http.post(
        f"{visitor.url}/portal/columns/cm01-tomo",
        data={"csrf_token": token[1], "show": shown, "back": f"/portal/investigations/{session}", **form},
        allow_redirects=False,
        timeout=30,
    )
    assert reply.status_code == 303, reply.text
    assert reply.headers["Location"] == f"/portal/investigations/{session}"


def heads(page: str) -> list[str]:
    table = page.partition('<table class="datasets">')[2]
    return [text_of(one) for one in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table)]


def test_the_columns_that_a_person_wants_are_kept_and_can_be_given_up(visit: Visit, tilt_series: int) -> None:
    ada = visit("ada")
    before = heads(ada.page(f"/portal/investigations/{tilt_series}"))
    assert "Motion" in " ".join(before)
    choose(ada, tilt_series, "name", "tilt", added="EM_camera_model, EM_camera_model")
    changed = visit("ada").page(f"/portal/investigations/{tilt_series}")
    assert heads(changed) == ["Dataset", "Tilt °", "EM_camera_model"]
    assert "K3" in text_of(changed)
    assert 'id="plot-' in changed
    assert heads(visit("bo").page("/portal/")) == []
    choose(ada, tilt_series, reset="1")
    assert heads(ada.page(f"/portal/investigations/{tilt_series}")) == before


def test_a_choice_of_columns_does_not_show_in_the_preferences_of_other_clients(visit: Visit, tilt_series: int) -> None:
    ada = visit("ada")
    choose(ada, tilt_series, "tilt")
    session = ada.http.post(
        f"{ada.url}/session", json={"plugin": "simple", "username": "ada", "password": "ada"}, timeout=30
    ).json()["sessionId"]
    assert "displayColumns" not in ada.get(f"/users/{session}/preferences").json()
    choose(ada, tilt_series, reset="1")


def test_nobody_keeps_columns_without_logging_in_or_for_a_display_that_does_not_exist(visit: Visit) -> None:
    for visitor, display in ((visit(), "mx"), (visit("ada"), "no-such")):
        page = visitor.page("/portal/log-in")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        reply = visitor.http.post(
            f"{visitor.url}/portal/columns/{display}", data={"csrf_token": token[1]}, allow_redirects=False, timeout=30
        )
        assert reply.status_code == 404
