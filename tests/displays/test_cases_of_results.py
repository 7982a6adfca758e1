"""The cases 23 to 32 that a display engine must get right: results, colours, long lists, pictures, links, failures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from displays.colours import Ends, coloured, initial_ends
from displays.document import Display
from displays.errors import DocumentError
from displays.gallery import pictures
from displays.library import Library, stock_documents
from displays.links import fill, is_allowed
from displays.listing import build_list
from displays.parts import Gallery, Link, Scale
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.view import build
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import (
    ESRFET,
    PARIS,
    SCALING,
    dataset,
    integration,
    movie,
    mx_raw,
    mx_scene,
    statistics,
)


def of_technique(*names: str, number: int = 1, **facts: object) -> Dataset:
    """A dataset with these techniques."""
    return dataset(number, f"d{number}", techniques=tuple(f"{ESRFET}{name}" for name in names), **facts)


def column(display: Display, one: Dataset, reader: Reader, name: str, lineage: Lineage | None = None) -> str:
    """Text of one cell with its unit."""
    view = build(display, one, lineage or Lineage.of([one], []), reader)
    cell = next(cell for cell in view.columns if cell.id == name)
    return f"{cell.text} {cell.unit}" if cell.unit else cell.text


def test_23_of_two_results_of_one_pipeline_both_are_listed_and_the_later_is_current(
    stock: Library, reader: Reader
) -> None:
    raw = mx_raw(1, "run1")
    first = integration(2, "autoPROC", statistics(15.0, 5.0))
    again = integration(3, "autoPROC", {**statistics(14.0, 6.0), "Process_sequence_index": "2"})
    view = build(stock.choose(raw), raw, Lineage.of([raw, first, again], [(1, 2), (1, 3)]), reader)
    assert view.best is not None
    assert [(c.dataset_id, c.current) for c in view.best.contenders] == [(2, False), (3, True)]


def test_24_when_nothing_passes_the_cut_offs_the_best_of_all_is_shown_and_marked(
    stock: Library, reader: Reader
) -> None:
    scene = mx_scene()
    strict = replace(reader, settings={"cutoffs": {"mean_I_over_sigI": {"overall": 99}}})
    view = build(stock.choose(scene.raw[0]), scene.raw[0], scene.lineage, strict)
    assert view.best is not None
    assert (view.best.program, view.best.below_cutoffs) == ("XIA2_DIALS_merge", True)
    assert view.best.reasons[0].startswith("No result meets your cut-offs; this is the best of all")
    assert next(cell for cell in view.columns if cell.id == "best_isig").marks == ("below your cut-offs",)


def test_25_colour_scales_know_no_division_by_zero_and_clamp() -> None:
    scale = Scale(worst=5, best=10, shrink_to_data=True)
    equal = initial_ends(scale, [7.0, 7.0])
    assert equal == Ends(7.0, 7.0)
    assert coloured(7.0, equal).position == 0.5
    assert initial_ends(scale, []) == Ends(5, 10)
    assert coloured(0.0, Ends(0, 10)).position == 0.0
    assert coloured(99.0, Ends(5, 10)).position == 1.0
    assert coloured(-3.0, Ends(5, 10)).position == 0.0


def test_25_zero_and_a_single_value_are_coloured_in_a_list(stock: Library, reader: Reader) -> None:
    display = stock.get("mx")
    assert display is not None
    raw, result = mx_raw(1, "run1"), integration(2, "autoPROC", {f"{SCALING}_overall_mean_I_over_sigI": "0"})
    table = build_list(display, [raw], Lineage.of([raw, result], [(1, 2)]), reader)
    cell = next(cell for cell in table.rows[0].cells if cell.id == "best_isig")
    assert (cell.value, cell.coloured is not None) == (0.0, True)


def test_26_thousands_of_datasets_are_resolved_by_signature_not_one_by_one(
    stock: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [movie(i, f"{i:05}", 0.0) for i in range(1, 20_001)]
    decided: list[int] = []
    resolve = Library.resolve

    def counting(self: Library, one: Dataset, pinned: str | None = None) -> object:
        decided.append(one.id)
        return resolve(self, one, pinned)

    fresh = Library.load(stock_documents(), vocabulary(), techniques(), PARIS)
    monkeypatch.setattr(Library, "resolve", counting)
    (group,) = fresh.resolve_many(many)
    assert (group.display.id, len(group.dataset_ids)) == ("cm01-tomo", 20_000)
    assert len(decided) == 2, "one decision and one explanation"


def test_27_gallery_ids_and_paths_of_different_length_are_paired_up_to_the_shorter() -> None:
    one = dataset(1, "d", {"ResourcesGallery": "a b c", "ResourcesGalleryFilePaths": "/g/x.png,/g/y.png"})
    assert [(p.resource_id, p.filename) for p in pictures(one, Gallery())] == [
        ("a", "x.png"),
        ("b", "y.png"),
        ("c", None),
    ]
    other = dataset(1, "d", {"ResourcesGallery": "a", "ResourcesGalleryFilePaths": "/g/x.png,/g/y.png"})
    assert [p.filename for p in pictures(other, Gallery())] == ["x.png"]


def test_28_placeholders_of_links_are_percent_encoded() -> None:
    link = Link(label="L", url="/viewer?state={Sample_name}&id={id}")
    one = dataset(5, "d", {"Sample_name": "a b#c%d&e=/../f"})
    assert fill(link, one) == "/viewer?state=a%20b%23c%25d%26e%3D%2F..%2Ff&id=5"


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "http://example.org",
        "//evil.example",
        "/\\evil.example",
        "https://user@evil.example/",
        "https://",
        "java\tscript:x",
    ],
)
def test_28_other_schemes_are_refused(value: str) -> None:
    assert not is_allowed(value)
    assert fill(Link(label="L", url="{Sample_name}"), dataset(1, "d", {"Sample_name": value})) is None
    encoded = fill(Link(label="L", url="/x?y={Sample_name}"), dataset(1, "d", {"Sample_name": value}))
    assert encoded is not None
    assert encoded.startswith("/x?y=")


def test_29_html_in_a_note_stays_text(stock: Library, reader: Reader) -> None:
    note = "<script>alert(1)</script>"
    view = build(stock.fallback, dataset(1, "d", {"Notes_note_00": note}), Lineage(), reader)
    cell = next(cell for panel in view.cards for cell in panel.cells if cell.label == "Note")
    assert cell.text == note


def test_30_a_broken_document_is_refused_whole_and_the_old_library_goes_on(stock: Library) -> None:
    broken = [*stock_documents(), ("conf/displays/new.yaml", "display:\n  id: new\n  colums: []\n")]
    with pytest.raises(DocumentError) as refused:
        Library.load(broken, vocabulary(), techniques(), PARIS)
    assert str(refused.value) == "conf/displays/new.yaml:3: colums: there is no such key"
    assert stock.resolve(of_technique("MX")).display.id == "mx"


def test_31_without_access_to_the_outputs_the_best_column_is_empty(stock: Library, reader: Reader) -> None:
    raw = mx_scene().raw[0]
    view = build(stock.choose(raw), raw, Lineage.of([raw], [(raw.id, 101)]), reader)
    assert view.best is None
    assert column(stock.choose(raw), raw, reader, "best_isig") == "—"
    assert next(cell for cell in view.columns if cell.id == "outs").text == "0"


def test_32_a_merge_is_counted_once_in_totals_and_visible_under_each_input(stock: Library, reader: Reader) -> None:
    scene = mx_scene()
    display = stock.choose(scene.raw[0])
    table = build_list(display, scene.raw, scene.lineage, reader)
    assert table.outputs == 13
    for raw in scene.raw:
        view = build(display, raw, scene.lineage, reader)
        assert view.best is not None
        merged = next(c for c in view.best.contenders if c.dataset_id == 900)
        assert merged.inputs == 3


def test_a_start_in_another_zone_is_shown_in_the_zone_of_the_facility(stock: Library, reader: Reader) -> None:
    start = datetime(2024, 7, 1, 22, 30, tzinfo=UTC)
    assert column(stock.fallback, dataset(1, "d", start=start), reader, "start") == "2024-07-02 00:30:00"
    tokyo = replace(reader, zone=ZoneInfo("Asia/Tokyo"))
    assert column(stock.fallback, dataset(1, "d", start=start), tokyo, "start") == "2024-07-02 07:30:00"
