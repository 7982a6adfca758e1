"""Datasets side by side: facts, inputs and every parameter, with what differs from the first one marked.

Values are compared as the display of each dataset reads them, units converted and producers' known mistakes corrected;
that makes pipelines comparable that write the same statistic in different units.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from displays.cells import cell
from displays.gallery import Picture, matching
from displays.library import Library
from displays.parts import Column
from displays.quantities import convert
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.values import Evaluator
from displays.view_model import Cell
from drac_plugins.core.errors import NotFound
from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.view import View
from drac_plugins.displays.axes import figure
from drac_plugins.displays.families import family
from drac_plugins.displays.presenting import is_link_list, moment, parameter_group, place_of_group

MOST_COMPARED = 6
_SAME = 1e-9

State = Literal["first", "same", "differs", "missing", "only here"]


@dataclass(frozen=True, slots=True)
class Side:
    """One dataset of the comparison. `inputs` are what it was computed from, `hidden` counts those one may not see."""

    dataset: Dataset
    program: str | None
    version: str | None
    display: str
    inputs: tuple[Dataset, ...]
    hidden: int
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Compared:
    """The value of one dataset. `state` is about the first dataset that has the parameter; `change` says by how much a
    number differs from it, in words; `cell` is None when the dataset has no such value."""

    state: State
    cell: Cell | None
    change: str = ""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    name: str
    description: str | None
    values: tuple[Compared, ...]

    @property
    def differs(self) -> bool:
        return any(value.state not in ("first", "same") for value in self.values)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`groups` are rows by kind of parameter, what matters first; `differing` counts rows with a difference."""

    sides: tuple[Side, ...]
    facts: tuple[ComparedRow, ...]
    groups: tuple[tuple[str, tuple[ComparedRow, ...]], ...]
    differing: int
    total: int


def comparison(view: View, library: Library, reader: Reader, dataset_ids: Sequence[int]) -> Comparison:
    """Raises NotFound when one of them is not there or may not be read."""
    found = family(view, DatasetCriteria(ids=tuple(dataset_ids)))
    known = {dataset.id: dataset for dataset in found.datasets}
    if missing := [key for key in dataset_ids if key not in known]:
        raise NotFound(f"There is no dataset {missing[0]} that you may read; log in, or ask its principal investigator")
    datasets = [known[key] for key in dataset_ids]
    displays = [library.resolve(dataset).display for dataset in datasets]
    evaluators = [Evaluator(display, found.lineage, reader) for display in displays]
    sides = tuple(
        _side(dataset, display.title or display.id, found.lineage)
        for dataset, display in zip(datasets, displays, strict=True)
    )
    rows = list(_parameter_rows(datasets, evaluators))
    groups = {name: [row for group, row in rows if group == name] for name in dict.fromkeys(group for group, _ in rows)}
    ordered = sorted(groups.items(), key=lambda pair: (place_of_group(pair[0]), pair[0]))
    facts = tuple(_fact_rows(sides))
    every = [*facts, *(row for _, row in rows)]
    return Comparison(
        sides,
        facts,
        tuple((name, tuple(found)) for name, found in ordered),
        sum(row.differs for row in every),
        len(every),
    )


def _side(dataset: Dataset, display: str, lineage: Lineage) -> Side:
    return Side(
        dataset,
        dataset.text("Process_program"),
        dataset.text("Process_version"),
        display,
        tuple(lineage.inputs_of(dataset.id)),
        lineage.hidden_inputs.get(dataset.id, 0),
        matching(dataset, ()),
    )


def _fact_rows(sides: Sequence[Side]) -> Iterator[ComparedRow]:
    """What the catalogue itself says."""
    facts: dict[str, list[str | None]] = {
        "Kind": [side.dataset.type for side in sides],
        "Sample": [side.dataset.sample_name or side.dataset.text("Sample_name") for side in sides],
        "Beamline": [side.dataset.instrument or side.dataset.investigation_instrument for side in sides],
        "Computed from": [_inputs(side) for side in sides],
        "Start": [moment(side.dataset.start) for side in sides],
        "Display": [side.display for side in sides],
    }
    for name, texts in facts.items():
        cells = [Cell(name, name, text, missing=False, value=text) if text else None for text in texts]
        if any(cells):
            yield ComparedRow(name, None, tuple(_compared(cells)))


def _inputs(side: Side) -> str | None:
    names = sorted(one.name for one in side.inputs)
    hidden = [f"{side.hidden} that you may not see"] if side.hidden else []
    return ", ".join([*names, *hidden]) or None


def _parameter_rows(datasets: Sequence[Dataset], evaluators: Sequence[Evaluator]) -> Iterator[tuple[str, ComparedRow]]:
    names = sorted({name for dataset in datasets for name in dataset.parameters if not is_link_list(name)})
    for name in names:
        column = Column(id="value", label=name, param=(name,))
        cells = [_cell(column, dataset, evaluator) for dataset, evaluator in zip(datasets, evaluators, strict=True)]
        if any(cells):
            definition = evaluators[0].reader.vocabulary.get(name)
            description = definition.description if definition else None
            yield parameter_group(name), ComparedRow(name, description, tuple(_compared(cells)))


def _cell(column: Column, dataset: Dataset, evaluator: Evaluator) -> Cell | None:
    drawn = cell(column, evaluator.value(column, dataset), evaluator.reader)
    return None if drawn.missing else drawn


def _compared(cells: Sequence[Cell | None]) -> Iterator[Compared]:
    """Each against the first that is there."""
    first = next((one for one in cells if one is not None), None)
    alone = sum(one is not None for one in cells) == 1 and len(cells) > 1
    for one in cells:
        if one is None:
            yield Compared("missing", None)
        elif one is first:
            yield Compared("only here" if alone else "first", one)
        else:
            yield _against(first, one)


def _against(first: Cell | None, one: Cell) -> Compared:
    old, new = _number(first), _number(one)
    if first is None or old is None or new is None:
        same = first is not None and first.text.strip() == one.text.strip() and first.unit == one.unit
        return Compared("same" if same else "differs", one)
    converted = convert(new, one.unit, first.unit)
    if converted is None:
        return Compared("differs", one, "other unit")
    if math.isclose(converted, old, rel_tol=_SAME, abs_tol=0.0):
        return Compared("same", one)
    return Compared("differs", one, _change(old, converted))


def _change(old: float, new: float) -> str:
    difference = new - old
    if not math.isfinite(difference):
        return ""
    sign = "+" if difference > 0 else "−"
    share = abs(difference / old) * 100 if old else math.inf
    percent = f" ({sign}{figure(float(f'{share:.2g}'))} %)" if math.isfinite(share) else ""
    return f"{sign}{figure(abs(difference))}{percent}"


def _number(one: Cell | None) -> float | None:
    if one is None or isinstance(one.value, bool) or not isinstance(one.value, int | float):
        return None
    return float(one.value)
