"""A plot as a drawing: positions in a picture of fixed size for the SVG that needs no script, the numbers behind it for
the script that draws it with uPlot, and for the table below it.

Series differ in shape as well as in colour. Which values are plotted is decided by the display (`displays.plots`).
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from displays.plots import PlotView, Point
from drac_plugins.displays.axes import Axis, Tick, category_axis, figure, number_axis, time_axis

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 12, 44
SHAPES = 4
"""So many shapes, and as many colours, before they come again."""
MOST_SERIES = 12
_MOST_TICKS_DOWN = 6
_MOST_TICKS_ACROSS = 8

XValue = float | str | datetime | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A point. `shape` counts from 0 to `SHAPES` - 1; `low` and `high` are the ends of its error bar, None without."""

    x: float
    y: float
    shape: int
    dataset_id: int
    title: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A bar of a histogram."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """The path that joins the points of a series."""

    shape: int
    path: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: `dataset_id` is None for a bin."""

    dataset_id: int | None
    name: str
    x: str
    y: str
    series: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the page draws of one plot. `left_out` values do not fit on a logarithmic axis; `data` is JSON
    for the script."""

    id: str
    label: str
    x_title: str
    y_title: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    marks: Sequence[Mark]
    blocks: Sequence[Block]
    lines: Sequence[Line]
    series: Sequence[str]
    rows: Sequence[Row]
    missing: int
    left_out: int
    data: str
    clickable: bool = True
    frame: Mapping[str, int] = field(
        default_factory=lambda: {
            "width": WIDTH,
            "height": HEIGHT,
            "left": LEFT,
            "right": WIDTH - RIGHT,
            "top": TOP,
            "bottom": HEIGHT - BOTTOM,
        }
    )


def chart(plot: PlotView, names: Mapping[int, str], moment: Callable[[datetime], str]) -> Chart:
    """The drawing of a plot. `names` are those of the datasets, `moment` writes dates."""
    return _histogram(plot) if plot.kind == "histogram" else _points(plot, names, moment)


def _histogram(plot: PlotView) -> Chart:
    across = number_axis([plot.bins[0].start, plot.bins[-1].end], LEFT, WIDTH - RIGHT, _MOST_TICKS_ACROSS)
    up = number_axis([0.0, *(float(one.count) for one in plot.bins)], HEIGHT - BOTTOM, TOP, _MOST_TICKS_DOWN)
    blocks = []
    for one in plot.bins:
        left, right = across.place(one.start), across.place(one.end)
        if right - left < 1:  # all values are equal: one bin without a width
            left, right = left - 8, right + 8
        top = up.place(one.count)
        title = f"{figure(one.start)} to {figure(one.end)}: {one.count}"
        blocks.append(Block(left, top, max(right - left - 1, 1), up.place(0) - top, title))
    rows = [Row(None, "", f"{figure(one.start)} – {figure(one.end)}", str(one.count), "") for one in plot.bins]
    data = {
        "kind": "histogram",
        "x": _with_unit(plot.y_label, plot.y_unit),
        "y": "Datasets",
        "bins": [[_finite(one.start), _finite(one.end), one.count] for one in plot.bins],
    }
    return Chart(
        id=plot.id,
        label=plot.label,
        x_title=_with_unit(plot.y_label, plot.y_unit),
        y_title="Datasets",
        x_ticks=across.ticks,
        y_ticks=[tick for tick in up.ticks if float(tick.value).is_integer()],
        marks=(),
        blocks=blocks,
        lines=(),
        series=(),
        rows=rows,
        missing=plot.missing,
        left_out=0,
        data=_json(data),
    )


def _points(plot: PlotView, names: Mapping[int, str], moment: Callable[[datetime], str]) -> Chart:
    log_x, log_y = plot.log in ("x", "both"), plot.log in ("y", "both")
    indexed = list(enumerate(plot.points))
    kept = [(i, p) for i, p in indexed if _fits(p.y, log_y) and _fits(p.x if _is_number(p.x) else 1.0, log_x)]
    across, xs = _across([p.x if p.x is not None else float(i + 1) for i, p in kept], log=log_x)
    up = number_axis([p.y for _, p in kept], HEIGHT - BOTTOM, TOP, _MOST_TICKS_DOWN, log=log_y)
    series = list(dict.fromkeys(point.series or "" for _, point in kept))[:MOST_SERIES]
    marks, rows, paths = [], [], [list[Mark]() for _ in series]
    write = partial(_written, moment=moment)
    for (index, point), x in zip(kept, xs, strict=True):
        shown_x = write(point.x) if point.x is not None else str(index + 1)
        name = names.get(point.dataset_id, "")
        title = " · ".join(filter(None, (name, point.series, f"{shown_x} → {figure(point.y)}")))
        place = series.index(point.series or "") if (point.series or "") in series else 0
        shape = place % SHAPES
        marks.append(Mark(across.place(x), up.place(point.y), shape, point.dataset_id, title, *_error(point, up)))
        paths[place].append(marks[-1])
        rows.append(Row(point.dataset_id, name, shown_x, figure(point.y), point.series or ""))
    shown_series = [one for one in series if one]
    return Chart(
        id=plot.id,
        label=plot.label,
        x_title=_with_unit(plot.x_label or "Order", plot.x_unit),
        y_title=_with_unit(plot.y_label, plot.y_unit),
        x_ticks=across.ticks,
        y_ticks=up.ticks,
        marks=marks,
        blocks=(),
        lines=[_line(path) for path in paths] if plot.kind == "line" else (),
        series=shown_series,
        rows=rows,
        missing=plot.missing,
        left_out=len(plot.points) - len(kept),
        data=_json(_script(plot, [p for _, p in kept], xs, series, across, names)),
        clickable=plot.click == "open_dataset",
    )


def _across(values: Sequence[XValue], *, log: bool) -> tuple[Axis, list[float]]:
    """The x axis and each point's number on it: texts are places in the order of the alphabet."""
    right = WIDTH - RIGHT
    if values and all(isinstance(value, datetime) for value in values):
        seconds = [value.timestamp() for value in values if isinstance(value, datetime)]
        zone = next(value.tzinfo for value in values if isinstance(value, datetime))
        return time_axis(seconds, zone, LEFT, right), seconds
    if all(_is_number(value) for value in values):
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        return number_axis(numbers, LEFT, right, _MOST_TICKS_ACROSS, log=log), numbers
    words = [str(value) for value in values]
    known = sorted(set(words))
    places = {word: float(place) for place, word in enumerate(known)}
    return category_axis(known, LEFT, right), [places[word] for word in words]


