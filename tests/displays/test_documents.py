"""Reading documents: faults with file and line, inheritance, the published schema."""

from __future__ import annotations

import json
from importlib import resources

import jsonschema
import pytest
import yaml

from displays.document import json_schema
from displays.errors import DocumentError
from displays.library import Library, stock_documents
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import PARIS

BASE = """\
display:
  id: base
  title: Base
  columns:
    - {id: a, label: A, field: name}
    - {id: b, label: B, param: EM_voltage, unit: kV, format: {kind: number, digits: 1}}
    - {id: c, label: C, param: [EM_dose, EM_total_dose]}
  gallery: {kinds: [image], order: name, max: 5}
  ignore_techniques: [esrfet:XRAYS]
"""


def load(*texts: str) -> Library:
    return Library.load([(f"f{i}.yaml", t) for i, t in enumerate(texts)], vocabulary(), techniques(), PARIS)


def child(body: str, extends: str = "[base]") -> str:
    return f"display:\n  id: child\n  selector: {{instruments: [X]}}\n  extends: {extends}\n{body}"


def columns(library: Library, identifier: str = "child") -> list[str | None]:
    display = library.get(identifier)
    assert display is not None
    return [column.id for column in display.columns]


def faults(*texts: str) -> list[str]:
    with pytest.raises(DocumentError) as refused:
        load(*texts)
    return [str(fault) for fault in refused.value.faults]


def test_scalars_replace_maps_merge_and_lists_of_scalars_replace() -> None:
    library = load(BASE, child("  title: Child\n  gallery: {max: 9}\n  ignore_techniques: [esrfet:EM]\n"))
    display = library.get("child")
    assert display is not None
    assert display.gallery is not None
    assert (display.title, display.gallery.max, display.gallery.order) == ("Child", 9, ("name",))
    assert display.ignore_techniques == ("esrfet:EM",)


def test_items_merge_by_id_keeping_place_and_what_is_not_said_again() -> None:
    library = load(BASE, child("  columns:\n    - {id: b, label: Volts, format: {digits: 0}}\n"))
    display = library.get("child")
    assert display is not None
    assert columns(library) == ["a", "b", "c"]
    assert (display.columns[1].label, display.columns[1].unit, display.columns[1].param) == (
        "Volts",
        "kV",
        ("EM_voltage",),
    )


def test_items_are_removed_and_placed() -> None:
    body = "  columns:\n    - {id: a, remove: true}\n    - {id: d, label: D, field: id, before: b}\n"
    body += "    - {id: b, after: c}\n"
    assert columns(load(BASE, child(body))) == ["d", "c", "b"]


def test_a_new_source_drops_the_inherited_one() -> None:
    display = load(BASE, child("  columns:\n    - {id: c, derived: EM_dose * 2}\n")).get("child")
    assert display is not None
    assert (display.columns[2].derived, display.columns[2].param) == ("EM_dose * 2", None)


def test_a_format_of_another_kind_replaces_the_inherited_one() -> None:
    display = load(BASE, child("  columns:\n    - {id: b, format: {kind: bytes}}\n")).get("child")
    assert display is not None
    assert display.columns[1].format is not None
    assert display.columns[1].format.kind == "bytes"


def test_several_parents_apply_from_left_to_right() -> None:
    other = "display:\n  id: other\n  title: Other\n  selector: {instruments: [Y]}\n  gallery: {max: 7}\n"
    display = load(BASE, other, child("", "[base, other]")).get("child")
    assert display is not None
    assert display.gallery is not None
    assert (display.title, display.gallery.max) == ("Other", 7)


def test_selectors_and_priorities_are_never_inherited() -> None:
    parent = "display:\n  id: p\n  title: P\n  selector: {instruments: [Y]}\n  priority: 3\n  date_basis: acquisition\n"
    heir = "display:\n  id: heir\n  extends: [p]\n  selector: {}\n"
    display = load(parent, heir).get("heir")
    assert display is not None
    assert (display.selector.instruments, display.priority, display.date_basis) == (None, 0, "self")


def test_a_later_document_replaces_one_of_the_same_id_and_may_extend_it() -> None:
    facility = "display:\n  id: base\n  extends: [base]\n  title: Ours\n  columns:\n    - {id: a, label: Name}\n"
    library = load(BASE, facility)
    display = library.get("base")
    assert display is not None
    assert (display.title, columns(library, "base")) == ("Ours", ["a", "b", "c"])
    assert display.columns[0].label == "Name"


