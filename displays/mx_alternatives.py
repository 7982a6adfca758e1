"""What would win if: the best result under another statistic, shell, treatment of symmetry, or without cut-offs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from displays.mx_scales import Choice
from displays.ranking import SHELLS
from displays.ranking_model import STATISTICS
from displays.records import Dataset
from displays.values import Evaluator

SHELL, PARAMETER = "autoProcessingRankingShell", "autoProcessingRankingParameter"
NO_SYMMETRY = "autoProcessingRankingDisableSpaceGroup"
CUTOFFS, PIPELINES = "cutoffs", "pipelines"


@dataclass(frozen=True, slots=True)
class Alternative:
    """`changes` are settings in place of the reader's own; `dataset_id` and `program` say what would win, None when
    nothing would; `same` that it is what wins anyway; `reason` is the step that decides."""

    label: str
    changes: Mapping[str, Any]
    dataset_id: int | None
    program: str | None
    same: bool
    reason: str


def alternatives(evaluator: Evaluator, datasets: Sequence[Dataset]) -> tuple[Alternative, ...]:
    """Every other way to choose among the results of these datasets, one criterion changed at a time."""
    settings = evaluator.reader.settings
    choice = Choice.of(evaluator.display, settings)
    now = evaluator.ranked_together(datasets)
    if choice is None or now is None or not now.competitors:
        return ()
    winner = now.best.id if now.best else None
    found = []
    for label, changes in _changes(choice, settings):
        ranked = evaluator.ranked_together(datasets, {**settings, **changes})
        best = ranked.best if ranked else None
        program = (best.text("Process_program") or best.name) if best else None
        reason = ranked.reasons[-1] if ranked and ranked.reasons else ""
        found.append(Alternative(label, changes, best.id if best else None, program, _id(best) == winner, reason))
    return tuple(found)


def _id(dataset: Dataset | None) -> int | None:
    return dataset.id if dataset is not None else None


def _changes(choice: Choice, settings: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for stat, words in STATISTICS.items():
        if stat != choice.statistic:
            yield f"{words}, {choice.shell} shell", {SHELL: choice.shell, PARAMETER: stat}
    for shell in SHELLS:
        if shell != choice.shell:
            yield f"{choice.label}, {shell} shell", {SHELL: shell, PARAMETER: choice.statistic}
    ignored = settings.get(NO_SYMMETRY) in (True, "true", "True", 1)
    yield ("higher symmetry first" if ignored else "symmetry ignored"), {NO_SYMMETRY: not ignored}
    if any(settings.get(CUTOFFS) or {}):
        yield "without your cut-offs", {CUTOFFS: {}}
    if settings.get(PIPELINES):
        yield "with all pipelines", {PIPELINES: []}
