"""Data of the plots over datasets; drawing is for whoever shows them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from displays.document import Display
from displays.parts import Plot, Source
from displays.quantities import convert, symbol
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.values import Evaluator, Value


@dataclass(frozen=True, slots=True)
class Point:
    dataset_id: int
    x: float | str | datetime | None
    y: float
    error: float | None = None
    series: str | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    start: float
    end: float
    count: int


@dataclass(frozen=True, slots=True)
class PlotView:
    """Points of a plot, or bins of a histogram; `missing` datasets had no value to plot."""

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


def plot_data(display: Display, datasets: Sequence[Dataset], lineage: Lineage, reader: Reader) -> list[PlotView]:
    """Every plot of the display that has data for these datasets. Plots over HDF5 are not made here."""
    evaluator = Evaluator(display, lineage, reader)
    views = [_plot(plot, evaluator, datasets) for plot in display.plots if plot.over == "datasets" and plot.y]
    return [view for view in views if view.points or view.bins]


def _plot(plot: Plot, evaluator: Evaluator, datasets: Sequence[Dataset]) -> PlotView:
    source = plot.y or Source()
    points = []
    unit = plot.unit
    for dataset in datasets:
        value = evaluator.value(source, dataset)
        unit = unit or _shown_unit(source, evaluator.display) or value.units
        y = convert(value.number, value.units, unit) if value.number is not None else None
        if y is not None and math.isfinite(y):
            points.append(Point(dataset.id, _x(plot, evaluator, dataset), y, None, _series(plot, evaluator, dataset)))
    histogram = plot.kind == "histogram"
    return PlotView(
        id=plot.id or "",
        label=plot.label or _name(source, evaluator.display),
        kind=plot.kind,
        x_label=_name(plot.x, evaluator.display) if plot.x else None,
        x_unit=_x_unit(plot, evaluator, datasets),
        y_label=_name(source, evaluator.display),
        y_unit=symbol(unit),
        log=plot.log,
        click=plot.click,
        points=() if histogram else tuple(points),
        bins=tuple(bins([point.y for point in points], plot.bins)) if histogram else (),
        missing=len(datasets) - len(points),
    )


def _x(plot: Plot, evaluator: Evaluator, dataset: Dataset) -> float | str | datetime | None:
    if plot.x is None:
        return None
    value: Value = evaluator.value(plot.x, dataset)
    return value.moment or (value.number if value.number is not None else value.text)


def _x_unit(plot: Plot, evaluator: Evaluator, datasets: Sequence[Dataset]) -> str | None:
    if plot.x is None:
        return None
    units = {value.units for dataset in datasets if not (value := evaluator.value(plot.x, dataset)).missing}
    return symbol(units.pop()) if len(units) == 1 else None


def _series(plot: Plot, evaluator: Evaluator, dataset: Dataset) -> str | None:
    return evaluator.value(plot.series, dataset).text if plot.series else None


def _shown_unit(source: Source, display: Display) -> str | None:
    column = next((c for c in display.columns if c.id == source.column), None)
    return source.unit or (column.unit if column else None)


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
    """Equal bins over the range of the values; the last includes its end. Equal values make one bin."""
    if not values:
        return []
    low, high = min(values), max(values)
    if low == high:
        return [Bin(low, high, len(values))]
    width = (high - low) / count
    heights = [0] * count
    for value in values:
        heights[min(int((value - low) / width), count - 1)] += 1
    return [Bin(low + i * width, low + (i + 1) * width, height) for i, height in enumerate(heights)]
