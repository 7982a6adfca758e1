"""Log-in at the page of the OpenID provider, as a browser goes through it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.support.facade import RunningFacade
from tests.support.openid import OpenIdProvider

BACK = "/portal/log-in/openid/return"


@pytest.fixture
def browser() -> requests.Session:
    """Keeps cookies, and lets a test look at every step."""
    return requests.Session()


def step(browser: requests.Session, address: str) -> requests.Response:
    return browser.get(address, timeout=30, allow_redirects=False)


def authorized(browser: requests.Session, facade: RunningFacade, next_: str = "") -> str:
    """The address with which the provider sends the browser back."""
    there = step(browser, f"{facade.url}/portal/log-in/openid?next={next_}").headers["Location"]
    return step(requests.Session(), there).headers["Location"]


def test_the_log_in_page_offers_it(browser: requests.Session, facade: RunningFacade) -> None:
    page = step(browser, f"{facade.url}/portal/log-in?next=/portal/datasets/1").text
    assert (
        '<a class="button" href="/portal/log-in/openid?next=/portal/datasets/1">Log in with single sign-on</a>' in page
    )


def test_the_browser_comes_back_as_ada_to_where_it_wanted(browser: requests.Session, facade: RunningFacade) -> None:
    back = step(browser, authorized(browser, facade, "/portal/%3Fq%3Dlamb"))
    assert (back.status_code, back.headers["Location"]) == (303, "/portal/?q=lamb")
    assert "Mine" in step(browser, f"{facade.url}/portal/").text, "a choice that only persons have"


def test_the_provider_is_asked_for_a_code_with_a_challenge(
    browser: requests.Session, facade: RunningFacade, provider: OpenIdProvider
) -> None:
    there = urlsplit(step(browser, f"{facade.url}/portal/log-in/openid").headers["Location"])
    query = {name: values[0] for name, values in parse_qs(there.query).items()}
    assert f"{there.scheme}://{there.netloc}{there.path}" == f"{provider.url}/authorize"
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert query["redirect_uri"] == facade.url + BACK
    assert len({query["state"], query["nonce"], query["code_challenge"]}) == 3


def test_an_answer_to_a_log_in_that_this_browser_has_not_begun_is_refused(
    browser: requests.Session, facade: RunningFacade
) -> None:
    """Else somebody could log others in as himself."""
    theirs = authorized(requests.Session(), facade)
    refused = step(browser, theirs)
    assert refused.status_code == 403
    assert "was not begun here" in refused.text


def test_an_answer_counts_once(browser: requests.Session, facade: RunningFacade) -> None:
    address = authorized(browser, facade)
    assert step(browser, address).status_code == 303
    assert step(browser, address).status_code == 403


def test_a_code_that_the_provider_does_not_know_is_refused(browser: requests.Session, facade: RunningFacade) -> None:
    state = parse_qs(urlsplit(authorized(browser, facade)).query)["state"][0]
    refused = step(browser, f"{facade.url}{BACK}?code=invented&state={state}")
    assert refused.status_code == 403
    assert "does not confirm this log-in" in refused.text


def test_what_the_provider_says_instead_is_shown_as_text(browser: requests.Session, facade: RunningFacade) -> None:
    state = parse_qs(urlsplit(authorized(browser, facade)).query)["state"][0]
    answer = f"error=access_denied&error_description=%3Cb%3Eno%3C%2Fb%3E&state={state}&authuser=0"
    refused = step(browser, f"{facade.url}{BACK}?{answer}")
    assert refused.status_code == 403
    assert "access_denied &lt;b&gt;no&lt;/b&gt;" in refused.text


def test_a_visitor_is_never_sent_to_a_foreign_address(browser: requests.Session, facade: RunningFacade) -> None:
    back = step(browser, authorized(browser, facade, "https://evil.example/"))
    assert back.headers["Location"] == "/portal/"
