"""Logging in and out on the pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.portal.laboratory import Laboratory, Visitor, text_of
from tests.support.facade import RunningFacade

Visit = Callable[..., Visitor]


def test_logging_in_leads_to_the_sessions_and_out_again(visit: Visit) -> None:
    visitor = visit()
    assert "Log out" not in visitor.page("/portal/")
    reply = visitor.log_in("ada", "ada")
    assert (reply.status_code, reply.headers["Location"]) == (303, "/portal/")
    page = visitor.page("/portal/")
    assert "Log out" in page
    form = {"csrf_token": visitor.token("/portal/")}
    out = visitor.http.post(f"{visitor.url}/portal/log-out", data=form, timeout=30, allow_redirects=False)
    assert (out.status_code, out.headers["Location"]) == (303, "/portal/")
    assert "Log out" not in visitor.page("/portal/")


def test_logging_out_ends_the_session_at_the_catalogue(visit: Visit, laboratory: Laboratory) -> None:
    session = laboratory.session()
    visitor = visit("ada")
    kept = visitor.http.cookies.copy()
    form = {"csrf_token": visitor.token("/portal/")}
    visitor.http.post(f"{visitor.url}/portal/log-out", data=form, timeout=30)
    thief = requests.get(f"{visitor.url}/portal/investigations/{session}", cookies=kept, timeout=30)
    assert thief.status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(visit: Visit) -> None:
    cookie = visit().log_in("ada", "ada").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    ("username", "password"),
    [("ada", "wrong"), ("nobody", "nobody"), ("", ""), ("ada", ""), ("a" * 200, "x"), ("ada' OR 1=1 --", "<b>")],
)
def test_a_wrong_password_shows_the_form_again_with_a_sentence(visit: Visit, username: str, password: str) -> None:
    visitor = visit()
    reply = visitor.log_in(username, password, next="/portal/datasets/1")
    assert reply.status_code == 403
    assert "user name or password is wrong" in text_of(reply.text)
    assert 'name="next" value="/portal/datasets/1"' in reply.text
    assert "Log out" not in visitor.page("/portal/")


@pytest.mark.parametrize("token", ["", "guessed", "ü"])
def test_a_form_from_elsewhere_is_refused(visit: Visit, token: str) -> None:
    visitor = visit()
    visitor.page("/portal/log-in")
    reply = visitor.log_in("ada", "ada", token=token)
    assert reply.status_code == 403
    assert "load the page again" in text_of(reply.text)
    assert "Log out" not in visitor.page("/portal/")


def test_nobody_is_logged_out_from_elsewhere(visit: Visit) -> None:
    visitor = visit("ada")
    assert visitor.http.post(f"{visitor.url}/portal/log-out", timeout=30).status_code == 403
    assert visitor.get("/portal/log-out").status_code == 405
    assert "Log out" in visitor.page("/portal/")


@pytest.mark.parametrize("wanted", ["/portal/", "/portal/datasets/12?statistic=cc_half&shell=inner", "/portal/?q=a+b"])
def test_after_logging_in_one_comes_back_to_where_one_was(visit: Visit, wanted: str) -> None:
    assert visit().log_in("ada", "ada", next=wanted).headers["Location"] == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "//evil.example/portal/",
        "/\\evil.example",
        "\\\\evil.example",
        "/portal/\\..\\..\\\\evil.example",
        "https:evil.example",
        "https://evil.example/portal/",
        "https:/evil.example",
        "javascript:alert(1)",
        "http://[",
        "/evil",
        "evil",
        "/portal",
        " /portal/",
        "/portal/\r\nSet-Cookie: a=b",
        "/portal/\t//evil.example",
        "",
    ],
)
def test_after_logging_in_nobody_is_sent_elsewhere(visit: Visit, wanted: str) -> None:
    reply = visit().log_in("ada", "ada", next=wanted)
    assert (reply.status_code, reply.headers["Location"]) == (303, "/portal/")


def test_the_form_writes_the_wanted_address_as_text(visit: Visit) -> None:
    page = visit().page("/portal/log-in", next='"><script>alert(1)</script>')
    assert "<script>" not in page


def test_an_expired_cookie_gets_a_page_that_offers_to_log_in(facade: RunningFacade, laboratory: Laboratory) -> None:
    key = laboratory.dataset(laboratory.session(), "kept")
    client = facade.app.test_client()
    with client.session_transaction() as cookie:
        cookie["icat"] = "11111111-2222-3333-4444-555555555555"
    for path in (f"/portal/datasets/{key}", "/portal/", "/portal/?q=a"):
        reply = client.get(path)
        assert reply.status_code == 401
        assert "Your log-in has expired." in reply.text
        assert "POST /session" not in reply.text
        assert 'href="/portal/log-in?next=/portal/' in reply.text
    page = client.get("/portal/log-in", query_string={"next": f"/portal/datasets/{key}"}).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"username": "ada", "password": "ada", "next": f"/portal/datasets/{key}", "csrf_token": token}
    assert client.post("/portal/log-in", data=form).headers["Location"] == f"/portal/datasets/{key}"
    assert client.get(f"/portal/datasets/{key}").status_code == 200


def test_a_forged_cookie_is_nobody(visit: Visit, laboratory: Laboratory) -> None:
    session = laboratory.session()
    visitor = visit()
    visitor.http.cookies.set("drac_session", "eyJpY2F0IjoiYWRhIn0.aaaaaa.forged")
    assert visitor.get("/portal/").status_code == 200
    assert visitor.get(f"/portal/investigations/{session}").status_code == 404
