"""What every test sees: no skips where everything is required, and no settings of the machine."""

from __future__ import annotations

import gc
import os

import pytest

from tests.support.browser import browser
from tests.support.demonstration import demonstration

__all__ = ["browser", "demonstration"]  # here, so that all tests of a process share one of each

gc.set_threshold(200_000, 20, 50)  # python-icat's clients are large graphs, and there are hundreds of them

REQUIRE_ALL = os.environ.get("DRAC_TEST_REQUIRE") == "all"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("DRAC_") and name != "DRAC_TEST_REQUIRE":
            monkeypatch.delenv(name)


@pytest.hookimpl(tryfirst=True)  # before the plugin that distributes reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several processes one runs everything that uses the demonstration, so that it is started once, and one all
    of a folder, whose tests share servers, too."""
    for item in items:
        if "demonstration" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("demo"))
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Under DRAC_TEST_REQUIRE=all a skipped test is a failure: the gate has every real part installed."""
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although DRAC_TEST_REQUIRE=all: {item.nodeid}: {report.longrepr}"
    return report
