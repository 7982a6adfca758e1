"""The lint: one fault each, with file, line and a sentence."""

from __future__ import annotations

import pytest

from displays.check import check
from displays.findings import Finding
from displays.library import Library, stock_documents
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import PARIS


def findings(*texts: str, workflows: set[str] | None = None) -> list[Finding]:
    named = [(f"f{i}.yaml", text) for i, text in enumerate(texts)]
    return check(Library.load([*stock_documents(), *named], vocabulary(), techniques(), PARIS), workflows)


def document(body: str, selector: str = "{instruments: [X]}", identifier: str = "x") -> str:
    return f"display:\n  id: {identifier}\n  title: X\n  extends: [generic]\n  selector: {selector}\n{body}"


@pytest.mark.parametrize(
    ("body", "line", "complaint"),
    [
        ("  columns:\n    - {id: a, label: A, param: EM_votlage}\n", 7, "no parameter is called 'EM_votlage'"),
        ("  columns:\n    - {id: a, label: A, param: MX_crystalPositionName}\n", 7, "put MX_positionName before it"),
        ("  columns:\n    - {id: a, label: A, param: HOLO_im01_num_end}\n", 7, "has no successor; leave it out"),
        ("  columns:\n    - {id: a, label: A, param: EM_voltage, unit: mm}\n", 7, "is in kV and cannot be shown in mm"),
        (
            "  columns:\n    - {id: a, label: A, param: SAXS_rg, unit: nm}\n",
            7,
            "has no unit (say which with from_unit)",
        ),
        ("  columns:\n    - {id: a, label: A, param: EM_voltage, unit: wug}\n", 7, "'wug' is not a unit"),
        ("  columns:\n    - {id: a, label: A, derived: EM_dose / NOPE}\n", 7, "no parameter is called 'NOPE'"),
        ("  columns:\n    - {id: a, label: A, field: colour}\n", 7, "may not offer a field 'colour'"),
        ("  scales:\n    s: {worst: 3, best: 3}\n", 7, "both ends of the scale s are 3"),
        ("  groups: {by: [NOPE], order: startDate}\n", 6, "no parameter is called 'NOPE'"),
        ("  normalise:\n    - {param: 'NOPE_*', from_unit: V}\n", 7, "no parameter fits 'NOPE_*'"),
        ("  normalise:\n    - {param: EM_voltage, from_unit: s}\n", 7, "s does not convert to it"),
        ("  links:\n    - {label: L, url: '/x?y={NOPE}'}\n", 7, "{NOPE} is never available"),
        ("  links:\n    - {label: L, url: 'http://example.org/'}\n", 7, "only https and addresses of this site"),
        ("  ignore_techniques: ['http://purl.org/pan-science/ESRFET#EM']\n", 6, "written in the old namespace"),
        ("  cards:\n    - {id: c, label: C, rows: [{label: R, param: NOPE}]}\n", 7, "no parameter is called 'NOPE'"),
        (
            "  cards:\n    - {id: c, label: C, kind: shells, prefix: MXAutoprocIntegrationScaling, rows:\n"
            "       [{label: R, stat: nope}]}\n",
            8,
            "no parameter is called 'MXAutoprocIntegrationScaling_inner_nope'",
        ),
        (
            "  columns:\n    - {id: a, label: A, outputs: {where: {NOPE: x}, value: {param: EM_dose}}}\n",
            7,
            "no parameter is called 'NOPE'",
        ),
    ],
)
def test_names_units_and_templates(body: str, line: int, complaint: str) -> None:
    found = [f for f in findings(document(body)) if complaint in f.text]
    assert [(f.source, f.line) for f in found] == [("f0.yaml", line)]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("esrfet:NOPE", "no technique is called 'esrfet:NOPE'"),
        ("https://w3id.org/PaN/ESRFET/v0.1.0/#MX", "form with a version"),
        ("SXRD", "'SXRD' is ambiguous"),
        ("Macromolecular Crystallography", "is a name; write the identifier https://w3id.org/PaN/ESRFET#MX"),
    ],
)
def test_techniques(name: str, complaint: str) -> None:
    found = [f for f in findings(document("", f"{{techniques: ['{name}']}}")) if complaint in f.text]
    assert [(f.source, f.line, f.severity) for f in found] == [("f0.yaml", 5, "error")]


def test_a_deprecated_name_after_its_successor_is_a_fallback_and_fine() -> None:
    body = "  columns:\n    - {id: a, label: A, param: [MX_positionName, MX_crystalPositionName]}\n"
    assert findings(document(body)) == []


def test_a_unit_added_to_an_inherited_column_is_checked_too() -> None:
    child = "display:\n  id: y\n  extends: [tomo]\n  selector: {instruments: [Y]}\n"
    child += "  columns:\n    - {id: e, param: EM_dose}\n"
    assert any("cannot be shown in keV" in f.text and f.line == 6 for f in findings(child))


def test_a_display_that_never_wins() -> None:
    low = document("", "{instruments: [X]}", "low")
    high = document("  priority: 5\n", "{instruments: [X]}", "high")
    assert [f.text for f in findings(low, high)] == ["low: is never used: high always goes first"]


def test_a_tie_and_its_mending() -> None:
    one, two = document("", "{instruments: [X]}", "one"), document("", "{instruments: [x, Y]}", "two")
    assert any("two: is as specific as one" in f.text for f in findings(one, two))
    assert findings(document("", "{instruments: [X]}", "one"), document("", "{instruments: [Y]}", "two")) == []


def test_a_gap_between_periods_and_a_period_that_is_none() -> None:
    old = document("", "{instruments: [X], valid: {until: 2024-01-01}}", "old")
    new = document("", "{instruments: [X], valid: {from: 2024-03-01}}", "new")
    (gap,) = findings(old, new)
    assert (gap.severity, gap.line) == ("warning", 5)
    assert gap.text == "new: nothing is said for 2024-01-01 to 2024-03-01, after old"
    (none,) = findings(document("", "{instruments: [X], valid: {from: 2024-03-01, until: 2024-01-01}}"))
    assert "ends before it begins" in none.text


def test_workflows_that_do_not_exist() -> None:
    body = "  actions: [reprocess_mx, dance]\n"
    found = findings(document(body), workflows={"reprocess_mx"})
    assert [str(f) for f in found] == ["f0.yaml:6: error: there is no workflow 'dance'"]
