"""The pages of the demonstration in headless Chromium, as ada. With DRAC_SCREENSHOTS=1 the pictures of the
documentation are taken anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.support.demonstration import Demonstration

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.browser, pytest.mark.slow]

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
LARGEST_PICTURE = 300_000
WIDTHS = (1280, 390)


_TAKING_PICTURES = os.environ.pop("DRAC_SCREENSHOTS", "") == "1"
"""Taken out of the environment at once: the demonstration would call it an unknown setting."""


@dataclass
class Watched:
    """A page that remembers everything that went wrong on it."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self._note(message.type in ("error", "warning"), message.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("requestfailed", lambda request: self._note(True, f"failed: {request.url}"))
        self.page.on("response", lambda reply: self._note(reply.status >= 400, f"{reply.status} {reply.url}"))

    def _note(self, wrong: bool, text: str) -> None:
        if wrong:
            self.complaints.append(text)

    def open(self, path: str) -> None:
        self.page.goto(self.base + path, wait_until="load")

    def log_in(self) -> None:
        self.open("/portal/log-in")
        self.page.get_by_label("User name").fill("ada")
        self.page.get_by_label("Password").fill("ada")
        self.page.locator("main").get_by_role("button", name="Log in").click()
        self.page.wait_for_url("**/portal/")

    def follow(self, text: str) -> None:
        self.page.locator("main").get_by_role("link", name=text, exact=True).first.click()
        self.page.wait_for_load_state("load")

    def pictures_loaded(self) -> int:
        """How many pictures are on the page; all of them with pixels."""
        images = self.page.locator("main img")
        for image in images.all():
            image.scroll_into_view_if_needed()
            size = image.evaluate("async one => { await one.decode(); return one.naturalWidth }")
            assert size > 0, image.get_attribute("src")
        self.page.evaluate("window.scrollTo(0, 0)")
        return images.count()

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def scripting(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def ada(browser: Browser, demonstration: Demonstration, scripting: bool) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=scripting)
    watched = Watched(context.new_page(), demonstration.url)
    watched.log_in()
    yield watched
    context.close()
    assert watched.complaints == []


def test_the_sessions_of_ada_are_listed(ada: Watched, scripting: bool) -> None:
    rows = ada.page.locator("tbody tr")
    assert rows.count() == 6
    assert ada.page.get_by_role("heading", level=1).inner_text() == "Sessions"
    _picture(ada, "sessions", scripting)


def test_a_session_shows_raw_and_processed_with_pictures(ada: Watched, scripting: bool) -> None:
    ada.open("/portal/?q=orientations")
    ada.follow("MX-2745")
    assert ada.page.get_by_text("display mx").is_visible()
    assert ada.page.get_by_text("Best: XSCALE_merge").count() == 3
    assert ada.page.get_by_text("this one is left.").first.is_visible()
    if scripting:
        assert ada.pictures_loaded() >= 3
    _picture(ada, "investigation", scripting)


def test_a_dataset_shows_best_result_pictures_and_explanation(ada: Watched, scripting: bool) -> None:
    ada.open("/portal/?q=orientations")
    ada.follow("MX-2745")
    ada.follow("run_01_01_datacollection")
    assert ada.page.get_by_role("heading", name="Best result", level=2).is_visible()
    if scripting:
        assert ada.pictures_loaded() >= 3
    _picture(ada, "dataset", scripting)
    ada.page.locator("#why + details > summary").click()
    assert ada.page.get_by_text("the technique is MX").is_visible()


def test_another_statistic_is_chosen_with_the_form(ada: Watched) -> None:
    ada.open("/portal/?q=orientations")
    ada.follow("MX-2745")
    ada.follow("run_01_01_datacollection")
    ada.page.get_by_label("Rank results by").select_option("r_meas_all_IPlus_IMinus")
    ada.page.get_by_role("button", name="Apply").click()
    ada.page.wait_for_url("**statistic=r_meas_all_IPlus_IMinus**")
    assert ada.page.get_by_text("lower overall Rmeas").first.is_visible()


def test_a_tilt_series_is_a_tree_of_three_levels(ada: Watched, scripting: bool) -> None:
    ada.open("/portal/?q=ribosomes")
    ada.follow("MX-2790")
    assert ada.page.locator("tr.level1").count() == 5
    assert ada.page.locator("tr.level2").count() == 5
    if scripting:
        assert ada.pictures_loaded() == 5
    _picture(ada, "tilt-series", scripting)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_window(browser: Browser, demonstration: Demonstration, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    watched = Watched(context.new_page(), demonstration.url)
    watched.log_in()
    paths = ["/portal/", "/portal/log-in"]
    paths += [str(link.get_attribute("href")) for link in watched.page.locator("tbody a").all()]
    watched.open(paths[2])
    for path in list(paths[2:]):
        watched.open(path)
        links = watched.page.locator("main a[href^='/portal/datasets/']").all()
        paths += [str(link.get_attribute("href")) for link in (links[0], links[-1])]
    for path in dict.fromkeys(paths):
        watched.open(path)
        assert watched.overflow() <= 0, path
    assert watched.complaints == []
    context.close()


def test_everything_is_reached_with_the_keyboard_and_shows_where_one_is(
    browser: Browser, demonstration: Demonstration
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watched = Watched(context.new_page(), demonstration.url)
    watched.log_in()
    watched.page.keyboard.press("Tab")
    assert watched.page.evaluate("document.activeElement.textContent") == "Skip to content"
    outlined = set()
    for _ in range(12):  # title, log out, two fields, button, table, six sessions
        watched.page.keyboard.press("Tab")
        focused = "getComputedStyle(document.activeElement).outlineStyle"
        outlined.add((watched.page.evaluate("document.activeElement.tagName"), watched.page.evaluate(focused)))
    assert {tag for tag, _ in outlined} >= {"A", "BUTTON", "INPUT"}
    assert {style for _, style in outlined} == {"solid"}
    context.close()


def _picture(watched: Watched, name: str, wanted: bool) -> None:
    if not (wanted and _TAKING_PICTURES):
        return
    PICTURES.mkdir(exist_ok=True)
    path = PICTURES / f"{name}.png"
    watched.page.screenshot(path=path, full_page=name != "dataset", animations="disabled")
    assert path.stat().st_size < LARGEST_PICTURE
