"""What axe-core finds on a page that keeps people out."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendored" / "axe.min.js"
SERIOUS = ("serious", "critical")


def faults(page: Page) -> list[str]:
    """Rule, what it demands, and the element."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    report = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in report["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