def _error(point: Point, up: Axis) -> tuple[float | None, float | None]:
    if point.error is None or not math.isfinite(point.error):
        return None, None
    return up.place(point.y - abs(point.error)), up.place(point.y + abs(point.error))


def _line(marks: Sequence[Mark]) -> Line:
    ordered = sorted(marks, key=lambda mark: mark.x)
    return Line(ordered[0].shape, " ".join(f"{mark.x:.1f},{mark.y:.1f}" for mark in ordered))


def _script(
    plot: PlotView,
    points: Sequence[Point],
    xs: Sequence[float],
    series: Sequence[str],
    across: Axis,
    names: Mapping[int, str],
) -> dict[str, object]:
    """Points in the order of x, as uPlot wants them; `of` is the place of each point's series."""
    order = sorted(range(len(points)), key=lambda i: xs[i])
    return {
        "kind": plot.kind,
        "x": _with_unit(plot.x_label or "Order", plot.x_unit),
        "y": _with_unit(plot.y_label, plot.y_unit),
        "log": plot.log or "",
        "time": across.kind == "time",
        "words": [tick.label for tick in across.ticks] if across.kind == "words" else None,
        "series": list(series) or [""],
        "xs": [xs[i] for i in order],
        "ys": [points[i].y for i in order],
        "of": [series.index(points[i].series or "") if (points[i].series or "") in series else 0 for i in order],
        "ids": [points[i].dataset_id for i in order],
        "names": [names.get(points[i].dataset_id, "") for i in order],
    }


def _fits(value: XValue, log: bool) -> bool:
    return not log or (isinstance(value, int | float) and value > 0)


def _finite(value: float) -> float:
    """JSON knows no infinity."""
    return value if math.isfinite(value) else math.copysign(sys.float_info.max, value)


def _is_number(value: XValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _written(value: XValue, moment: Callable[[datetime], str]) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return figure(value) if isinstance(value, int | float) else str(value)


def _with_unit(label: str, unit: str | None) -> str:
    return f"{label} ({unit})" if unit else label


def _json(data: Mapping[str, object]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
