"""Lists: actions of MX, groups, order, colours; plots; pictures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from displays.colours import Ends, coloured, initial_ends
from displays.gallery import matching, pictures
from displays.library import Library
from displays.listing import build_list
from displays.mx_actions import actions, bundle
from displays.parts import Gallery, Scale
from displays.plots import bins, plot_data
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.view import build
from tests.displays.datasets import PARIS, dataset, mx_scene, tilt_series


def scans(*kinds: tuple[str, str | None, str | None]) -> list[Dataset]:
    """Raw datasets of one sample: (scan type, Workflow_id, position)."""
    made = []
    for index, (kind, workflow, position) in enumerate(kinds):
        values = {"scanType": kind}
        values |= {"Workflow_id": workflow} if workflow else {}
        values |= {"MX_positionName": position} if position else {}
        made.append(dataset(index + 1, f"s{index + 1}", values, sample_id=7))
    return made


@pytest.mark.parametrize(
    ("kinds", "sizes"),
    [
        ([*((kind, None, "p") for kind in ("mesh", "line", "characterisation", *["datacollection"] * 2))], [4, 1]),
        ([("mesh", "w1", "p"), ("datacollection", "w1", "q"), ("datacollection", "w1", "r")], [3]),
        ([("mesh", "w1", "p"), ("datacollection", "w2", "p")], [1, 1]),
        ([("mesh", None, "p"), ("mesh", None, "q")], [1, 1]),
        ([("energy_scan", None, "p"), ("datacollection", None, "p"), ("xrf", None, "p")], [2, 1]),
        ([("Helical", None, None), ("Helical", None, None)], [1, 1]),
        ([("mesh", "w1", "p"), ("datacollection", None, "p")], [1, 1]),
        ([], []),
    ],
)  # fmt: skip
def test_raw_datasets_are_bundled_into_actions(
    kinds: list[tuple[str, str | None, str | None]], sizes: list[int]
) -> None:
    assert [len(action.datasets) for action in bundle(scans(*kinds), PARIS)] == sizes


def test_actions_of_several_samples_come_in_order_of_start_and_leave_processed_data_out() -> None:
    scene = mx_scene()
    found = actions(scene.lineage.datasets.values(), PARIS)
    assert [action.datasets[0].id for action in found] == [100, 120, 140]
    assert found[0].kind == "datacollection"
    assert found[0].workflow_id is None


def test_mx_lists_show_the_latest_action_first(stock: Library, reader: Reader) -> None:
    scene = mx_scene()
    table = build_list(stock.choose(scene.raw[0]), scene.raw, scene.lineage, reader)
    assert [row.dataset_id for row in table.rows] == [140, 120, 100]
    assert table.groups[0].label == "lyso-1 · datacollection"


def test_the_reader_may_move_the_ends_of_a_scale(stock: Library, reader: Reader) -> None:
    scene = mx_scene()
    display = stock.choose(scene.raw[0])
    table = build_list(display, scene.raw, scene.lineage, reader, {"isig": Ends(0, 43)})
    cell = next(cell for cell in table.rows[0].cells if cell.id == "best_isig")
    assert cell.coloured is not None
    assert cell.coloured.position == pytest.approx(0.5)
    assert next(head for head in table.columns if head.id == "best_isig").ends == Ends(0, 43)


def test_a_column_that_is_empty_everywhere_and_hidden_when_empty_is_left_out(stock: Library, reader: Reader) -> None:
    rows = [dataset(1, "a"), dataset(2, "b", {"scan_description": "ascan"})]
    both = build_list(stock.fallback, rows, Lineage(), reader)
    assert "scan" in [head.id for head in both.columns]
    first = build_list(stock.fallback, rows[:1], Lineage(), reader)
    assert "scan" not in [head.id for head in first.columns]
    assert all(len(row.cells) == len(both.columns) for row in both.rows)


def test_a_tilt_series_is_ordered_by_tilt_not_by_time(stock: Library, reader: Reader) -> None:
    scene = tilt_series()
    shuffled = [scene.raw[3], scene.raw[0], scene.raw[4], scene.raw[1], scene.raw[2]]
    table = build_list(stock.choose(scene.raw[0]), shuffled, scene.lineage, reader)
    assert [row.dataset_name for row in table.rows] == ["000", "001", "002", "003", "004"]
    assert [bool(row.warnings) for row in table.rows] == [False, False, False, False, True]


def test_plots_take_values_of_grandchildren_and_convert_them(stock: Library, reader: Reader) -> None:
    scene = tilt_series()
    plots = {plot.id: plot for plot in plot_data(stock.choose(scene.raw[0]), scene.raw, scene.lineage, reader)}
    assert [(point.x, point.y) for point in plots["res"].points][:2] == [(-6.0, 4.2), (-3.0, 4.45)]
    assert (plots["res"].x_label, plots["res"].x_unit, plots["res"].y_unit) == ("Tilt", "°", "Å")
    assert sum(b.count for b in plots["def"].bins) == 5
    assert plots["def"].bins[0].start == pytest.approx(3.1)
    assert plots["def"].y_unit == "µm"


def test_bins_of_nothing_and_of_equal_values() -> None:
    assert bins([], 50) == []
    assert [b.count for b in bins([2.0, 2.0], 50)] == [2]
    assert [b.count for b in bins([0.0, 1.0, 2.0, 4.0], 4)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("worst", "best", "observed", "ends"),
    [
        (5, 10, [6, 8], Ends(6, 8)),
        (5, 10, [1, 20], Ends(5, 10)),
        (5, 10, [20, 30], Ends(5, 10)),
        (5, 10, [1, 2], Ends(5, 10)),
        (15, 5, [12, 7], Ends(12, 7)),
        (15, 5, [40, 1], Ends(15, 5)),
    ],
)
def test_ends_shrink_to_the_data(worst: float, best: float, observed: list[float], ends: Ends) -> None:
    assert initial_ends(Scale(worst=worst, best=best, shrink_to_data=True), observed) == ends
    assert initial_ends(Scale(worst=worst, best=best), observed) == Ends(worst, best)


def test_a_scale_on_which_less_is_better() -> None:
    assert coloured(5, Ends(15, 5)).level == "good"
    assert coloured(15, Ends(15, 5)).level == "bad"
    assert coloured(10, Ends(15, 5)).colour == "#fee08b"


def test_pictures_are_chosen_ordered_and_captioned() -> None:
    paths = "/g/b10.png,/g/b2.png,/g/kratky.png,/g/model.pdb,/g/report.html"
    one = dataset(1, "d", {"ResourcesGallery": "1 2 3 4 5", "ResourcesGalleryFilePaths": paths})
    assert [p.filename for p in pictures(one, Gallery())] == ["b2.png", "b10.png", "kratky.png"]
    ordered = Gallery(order=("kratky", "name"), captions={"kratky": "Kratky plot"}, max=2)
    assert [p.caption for p in pictures(one, ordered)] == ["Kratky plot", "b2.png"]
    assert [p.filename for p in pictures(one, Gallery(kinds=("molecule",)))] == ["model.pdb"]
    assert [p.filename for p in pictures(one, Gallery(include=("B*",)))] == ["b2.png", "b10.png"]
    thumbnail = matching(one, ("*kratky*", "*"))
    assert thumbnail is not None
    assert thumbnail.filename == "kratky.png"


def test_an_unfinished_dataset_says_so(stock: Library, reader: Reader) -> None:
    growing = dataset(1, "d", complete=False, end=dataset(1, "d").start)
    view = build(stock.fallback, growing, Lineage(), reader)
    cells = {cell.label: cell.text for panel in view.cards for cell in panel.cells}
    assert (cells["Complete"], cells["Duration"]) == ("no", "0 s")
    assert view.header.start is not None
    assert view.header.start.utcoffset() == timedelta(hours=1)


def test_the_mean_of_enormous_numbers_is_a_number(stock: Library, reader: Reader) -> None:
    display = stock.get("mx")
    assert display is not None
    enormous = [dataset(n, f"d{n}", {"MX_transmission": "1e308"}) for n in (1, 2, 3)]
    table = build_list(display, enormous, Lineage(), reader)
    (head,) = (column for column in table.columns if column.id == "trans")
    assert head.mean == pytest.approx(1e308)
