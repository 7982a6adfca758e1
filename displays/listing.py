"""Many datasets under one display: rows, groups, order and colours of a list. `build_list` is the one to call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite

from displays.cells import cell
from displays.colours import Ends, coloured, initial_ends
from displays.document import Display
from displays.gallery import Picture, matching, natural
from displays.mx_actions import actions
from displays.parts import Column, Source
from displays.quantities import symbol
from displays.reader import Reader
from displays.records import Dataset, Lineage, as_instant
from displays.values import Evaluator, Value, fact_of
from displays.view import warnings
from displays.view_model import Cell, WarningView

SortKey = tuple[int, float, list[tuple[int, str | int]]]


@dataclass(frozen=True, slots=True)
class ColumnHead:
    """Title of a column with what its numbers add up to: `count` of values that are numbers, their `mean` and ends;
    missing values and texts are not among them. `ends` are those of the colour scale in use."""

    id: str
    label: str
    unit: str | None
    tooltip: str | None
    scale: str | None = None
    ends: Ends | None = None
    count: int = 0
    mean: float | None = None
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class ListRow:
    dataset_id: int
    dataset_name: str
    cells: tuple[Cell, ...]
    thumbnail: Picture | None
    warnings: tuple[WarningView, ...]


@dataclass(frozen=True, slots=True)
class ListGroup:
    """Rows that belong together; `label` is empty when the list is not grouped."""

    label: str
    rows: tuple[ListRow, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class ListView:
    """A list of datasets. `outputs` counts everything computed from any of them once, also what has several inputs."""

    display_id: str
    title: str
    columns: tuple[ColumnHead, ...]
    groups: tuple[ListGroup, ...]
    outputs: int

    @property
    def rows(self) -> tuple[ListRow, ...]:
        return tuple(row for group in self.groups for row in group.rows)


def build_list(
    display: Display,
    datasets: Sequence[Dataset],
    lineage: Lineage,
    reader: Reader,
    ends: Mapping[str, Ends] | None = None,
) -> ListView:
    """Evaluate the columns of a display for many datasets. Columns that the document hides when empty are left out if
    no row has a value. `ends` are colour-scale ends that the reader moved, by scale."""
    evaluator = Evaluator(display, lineage, reader)
    table = {dataset.id: [evaluator.value(c, dataset) for c in display.columns] for dataset in datasets}
    drawn = {
        dataset.id: [cell(c, v, reader) for c, v in zip(display.columns, table[dataset.id], strict=True)]
        for dataset in datasets
    }
    in_use = _ends(display, drawn, ends or {})
    kept = [i for i, c in enumerate(display.columns) if not c.hide_if_empty or _any_value(drawn, i)]
    rows = {
        dataset.id: _row(evaluator, dataset, table[dataset.id], _colour(display, drawn[dataset.id], in_use), kept)
        for dataset in datasets
    }
    return ListView(
        display_id=display.id,
        title=display.title or display.id,
        columns=tuple(_head(display.columns[i], [drawn[d.id][i] for d in datasets], in_use) for i in kept),
        groups=tuple(_groups(display, datasets, evaluator, rows)),
        outputs=len({output.id for dataset in datasets for output in lineage.outputs_of(dataset.id, "all")}),
    )


def _any_value(drawn: Mapping[int, Sequence[Cell]], index: int) -> bool:
    return any(not cells[index].missing for cells in drawn.values())


def _ends(display: Display, drawn: Mapping[int, Sequence[Cell]], moved: Mapping[str, Ends]) -> dict[str, Ends]:
    found: dict[str, Ends] = {}
    for name, scale in display.scales.items():
        columns = [i for i, column in enumerate(display.columns) if column.scale == name]
        observed = [number for cells in drawn.values() for i in columns if (number := _number(cells[i])) is not None]
        found[name] = moved.get(name) or initial_ends(scale, observed)
    return found


def _colour(display: Display, cells: Sequence[Cell], ends: Mapping[str, Ends]) -> list[Cell]:
    return [
        replace(one, coloured=coloured(number, ends[column.scale]))
        if column.scale is not None and (number := _number(one)) is not None
        else one
        for one, column in zip(cells, display.columns, strict=True)
    ]


def _row(
    evaluator: Evaluator, dataset: Dataset, values: Sequence[Value], cells: Sequence[Cell], kept: Sequence[int]
) -> ListRow:
    display = evaluator.display
    by_id = {one.id: value for one, value in zip(cells, values, strict=True)}
    return ListRow(
        dataset_id=dataset.id,
        dataset_name=dataset.name,
        cells=tuple(replace(cells[i], hidden=False) if cells[i].hidden else cells[i] for i in kept),
        thumbnail=matching(dataset, display.row_thumbnail.include if display.row_thumbnail else ()),
        warnings=tuple(warnings(evaluator, by_id, cells, dataset)),
    )


def _head(column: Column, cells: Sequence[Cell], ends: Mapping[str, Ends]) -> ColumnHead:
    numbers = [number for one in cells if (number := _number(one)) is not None]
    units = {one.unit for one in cells if not one.missing and one.unit}
    return ColumnHead(
        id=column.id or "",
        label=column.label or "",
        unit=symbol(column.unit) if column.unit else (units.pop() if len(units) == 1 else None),
        tooltip=next((one.tooltip for one in cells), column.description),
        scale=column.scale,
        ends=ends.get(column.scale) if column.scale else None,
        count=len(numbers),
        mean=_mean(numbers),
        lowest=min(numbers, default=None),
        highest=max(numbers, default=None),
    )


def _mean(numbers: Sequence[float]) -> float | None:
    """The sum of huge numbers may overflow, their mean does not."""
    if not numbers:
        return None
    total = sum(numbers)
    return total / len(numbers) if isfinite(total) else sum(number / len(numbers) for number in numbers)


def _number(one: Cell) -> float | None:
    if one.missing or isinstance(one.value, bool) or not isinstance(one.value, int | float):
        return None
    return float(one.value)


def _groups(
    display: Display, datasets: Sequence[Dataset], evaluator: Evaluator, rows: Mapping[int, ListRow]
) -> Iterable[ListGroup]:
    spec = display.groups
    if spec is None:
        yield ListGroup("", tuple(rows[d.id] for d in datasets))
        return
    ordered = in_order(datasets, spec.order, evaluator)
    if spec.algorithm == "mx_actions":
        yield from _action_groups(ordered, spec.order, evaluator, rows, collapsed=spec.collapse)
        return
    members: dict[str, list[ListRow]] = {}
    for dataset in ordered:
        keys = [_text(evaluator, name, dataset) for name in spec.by or ()]
        members.setdefault(" · ".join(filter(None, keys)), []).append(rows[dataset.id])
    yield from (ListGroup(label, tuple(found), spec.collapse) for label, found in members.items())


def _action_groups(
    datasets: Sequence[Dataset], order: str, evaluator: Evaluator, rows: Mapping[int, ListRow], *, collapsed: bool
) -> Iterable[ListGroup]:
    bundles = actions(datasets, evaluator.reader.zone)
    for action in reversed(bundles) if _parse_order(order)[1] else bundles:
        sample = action.datasets[0].sample_name or action.datasets[0].text("Sample_name")
        label = " · ".join(filter(None, (sample, action.kind)))
        yield ListGroup(label, tuple(rows[dataset.id] for dataset in action.datasets), collapsed)
    rest = tuple(rows[dataset.id] for dataset in datasets if not dataset.is_raw)
    if rest:
        yield ListGroup("", rest, collapsed)


def in_order(datasets: Sequence[Dataset], order: str, evaluator: Evaluator) -> list[Dataset]:
    """Datasets by a parameter or field (`-x` and `x_desc` turn it round). Numbers come before texts, and what is
    missing comes last either way."""
    name, descending = _parse_order(order)
    keyed = [(sort_key(_value(evaluator, name, dataset), evaluator.reader), dataset) for dataset in datasets]
    present = sorted((pair for pair in keyed if pair[0] is not None), key=lambda p: p[0] or (), reverse=descending)
    if descending:
        present.sort(key=lambda pair: pair[0][0] if pair[0] else 0)
    return [dataset for _, dataset in present] + [dataset for key, dataset in keyed if key is None]


def sort_key(value: Value, reader: Reader) -> SortKey | None:
    """Key to order values by: instants and numbers first, then texts in natural order; None for a missing value."""
    if value.missing:
        return None
    if value.moment is not None:
        return 0, as_instant(value.moment, reader.zone).timestamp(), []
    if value.number is not None:
        return 0, value.number, []
    return 1, 0.0, natural((value.text or "").casefold())


def _parse_order(order: str) -> tuple[str, bool]:
    if order.startswith("-"):
        return order[1:], True
    return (order.removesuffix("_desc"), True) if order.endswith("_desc") else (order.removesuffix("_asc"), False)


def _value(evaluator: Evaluator, name: str, dataset: Dataset) -> Value:
    fact = fact_of(dataset, name, evaluator.reader)
    return evaluator.value(_source(name, is_fact=fact is not None and fact != ""), dataset)


@lru_cache(maxsize=512)
def _source(name: str, *, is_fact: bool) -> Source:
    return Source(field=name) if is_fact else Source(param=(name,))


def _text(evaluator: Evaluator, name: str, dataset: Dataset) -> str:
    value = _value(evaluator, name, dataset)
    if value.moment is not None:
        return f"{as_instant(value.moment, evaluator.reader.zone).astimezone(evaluator.reader.zone):%Y-%m-%d %H:%M:%S}"
    return value.text or ""
