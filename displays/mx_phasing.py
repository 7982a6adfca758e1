"""Phasing of MX results: molecular replacement, SAD and ligand fitting as trees of steps, the best path marked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

from displays.conditions import as_number
from displays.ranking_model import StateRule
from displays.records import Dataset, Lineage
from displays.related import order_of_making

Kind = Literal["MR", "SAD", "ligand"]
LABELS: Mapping[Kind, str] = {"MR": "Molecular replacement", "SAD": "SAD phasing", "ligand": "Ligand fitting"}
_FIGURES: Mapping[Kind, tuple[str, str]] = {
    "MR": ("R free", "MXMRRefinement_R_free"),
    "SAD": ("CC of the partial model", "MXSAD_cc_partial_model"),
    "ligand": ("CC with the difference map", "MXMRLigandFitting_ligand_FOFC_CC"),
}
_STEPS: Mapping[Kind, tuple[str, ...]] = {
    "MR": ("MXMR_step",),
    "SAD": ("MXSAD_step",),
    "ligand": ("MXMRLigandFitting_ligand_name",),
}
_LONG_FRAGMENTS = 10
"""SAD solutions with a longer mean fragment are believed before all others."""
PARAMETERS = tuple(
    dict.fromkeys(
        (
            *(name for _, name in _FIGURES.values()),
            *(name for names in _STEPS.values() for name in names),
            "MXSAD_average_fragment_length",
        )
    )
)
"""What the kind, the figure of merit and the state of a step are told from, besides scanType and Workflow_status."""
_RULE = StateRule()


@dataclass(frozen=True, slots=True)
class PhasingStep:
    """A step below the one it continues (`level` from 1). `figure` is its figure of merit in words, `value` the number;
    `good` says that it or something that continues it succeeded."""

    dataset_id: int
    name: str
    step: str | None
    program: str | None
    state: Literal["success", "failed", "running", "no_results"]
    level: int
    figure: str
    value: float | None
    good: bool
    on_best_path: bool


@dataclass(frozen=True, slots=True)
class Phasing:
    """All steps of one kind, depth first, better branches first; `summary` is the best of them in one line."""

    kind: Kind
    label: str
    steps: tuple[PhasingStep, ...]
    best_id: int | None
    summary: str


def kind_of(dataset: Dataset) -> Kind | None:
    """What kind of phasing a dataset is; None if it is none."""
    if dataset.is_raw:
        return None
    if any(name.startswith("MXMRLigandFitting_") for name in dataset.parameters):
        return "ligand"
    if any(name.startswith("MXSAD_") for name in dataset.parameters):
        return "SAD"
    is_mr = (dataset.scan_type or "").casefold() == "mr"
    return "MR" if is_mr or any(name.startswith("MXMR") for name in dataset.parameters) else None


def phasing(datasets: Sequence[Dataset], lineage: Lineage, zone: tzinfo) -> tuple[Phasing, ...]:
    """What was phased from these datasets and everything computed from them, each step once."""
    below = {found.id: found for dataset in datasets for found in lineage.outputs_of(dataset.id, "all")}
    by_kind: dict[Kind, list[Dataset]] = {}
    for dataset in below.values():
        kind = kind_of(dataset)
        if kind is not None:
            by_kind.setdefault(kind, []).append(dataset)
    return tuple(_Tree(kind, by_kind[kind], lineage, zone).view() for kind in LABELS if kind in by_kind)


class _Tree:
    def __init__(self, kind: Kind, members: Sequence[Dataset], lineage: Lineage, zone: tzinfo) -> None:
        self._kind = kind
        self._zone = zone
        self._members = {dataset.id: dataset for dataset in members}
        self._children: dict[int | None, list[Dataset]] = {}
        for dataset in members:
            previous = next((key for key in lineage.inputs.get(dataset.id, ()) if key in self._members), None)
            self._children.setdefault(previous, []).append(dataset)
        self._parent = {
            child.id: parent for parent, children in self._children.items() for child in children if parent is not None
        }

    def view(self) -> Phasing:
        ranked = sorted(self._members.values(), key=self._merit)
        best = next((one for one in ranked if self._state(one) == "success"), None)
        path = set(self._path(best.id, set())) if best else set()
        good: set[int] = set()
        place: dict[int, int] = {}
        for number, one in enumerate(ranked):
            place |= dict.fromkeys(self._path(one.id, place.keys()), number)
            if self._state(one) == "success":
                good.update(self._path(one.id, good))
        steps = tuple(self._steps(place, good, path))
        return Phasing(self._kind, LABELS[self._kind], steps, best.id if best else None, self._summary(best, steps))

    def _path(self, key: int, known: Collection[int]) -> list[int]:
        """A step and those that it continues, back to the first or to one that is known already."""
        path: dict[int, None] = {}
        current: int | None = key
        while current is not None and current not in path and current not in known:
            path[current] = None
            current = self._parent.get(current)
        return list(path)

    def _steps(self, place: Mapping[int, int], good: Collection[int], path: Collection[int]) -> Iterator[PhasingStep]:
        """Depth first, better branches first (`place`: that of the best step of the branch). A circle of steps, which
        has no first one, is entered at its best."""
        left = dict.fromkeys(sorted(place, key=lambda key: place[key]))
        stack = self._branches(None, 1, place)
        while stack or left:
            dataset, level = stack.pop() if stack else (self._members[next(iter(left))], 1)
            if dataset.id in left:
                del left[dataset.id]
                yield self._step(dataset, level, dataset.id in good, dataset.id in path)
                stack.extend(self._branches(dataset.id, level + 1, place))

    def _branches(self, parent: int | None, level: int, place: Mapping[int, int]) -> list[tuple[Dataset, int]]:
        children = sorted(self._children.get(parent, ()), key=lambda one: place[one.id], reverse=True)
        return [(child, level) for child in children]

    def _step(self, dataset: Dataset, level: int, good: bool, on_best_path: bool) -> PhasingStep:
        label, _ = _FIGURES[self._kind]
        value = self._value(dataset)
        return PhasingStep(
            dataset_id=dataset.id,
            name=dataset.name,
            step=dataset.text(*_STEPS[self._kind]),
            program=dataset.text("Process_program"),
            state=self._state(dataset),
            level=level,
            figure=f"{label} {value:.4g}" if value is not None else "",
            value=value,
            good=good,
            on_best_path=on_best_path,
        )

    def _value(self, dataset: Dataset) -> float | None:
        return as_number(dataset.text(_FIGURES[self._kind][1]) or "")

    def _state(self, dataset: Dataset) -> Literal["success", "failed", "running", "no_results"]:
        said = (dataset.text("Workflow_status") or "").strip().casefold()
        if said in _RULE.failed:
            return "failed"
        if said in _RULE.running:
            return "running"
        return "success" if self._value(dataset) is not None else "no_results"

    def _merit(self, dataset: Dataset) -> tuple[object, ...]:
        """Sort key, best first: failures last, then by the figure of merit of the kind."""
        value, state = self._value(dataset), self._state(dataset)
        order = (0 if state == "success" else 1 if state == "running" else 2, value is None)
        start, sequence, number = order_of_making(dataset, self._zone)
        latest = (-start.timestamp(), -sequence, -number)
        if self._kind == "MR":
            return (*order, False, value or 0.0, latest)
        fragment = as_number(dataset.text("MXSAD_average_fragment_length") or "") or 0.0
        short = self._kind == "SAD" and fragment <= _LONG_FRAGMENTS
        return (*order, short, -(value or 0.0), latest)

    def _summary(self, best: Dataset | None, steps: Sequence[PhasingStep]) -> str:
        if best is None:
            states = {step.state for step in steps}
            word = "running" if "running" in states else "failed" if states == {"failed"} else "no results"
            return f"{self._kind}: {word}"
        step = next(one for one in steps if one.dataset_id == best.id)
        return f"{self._kind}: {' '.join(filter(None, (step.step, step.figure)))}"
