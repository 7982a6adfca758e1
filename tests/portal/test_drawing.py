"""Axes, plots and lineage as drawings: whatever the numbers are, everything lies inside of the picture."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from displays.plots import Bin, PlotView, Point, bins
from displays.records import Dataset, Lineage
from drac_plugins.displays.axes import figure, number_axis, time_axis
from drac_plugins.displays.charts import HEIGHT, LEFT, MOST_SERIES, SHAPES, WIDTH, chart
from drac_plugins.displays.lineage_graph import MOST_NODES, Graph, graph

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)
TEXTS = st.text(max_size=12)
TIMES = st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis'


def plot(points: list[Point], kind: str = "scatter", log: str | None = None, found: tuple[Bin, ...] = ()) -> PlotView:
    return PlotView("p", "A plot", kind, "X", "mm", "Y", None, log, "open_dataset", tuple(points), found, 0)


def written(moment: datetime) -> str:
    return moment.isoformat()


@settings(max_examples=60)
@given(values=st.lists(NUMBERS, min_size=1, max_size=30))
def test_every_number_lies_on_its_axis_in_order_and_the_ticks_are_round_and_few(values: list[float]) -> None:
    axis = number_axis(values, 0, 500, 6)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 500 for place in places)
    assert 2 <= len(axis.ticks) <= 25
    assert all(math.isfinite(tick.place) for tick in axis.ticks)


@settings(max_examples=60)
@given(values=st.lists(st.floats(1e-12, 1e12), min_size=1, max_size=30))
def test_a_logarithmic_axis_has_ticks_at_powers_of_ten(values: list[float]) -> None:
    axis = number_axis(values, 0, 500, 6, log=True)
    assert all(float(tick.label) > 0 for tick in axis.ticks)
    assert all(0 <= axis.place(value) <= 500 for value in values)


@settings(max_examples=60)
@given(moments=st.lists(TIMES, min_size=1, max_size=20))
def test_a_time_axis_has_a_tick_for_people_whatever_its_length(moments: list[datetime]) -> None:
    axis = time_axis([moment.timestamp() for moment in moments], UTC, 0, 500)
    assert len(axis.ticks) <= 12
    assert all(tick.label for tick in axis.ticks)


@settings(max_examples=60)
@given(
    points=st.lists(
        st.builds(
            Point,
            st.integers(1, 9),
            st.one_of(NUMBERS, TEXTS, TIMES, st.none()),
            NUMBERS,
            st.one_of(st.none(), NUMBERS),
            st.one_of(st.none(), TEXTS),
        ),
        min_size=1,
        max_size=30,
    ),
    kind=st.sampled_from(["scatter", "line"]),
    log=st.sampled_from([None, "x", "y", "both"]),
)
def test_every_point_is_drawn_inside_of_its_frame_or_counted_as_left_out(
    points: list[Point], kind: str, log: str | None
) -> None:
    drawn = chart(plot(points, kind, log), {1: "one"}, written)
    assert len(drawn.marks) + drawn.left_out == len(points) == len(drawn.rows) + drawn.left_out
    assert all(LEFT <= mark.x <= WIDTH and 0 <= mark.y <= HEIGHT and mark.shape < SHAPES for mark in drawn.marks)
    given_to_script = json.loads(drawn.data)
    assert given_to_script["xs"] == sorted(given_to_script["xs"])
    assert len(given_to_script["series"]) <= MOST_SERIES


@settings(max_examples=60)
@given(values=st.lists(NUMBERS, min_size=1, max_size=60), count=st.integers(1, 50))
def test_a_histogram_shows_every_value_once(values: list[float], count: int) -> None:
    drawn = chart(plot([], "histogram", found=tuple(bins(values, count))), {}, written)
    assert sum(int(row.y) for row in drawn.rows) == len(values)
    assert all(block.width >= 1 and block.height >= 0 for block in drawn.blocks)


def test_series_differ_in_shape_as_well_as_in_colour() -> None:
    points = [Point(i, float(i), 1.0, None, f"pipeline {i}") for i in range(SHAPES)]
    drawn = chart(plot(points), {}, written)
    assert {mark.shape for mark in drawn.marks} == set(range(SHAPES))
    assert drawn.series == [f"pipeline {i}" for i in range(SHAPES)]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1234.5, "1234.5"), (1e12, "1e12"), (2.5e-7, "2.5e-7"), (-3.0, "-3")]
)
def test_figures_are_short(value: float, text: str) -> None:
    assert figure(value) == text


def family(links: list[tuple[int, int]], count: int, **more: dict[int, int]) -> Lineage:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    datasets = [
        Dataset(i, f"d{i}", "acquisition" if i == 0 else "processed", start + timedelta(minutes=i))
        for i in range(count)
    ]
    return Lineage.of(datasets, links, **more)  # type: ignore[arg-type]


def drawn_graph(lineage: Lineage, key: int) -> Graph:
    found = graph(lineage.datasets[key], lineage)
    assert found is not None
    return found


def test_a_chain_goes_from_left_to_right() -> None:
    found = drawn_graph(family([(0, 1), (1, 2)], 3), 1)
    assert [box.dataset_id for box in sorted(found.boxes, key=lambda box: box.x)] == [0, 1, 2]
    assert [box.own for box in found.boxes].count(True) == 1
    assert len(found.paths) == 2


def test_a_dataset_reached_by_two_ways_is_drawn_once_to_the_right_of_both() -> None:
    found = drawn_graph(family([(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)], 4), 0)
    assert len(found.boxes) == 4
    assert max(found.boxes, key=lambda box: box.x).dataset_id == 3


def test_inputs_that_cannot_be_shown_are_a_box_with_a_number() -> None:
    found = drawn_graph(family([], 1, hidden_inputs={0: 2}), 0)
    assert [box.subtitle for box in found.boxes if box.dataset_id is None] == ["2 that you may not see"]


def test_nothing_around_a_dataset_is_no_drawing() -> None:
    lineage = family([], 1)
    assert graph(lineage.datasets[0], lineage) is None


@settings(max_examples=60)
@given(
    links=st.lists(st.tuples(st.integers(0, 79), st.integers(0, 79)), max_size=150),
    key=st.integers(0, 79),
)
def test_any_declared_lineage_can_be_drawn_circles_included(links: list[tuple[int, int]], key: int) -> None:
    lineage = family(links, 80)
    found = graph(lineage.datasets[key], lineage)
    if found is None:
        return
    near = {d.id for d in (*lineage.inputs_of(key, "all"), *lineage.outputs_of(key, "all"))} | {key}
    assert len(found.boxes) + found.left_out == len(near)
    assert len(found.boxes) <= MOST_NODES
    assert key in {box.dataset_id for box in found.boxes}
    assert all(0 <= box.x <= found.width and 0 <= box.y <= found.height for box in found.boxes)
    places = [(box.x, box.y) for box in found.boxes]
    assert len(set(places)) == len(places)
