"""Four ways to say who is calling."""

from __future__ import annotations

import re

import pytest
import requests

from tests.support.facade import API_KEY, RunningFacade

GONE = "5b0c2a9e-6d1b-4f55-9a0e-1c2d3e4f5a6b"


def test_a_session_in_the_path_is_the_callers_own(facade: RunningFacade) -> None:
    reply = facade.get(f"/workshop/{facade.log_in('ada')}/whoAmI/name/x")
    assert reply.json() == {"kind": "person", "name": "simple/ada", "given": "x"}


@pytest.mark.parametrize("session", [GONE, "undefined", "null", "a%2Fb", "%27%20OR%201=1", "x" * 500])
def test_a_session_that_is_not_valid_is_answered_403(facade: RunningFacade, session: str) -> None:
    reply = facade.get(f"/workshop/{session}/whoAmI/name/x")
    assert reply.status_code == 403
    assert "log in again" in reply.text


def test_a_route_may_declare_401_for_it(facade: RunningFacade) -> None:
    reply = facade.get(f"/workshop/{GONE}/strict")
    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_bearer_is_the_plain_session_id(facade: RunningFacade) -> None:
    assert facade.get("/workshop/open", "bo").json() == {"kind": "person", "name": "simple/bo"}
    assert facade.get("/workshop/closed", "bo").json() == "simple/bo"


def test_without_a_bearer_the_reader_asks(facade: RunningFacade) -> None:
    assert facade.get("/workshop/open").json() == {"kind": "anonymous", "name": "simple/reader"}


def test_where_a_bearer_is_needed_nobody_is_told_to_log_in(facade: RunningFacade) -> None:
    reply = facade.get("/workshop/closed")
    assert reply.status_code == 403
    assert "POST /session" in reply.text


@pytest.mark.parametrize(
    "header", [f"Bearer {GONE}", "Basic YWRhOmFkYQ==", "Bearer a b", f"bearer   {GONE}", "Token x"]
)
def test_a_bad_authorization_header_is_refused_and_never_taken_for_anonymous(
    facade: RunningFacade, header: str
) -> None:
    reply = facade.request("GET", "/workshop/open", headers={"Authorization": header})
    assert reply.status_code == 403


def test_an_api_key_is_an_application_under_the_acquisition_account(facade: RunningFacade) -> None:
    expected = {"kind": "application", "application": "control system", "name": "simple/acquisition"}
    assert facade.get(f"/workshop/key/{API_KEY}/hello").json() == expected


@pytest.mark.parametrize("key", ["wrong", API_KEY[:-1], API_KEY.upper(), "%00", "%2F"])
def test_an_unknown_api_key_is_refused(facade: RunningFacade, key: str) -> None:
    assert facade.get(f"/workshop/key/{key}/hello").status_code in (400, 403)


def test_pages_know_the_caller_by_a_signed_cookie(facade: RunningFacade) -> None:
    browser = requests.Session()
    assert "<title>anonymous" in browser.get(f"{facade.url}/shopwindow").text
    reply = browser.get(f"{facade.url}/shopwindow/in/{facade.log_in('cy')}")
    assert "HttpOnly" in reply.headers["Set-Cookie"]
    assert "SameSite=Lax" in reply.headers["Set-Cookie"]
    assert "<title>person" in browser.get(f"{facade.url}/shopwindow/").text
    assert browser.get(f"{facade.url}/workbench/who").json() == {"kind": "person", "name": "simple/cy"}


def test_a_forged_cookie_is_nobody(facade: RunningFacade) -> None:
    reply = requests.get(
        f"{facade.url}/shopwindow/", cookies={"drac_session": "eyJpY2F0IjoieCJ9.aaaa.bbbb"}, timeout=30
    )
    assert "<title>anonymous" in reply.text


def test_a_bearer_wins_over_the_cookie(facade: RunningFacade) -> None:
    browser = requests.Session()
    browser.get(f"{facade.url}/shopwindow/in/{facade.log_in('cy')}")
    headers = {"Authorization": f"Bearer {facade.log_in('ada')}"}
    assert browser.get(f"{facade.url}/workbench/who", headers=headers).json()["name"] == "simple/ada"


def test_a_form_without_our_token_is_refused(facade: RunningFacade) -> None:
    browser = requests.Session()
    assert browser.post(f"{facade.url}/shopwindow/form").status_code == 403
    shown = browser.get(f"{facade.url}/shopwindow/form").text
    token = re.findall("value='([^']+)'", shown)[0]
    assert browser.post(f"{facade.url}/shopwindow/form", data={"csrf_token": "x" + token}).status_code == 403
    assert browser.post(f"{facade.url}/shopwindow/form", data={"csrf_token": token}).status_code == 200
