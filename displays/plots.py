"""Data of the plots over datasets; drawing is for whoever shows them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from displays.document import Display
from displays.parts import Plot, Source
from displays.quantities import convert, symbol
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.values import Evaluator, Value

MOST_POINTS = 2000
"""A series with more points is thinned for the screen; its peaks stay."""

Coordinate = float | str | datetime | None


@dataclass(frozen=True, slots=True)
class Point:
    """`y`, its `error` and `z` (the value behind the colour) are in the units of the plot."""

    dataset_id: int
    x: Coordinate
    y: float
    error: float | None = None
    series: str | None = None
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    start: float
    end: float
    count: int


@dataclass(frozen=True, slots=True)
class PlotView:
    """Points of a plot, or bins of a histogram. `missing` datasets had no value to plot; `thinned` says from how many
    points those shown were taken (None: all are there)."""

    id: str
    label: str
    kind: str
    x_label: str | None
    x_unit: str | None
    y_label: str
    y_unit: str | None
    log: str | None
    click: str | None
    points: tuple[Point, ...]
    bins: tuple[Bin, ...]
    missing: int
    z_label: str | None = None
    z_unit: str | None = None
    thinned: int | None = None


def plot_data(display: Display, datasets: Sequence[Dataset], lineage: Lineage, reader: Reader) -> list[PlotView]:
    """Every plot of the display that has data for these datasets. Plots over HDF5 are not made here."""
    evaluator = Evaluator(display, lineage, reader)
    views = [_plot(plot, evaluator, datasets) for plot in display.plots if plot.over == "datasets"]
    return [view for view in views if view.points or view.bins]


def _plot(plot: Plot, evaluator: Evaluator, datasets: Sequence[Dataset]) -> PlotView:
    axes = _Axes(plot, evaluator)
    series = [list(axes.points(source, datasets)) for source in plot.y]
    points = [point for one in series for point in one]
    histogram = plot.kind == "histogram"
    shown = [point for one in series for point in thin(one, max(MOST_POINTS // len(series), 1))]
    plotted = {point.dataset_id for point in points}
    return PlotView(
        id=plot.id or "",
        label=plot.label or _names(plot, evaluator.display),
        kind=plot.kind,
        x_label=_name(plot.x, evaluator.display) if plot.x else None,
        x_unit=axes.units(plot.x, None, datasets),
        y_label=plot.axis or _names(plot, evaluator.display),
        y_unit=symbol(axes.unit),
        log=plot.log,
        click=plot.click,
        points=() if histogram else tuple(shown),
        bins=tuple(bins([point.y for point in points], plot.bins)) if histogram else (),
        missing=len(datasets) - len(plotted),
        z_label=_name(plot.z, evaluator.display) if plot.z else None,
        z_unit=axes.units(plot.z, plot.z.unit if plot.z else None, datasets),
        thinned=len(points) if not histogram and len(shown) < len(points) else None,
    )


class _Axes:
    """Reads the coordinates of one plot. `unit` is that of y: the plot's, the column's, or the first value's."""

    def __init__(self, plot: Plot, evaluator: Evaluator) -> None:
        self._plot = plot
        self._evaluator = evaluator
        self.unit = plot.unit

    def points(self, source: Source, datasets: Sequence[Dataset]) -> Iterator[Point]:
        """One point per dataset that has a number."""
        display = self._evaluator.display
        series = source.id or _name(source, display) if len(self._plot.y) > 1 else None
        for dataset in datasets:
            value = self._evaluator.value(source, dataset)
            self.unit = self.unit or _shown_unit(source, display) or value.units
            y = convert(value.number, value.units, self.unit) if value.number is not None else None
            if y is None or not math.isfinite(y):
                continue
            error = _span(value, self.unit)
            yield Point(dataset.id, self._x(dataset), y, error, series or self._series(dataset), self._z(dataset))

    def _x(self, dataset: Dataset) -> Coordinate:
        if self._plot.x is None:
            return None
        value: Value = self._evaluator.value(self._plot.x, dataset)
        if value.moment is not None:
            return value.moment if value.moment.tzinfo else value.moment.replace(tzinfo=self._evaluator.reader.zone)
        return value.number if value.number is not None else value.text

    def _z(self, dataset: Dataset) -> float | None:
        if self._plot.z is None:
            return None
        value = self._evaluator.value(self._plot.z, dataset)
        unit = self._plot.z.unit or _shown_unit(self._plot.z, self._evaluator.display) or value.units
        return convert(value.number, value.units, unit) if value.number is not None else None

    def _series(self, dataset: Dataset) -> str | None:
        return self._evaluator.value(self._plot.series, dataset).text if self._plot.series else None

    def units(self, source: Source | None, unit: str | None, datasets: Sequence[Dataset]) -> str | None:
        """Unit of another axis: the one asked for, else the one that all values share."""
        if source is None:
            return None
        wanted = unit or _shown_unit(source, self._evaluator.display)
        if wanted:
            return symbol(wanted)
        values = (self._evaluator.value(source, dataset) for dataset in datasets)
        found = {value.units for value in values if not value.missing}
        return symbol(found.pop()) if len(found) == 1 else None


def _span(value: Value, unit: str | None) -> float | None:
    """The error of a value in another unit: a difference, so that offsets of temperatures do not count."""
    if value.error is None:
        return None
    ends = convert(value.error, value.units, unit), convert(0.0, value.units, unit)
    return abs(ends[0] - ends[1]) if ends[0] is not None and ends[1] is not None else None


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most about `most` points in their order: of each stretch the lowest and the highest, so that no peak is
    lost."""
    if len(points) <= most:
        return list(points)
    width = math.ceil(len(points) * 2 / most)
    kept: dict[int, Point] = {}
    for begin in range(0, len(points), width):
        stretch = range(begin, min(begin + width, len(points)))
        for index in sorted({min(stretch, key=lambda i: points[i].y), max(stretch, key=lambda i: points[i].y)}):
            kept[index] = points[index]
    return list(kept.values())


def _shown_unit(source: Source, display: Display) -> str | None:
    column = next((c for c in display.columns if c.id == source.column), None)
    return source.unit or (column.unit if column else None)


def _names(plot: Plot, display: Display) -> str:
    """What is on the y axis."""
    return ", ".join(dict.fromkeys(_name(source, display) for source in plot.y))


def _name(source: Source, display: Display) -> str:
    column = next((c for c in display.columns if source.column and c.id == source.column), None)
    if column is not None:
        return column.label or source.column or ""
    related = source.outputs or source.inputs
    if related is not None and related.value is not None:
        return _name(related.value, display)
    if source.param:
        same = next((c for c in display.columns if c.param and c.param[0] == source.param[0]), None)
        return (same.label if same else None) or source.param[0]
    return source.field or source.derived or ""


def bins(values: Sequence[float], count: int) -> list[Bin]:
    """Equal bins over the range of the values; the last includes its end. Equal values make one bin, and so do those
    whose range is beyond floating-point numbers."""
    if not values:
        return []
    low, high = min(values), max(values)
    width = (high - low) / count
    if not 0 < width < math.inf:
        return [Bin(low, high, len(values))]
    heights = [0] * count
    for value in values:
        heights[min(int((value - low) / width), count - 1)] += 1
    return [Bin(low + i * width, low + (i + 1) * width, height) for i, height in enumerate(heights)]
