"""The pages of the demonstration in headless Chromium, as ada. With DRAC_SCREENSHOTS=1 the pictures of the
documentation are taken anew."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.portal import axe
from tests.support.demonstration import Demonstration

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.browser, pytest.mark.slow]

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
LARGEST_PICTURE = 300_000
WIDTHS = (1280, 360)


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

    def log_in(self, name: str = "ada") -> None:
        self.open("/portal/log-in")
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(name)
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

    def addresses(self, pattern: str) -> list[str]:
        """Where the links of the page lead that match, each once."""
        links = self.page.locator(f"main a[href*='{pattern}']").all()
        return list(dict.fromkeys(str(link.get_attribute("href")) for link in links))

    def faults(self) -> list[str]:
        """What axe-core finds on the page that keeps people out."""
        return axe.faults(self.page)

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
    assert ada.page.get_by_role("link", name="Ingestion").count() == 0
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
    plots = ada.page.locator("figure.plot")
    assert plots.count() >= 3
    drawn = ".uplot canvas" if scripting else "path.mark, rect.bin"
    assert all(plot.locator(drawn).first.is_visible() for plot in plots.all())
    plots.first.locator("summary").click()
    assert plots.first.locator("details tbody tr").count() == 5
    plots.first.locator("summary").click()
    _picture(ada, "tilt-series", scripting)


def test_a_point_of_a_plot_opens_its_dataset(ada: Watched, scripting: bool) -> None:
    ada.open("/portal/?q=ribosomes")
    ada.follow("MX-2790")
    if scripting:
        place = ada.page.locator("[data-plot]").first
        spot = "at => at.plot.valToPos(at.plot.data[%d][2], '%s')"
        x, y = place.evaluate(spot % (0, "x")), place.evaluate(spot % (1, "y"))
        place.locator(".u-over").click(position={"x": x, "y": y})
    else:
        ada.page.locator("figure.plot svg a").first.click()
    ada.page.wait_for_url("**/portal/datasets/*")
    assert ada.page.get_by_role("heading", name="Lineage", level=2).is_visible()


def test_two_pipelines_are_compared_side_by_side(ada: Watched, scripting: bool) -> None:
    ada.open("/portal/?q=orientations")
    ada.follow("MX-2745")
    ada.follow("run_01_01_datacollection")
    for program in ("autoPROC", "XIA2_DIALS"):
        ada.page.get_by_label(f"Compare {program}", exact=True).first.check()
    ada.page.get_by_role("button", name="Compare").click()
    ada.page.wait_for_url("**/portal/compare?**")
    assert ada.page.locator("tr.differs").filter(has_text="overall_mean_I_over_sigI").count() == 1
    everything = ada.page.locator("table.comparison tr").count()
    ada.page.get_by_role("link", name="Differences only").click()
    ada.page.wait_for_url("**only=differences**")
    assert ada.page.locator("tr.same").count() == 0
    assert 0 < ada.page.locator("table.comparison tr").count() < everything
    _picture(ada, "comparison", scripting)


def test_parameters_are_found_while_typing_or_with_the_button(ada: Watched, scripting: bool) -> None:
    ada.open("/portal/?q=orientations")
    ada.follow("MX-2745")
    ada.follow("run_01_01_datacollection")
    ada.page.get_by_label("Find in names").fill("wavelength")
    if not scripting:
        ada.page.get_by_role("button", name="Find").click()
        ada.page.wait_for_url("**find=wavelength**")
    shown = [row for row in ada.page.locator("table.parameters tbody tr").all() if row.is_visible()]
    assert 0 < len(shown) < 5
    assert all("wavelength" in row.inner_text().lower() for row in shown)


def test_an_hdf5_file_shows_its_default_plot_and_its_tree(ada: Watched, scripting: bool) -> None:
    ada.open("/portal/?q=ribosomes")
    ada.follow("MX-2790")
    ada.follow("001")
    ada.page.get_by_role("link", name="Look inside").first.click()
    ada.page.wait_for_url("**/files/*")
    if not scripting:
        assert ada.page.locator("noscript .notice").is_visible()
        return
    ada.page.locator(".hdf5 canvas").wait_for()
    assert ada.page.get_by_role("heading", name="Default plot").is_visible()
    ada.page.locator("[data-tree] summary").first.click()
    ada.page.locator("[data-tree] ul ul li").first.wait_for()
    _picture(ada, "hdf5", scripting)


def test_axe_finds_nothing_serious_on_any_page_light_or_dark(browser: Browser, demonstration: Demonstration) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watched = Watched(context.new_page(), demonstration.url)
    watched.open("/portal/log-in")
    found = {"/portal/log-in": watched.faults()}
    watched.log_in()
    paths = ["/portal/", *watched.addresses("/portal/investigations/")]
    for path in list(paths):
        watched.open(path)
        results = watched.addresses("/portal/datasets/")
        paths += results[-1:]
        found[path] = watched.faults()
    key = results[-1].rpartition("/")[2]
    paths += [f"/portal/compare?datasets={key},1", f"/portal/datasets/{key}/files", "/portal/datasets/999999"]
    for path in paths:
        if path not in found:
            watched.open(path)
            watched.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
            found[path] = watched.faults()
    watched.page.emulate_media(color_scheme="dark")
    for path in paths[1:2] + paths[-3:-1]:
        watched.open(path)
        found[f"{path} in the dark"] = watched.faults()
    assert {path: faults for path, faults in found.items() if faults} == {}
    context.close()


def test_staff_see_what_waits_and_what_could_not_be_applied(
    browser: Browser, demonstration: Demonstration, scripting: bool
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=scripting)
    watched = Watched(context.new_page(), demonstration.url)
    watched.log_in("cy")
    watched.page.get_by_role("link", name="Ingestion").click()
    watched.page.wait_for_url("**/portal/ingestion")
    watched.open("/portal/ingestion?state=any")
    assert watched.page.get_by_role("heading", name="Ingestion", level=1).is_visible()
    first = watched.page.locator("tbody tr td a").first
    number = first.inner_text()
    first.click()
    watched.page.wait_for_url(f"**/portal/ingestion/messages/{number}")
    assert watched.page.locator("pre").first.is_visible()
    if scripting:
        assert watched.faults() == []
        watched.open("/portal/ingestion?state=any")
        assert watched.faults() == []
    _picture(watched, "ingestion", scripting)
    context.close()
    assert watched.complaints == []


def test_no_page_is_wider_than_its_window_however_narrow(browser: Browser, demonstration: Demonstration) -> None:
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 800})
    watched = Watched(context.new_page(), demonstration.url)
    watched.log_in()
    paths = ["/portal/", "/portal/log-in"]
    paths += [str(link.get_attribute("href")) for link in watched.page.locator("tbody a").all()]
    watched.open(paths[2])
    for path in list(paths[2:]):
        watched.open(path)
        links = watched.page.locator("main a[href^='/portal/datasets/']").all()
        paths += [str(link.get_attribute("href")) for link in (links[0], links[-1])]
    wider = []
    for path in dict.fromkeys(paths):
        watched.open(path)
        for width in (*WIDTHS, WIDTHS[0]):
            watched.page.set_viewport_size({"width": width, "height": 800})
            wider += [(path, width)] if watched.overflow() > 0 else []
    assert wider == []
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
    watched.page.screenshot(path=path, full_page=name not in ("dataset", "ingestion"), animations="disabled")
    assert path.stat().st_size < LARGEST_PICTURE
