"""The pages of an MX session in headless Chromium, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.portal import axe
from tests.portal.laboratory import Laboratory
from tests.portal.mx_session import Session, mx_session
from tests.support.facade import RunningFacade

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def session(laboratory: Laboratory) -> Session:
    return mx_session(laboratory)


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def scripting(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def logged_in(page: Page, url: str) -> list[str]:
    """Log in as ada through the form; what goes wrong on the page from then on."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", lambda reply: complaints.append(reply.url) if reply.status >= 400 else None)
    page.goto(f"{url}/portal/log-in")
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill("ada")
    page.locator("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("**/portal/")
    return complaints


@pytest.fixture
def page(browser: Browser, facade: RunningFacade, scripting: bool) -> Iterator[Page]:
    """Ada's, who has chosen nothing yet."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, java_script_enabled=scripting, base_url=facade.url
    )
    found = context.new_page()
    complaints = logged_in(found, facade.url)
    yield found
    context.close()
    facade.request("PUT", f"/users/{facade.log_in('ada')}/preferences", json={"mxsettings": None})
    assert complaints == []


def test_the_best_result_and_its_reason_are_reached_from_the_session(page: Page, session: Session) -> None:
    page.goto(f"/portal/investigations/{session.id}")
    page.get_by_role("link", name="Crystals and results").click()
    champion = page.locator("#champion")
    expect(champion).to_contain_text("crystal-2")
    expect(champion).to_contain_text("XIA2_DIALS")
    row = page.get_by_role("article", name="crystal-2 · MXPressE")
    expect(row.get_by_text("this one is left.").first).to_be_visible()
    row.get_by_text("Why is this the best?").click()
    expect(row.locator("ul.reasons")).to_contain_text("higher overall I/sigma: 15; next 10.5 (XSCALE_merge)")


def test_the_colour_scale_is_moved_and_reset(page: Page, session: Session, scripting: bool) -> None:
    page.goto(session.path)
    value = page.locator("#champion [data-scale-value]")
    expect(value).to_have_class("text scale10")
    worst = page.get_by_label("Worst: red, “bad”")
    worst.focus()
    worst.press("End")
    best = page.get_by_label("Best: green, “good”")
    best.focus()
    best.press("End")
    if scripting:
        expect(page.locator("[data-scale-state]")).to_contain_text("they are remembered")
        expect(page.locator("#champion [data-scale-word]")).to_have_text("middling")
    else:
        page.locator("form.mx-scale").get_by_role("button", name="Apply").click()
    page.goto(session.path)
    expect(page.locator("[data-scale-state]")).to_have_text("You moved the ends.")
    expect(value).to_have_class("text scale5")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("[data-scale-state]")).to_have_text("The ends follow the data.")
    expect(value).to_have_class("text scale10")


def test_another_statistic_makes_another_best_and_is_remembered(
    page: Page, session: Session, browser: Browser, facade: RunningFacade
) -> None:
    page.goto(session.path)
    first = page.get_by_role("article", name="crystal-1 · datacollection")
    expect(first).to_contain_text("Best: XIA2_DIALS")
    page.get_by_label("Rank results by").select_option(label="Rmeas")
    page.get_by_role("button", name="Apply and remember").click()
    expect(first).to_contain_text("Best: autoPROC")
    another = browser.new_context(base_url=facade.url)
    later = another.new_page()
    logged_in(later, facade.url)
    later.goto(session.path)
    expect(later.get_by_role("article", name="crystal-1 · datacollection")).to_contain_text("Best: autoPROC")
    another.close()


def test_what_would_win_if_is_one_click(page: Page, session: Session) -> None:
    page.goto(f"{session.path}/actions/{session.first}")
    page.get_by_role("button", name="Keep Rmeas, overall shell").click()
    expect(page.locator("section.best")).to_contain_text("Best: autoPROC")
    page.get_by_role("link", name="I/sigma, overall shell").click()
    expect(page.locator("section.best")).to_contain_text("Best: XIA2_DIALS")


def test_a_position_of_the_puck_leads_to_its_sample(page: Page, session: Session) -> None:
    page.goto(f"{session.path}/summary")
    disc = page.get_by_role("link", name="Position 7: crystal-2, collected, autoprocessed, phased, I/sigma 15.00")
    disc.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**sample=crystal-2**")
    expect(page.get_by_role("article")).to_have_count(1)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_fit_into_the_window_and_axe_finds_nothing(
    browser: Browser, facade: RunningFacade, session: Session, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, base_url=facade.url)
    found = context.new_page()
    complaints = logged_in(found, facade.url)
    paths = (session.path, f"{session.path}/summary", f"{session.path}/summary?by=target")
    for path in (*paths, f"{session.path}/actions/{session.second}"):
        found.goto(path)
        found.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")
        assert found.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
        assert axe.faults(found) == [], path
    context.close()
    assert complaints == []