def test_cycles_unknown_parents_and_deep_chains_are_faults() -> None:
    one = "display:\n  id: one\n  title: T\n  extends: [two]\n  selector: {instruments: [X]}\n"
    two = "display:\n  id: two\n  title: T\n  extends: [one]\n"
    assert any("inherits from itself: one extends two extends one" in fault for fault in faults(BASE, one, two))
    assert faults(BASE, child("", "[nobody]")) == ["f1.yaml:4: extends 'nobody', but there is no such display"]
    chain = [BASE]
    for i in range(7):
        parent = "base" if i == 0 else f"d{i - 1}"
        chain.append(f"display:\n  id: d{i}\n  extends: [{parent}]\n  selector: {{instruments: [X{i}]}}\n")
    assert any("deeper than 5" in fault for fault in faults(*chain))


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("  colour: red\n", "f1.yaml:5: colour: there is no such key"),
        ("  columns:\n    - {id: x, label: X}\n", "f1.yaml:6: columns.x: give exactly one of field, param"),
        ("  columns:\n    - {id: x, label: X, field: a, param: b}\n", "found field and param"),
        ("  columns:\n    - {id: x, field: a}\n", "a label is missing"),
        (
            "  columns:\n    - {id: x, label: X, derived: 'open(1)'}\n",
            "f1.yaml:6: columns[1]: 'open(1)' is not allowed",
        ),
        ("  columns:\n    - {id: b, unit: kV, unit: V}\n", "f1.yaml:6: key 'unit' is given twice"),
        ("  warnings:\n    - {when: {column: zz, gt: 1}, text: T}\n", "there is no column 'zz'"),
        ("  columns:\n    - {id: b, scale: zz}\n", "there is no scale 'zz'"),
        ("  columns:\n    - {id: x, label: X, outputs: {pick: best, value: {field: id}}}\n", "there is no ranking"),
        ("  columns:\n    - {id: x, label: X, outputs: {pick: latest}}\n", "outputs needs `value`"),
        ("  warnings:\n    - {when: {param: a, gt: 1, lt: 2}, text: T}\n", "give one comparison only"),
        ("  links:\n    - {label: L}\n", "a link needs label and url"),
        ("  cards:\n    - {id: s, label: S, kind: shells}\n", "needs prefix"),
        ("  version: 0\n", "f1.yaml:5: version: Input should be greater than or equal to 1"),
        ("  priority: [\n", "not valid YAML"),
        ("  1: x\n", "f1.yaml:5: a key must be text"),
        ("  title: 2024-13-45\n", "f1.yaml:5: '2024-13-45' cannot be read"),
        ("  title: !!python/object/apply:os.system [ls]\n", "f1.yaml:5"),
        ("  title: !!binary aGVsbG8=\n", "of a kind"),
    ],
)
def test_every_fault_names_file_line_and_place(body: str, complaint: str) -> None:
    assert any(complaint in fault for fault in faults(BASE, child(body)))


def test_all_faults_of_all_documents_are_reported_at_once() -> None:
    found = faults(BASE, child("  colour: red\n  shape: round\n"), "display: [\n", "nothing: here\n")
    assert len(found) == 4
    assert {fault.split(":")[0] for fault in found} == {"f1.yaml", "f2.yaml", "f3.yaml"}


def test_a_fault_in_an_inherited_part_is_reported_at_the_heir() -> None:
    assert faults(BASE, child("  columns:\n    - {id: b, format: {digits: 99}}\n"))[0].startswith("f1.yaml:6: columns")


def test_a_library_without_a_display_for_everything_is_refused() -> None:
    assert "no display has an empty selector" in faults(child("  title: T\n", "[]"))[0]


def test_an_alias_bomb_is_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for i in range(1, 9):
        bomb += f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n"
    assert any("20000 values" in fault for fault in faults(BASE, bomb))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("[" * 50 + "]" * 50, "more than 40 levels", id="deep"),
        pytest.param("[" * 50_000, "nesting", id="very deep"),
        ("\x00", "not valid YAML"),
        ("display: !!timestamp x", "cannot be read"),
        ("display: &a [*a]", "40 levels"),
    ],
)
def test_hostile_texts_are_refused_in_a_sentence(text: str, complaint: str) -> None:
    assert any(complaint in fault for fault in faults(BASE, text))


def test_a_second_display_of_the_same_id_in_one_file_is_a_fault() -> None:
    assert faults(f"{BASE}---\n{BASE}") == ["f0.yaml:12: a second display 'base' in one file"]


def test_the_published_schema_is_the_one_of_the_model() -> None:
    published = resources.files("displays").joinpath("display.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == json_schema()


def test_the_stock_documents_are_valid_under_the_published_schema() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    for name, text in stock_documents():
        for document in yaml.safe_load_all(text):
            data = json.loads(json.dumps(document, default=str))
            assert not list(validator.iter_errors(data)), name


def test_the_schema_refuses_unknown_keys() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert list(validator.iter_errors({"display": {"id": "x", "colour": "red"}}))
