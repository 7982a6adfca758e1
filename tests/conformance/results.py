"""What pytest's report of the suite says."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml
from lxml import etree

SKIPS = Path(__file__).parent / "skips.yaml"


@dataclass(frozen=True)
class Results:
    """Numbers of tests. `skipped`: by what skips.yaml says about the reason. `problems`: failures, and skips for other
    reasons, one line each."""

    passed: int
    skipped: Counter[str]
    failed: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        total = self.passed + self.skipped.total() + self.failed
        left_out = "".join(f", {count} {why}" for why, count in self.skipped.items())
        return f"{self.passed} of {total} passed{left_out}, {self.failed} failed"


def read_report(report: Path) -> Results:
    """From pytest's JUnit report. Errors count as failures."""
    known = {pattern: why for why, patterns in yaml.safe_load(SKIPS.read_text()).items() for pattern in patterns}
    passed = failed = 0
    skipped: Counter[str] = Counter()
    problems = []
    for case in etree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        marks = {child.tag: child.get("message") or "" for child in case}
        if marks.keys() & {"failure", "error"}:
            failed += 1
            problems.append(f"{name} failed")
        elif "skipped" in marks:
            why = next((known[p] for p in known if re.search(p, marks["skipped"])), None)
            skipped[why or "skipped for no known reason"] += 1
            if why is None:
                problems.append(f"{name} was skipped: {marks['skipped']}")
        else:
            passed += 1
    return Results(passed, skipped, failed, tuple(problems))
