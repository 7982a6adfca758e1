"""Actions as they are shown: a row of the list, and everything about one action."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from displays.cells import cell
from displays.colours import Ends
from displays.gallery import Picture, matching, pictures
from displays.listing import ListView, build_list
from displays.mx_actions import Action
from displays.mx_alternatives import Alternative, alternatives
from displays.mx_characterisation import Characterisation, characterisations
from displays.mx_phasing import Phasing, phasing
from displays.mx_scales import Choice
from displays.mx_statistics import StatisticsTable, statistics_table
from displays.parts import Gallery
from displays.records import Dataset, as_instant
from displays.values import Evaluator
from displays.view import as_best
from displays.view_model import Best, Cell, Contender

_WORDS_OF_STATES = {"success": "✓", "no_results": "○", "running": "…", "failed": "✗", "not_run": "–"}
"""Signs beside the words, so that a state is told without its colour."""
_IN_ROW = frozenset({"start", "name", "sample", "protein", "kind", "puck", "pos", "techniques", "outs"})
"""Columns of the display that the row shows elsewhere or not at all."""


@dataclass(frozen=True, slots=True)
class PipelineState:
    """How one pipeline did in an action: `counts` pairs states with how many results in force are in it, most wanted
    state first; `state` is the first of them, `sign` a character that stands for it."""

    program: str
    state: str
    sign: str
    counts: tuple[tuple[str, int], ...]
    results: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    dataset_id: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One row of the list. `id` is that of its first dataset, `datasets` those of all, in order. `value` is the chosen
    statistic of the best result, coloured; `results` counts each result once."""

    id: int
    kind: str
    workflow_id: str | None
    workflow_name: str | None
    status: str | None
    note: str | None
    sample: str
    protein: str | None
    container: str | None
    position: str | None
    start: datetime | None
    end: datetime | None
    growing: bool
    datasets: tuple[int, ...]
    names: tuple[str, ...]
    scan_types: tuple[str, ...]
    facts: tuple[Cell, ...]
    thumbnail: Thumbnail | None
    best: Best | None
    value: Cell | None
    statistics: StatisticsTable | None
    pipelines: tuple[PipelineState, ...]
    phasing: tuple[Phasing, ...]
    characterisations: tuple[Characterisation, ...]
    results: int


@dataclass(frozen=True, slots=True)
class ActionView:
    """Everything about one action: `row` as in the list, `acquisitions` its raw datasets, `table` the statistics of all
    results, `alternatives` what would win if."""

    row: ActionRow
    acquisitions: ListView
    table: StatisticsTable | None
    alternatives: tuple[Alternative, ...]
    pictures: tuple[Thumbnail, ...] = field(default=())


def action_row(action: Action, evaluator: Evaluator, choice: Choice | None, ends: Ends | None) -> ActionRow:
    """A row of the list; `ends` are those of the colour scale in force."""
    reader = evaluator.reader
    ranked = evaluator.ranked_together(action.datasets)
    best = as_best(ranked, evaluator) if ranked is not None and ranked.competitors else None
    winner = evaluator.lineage.datasets.get(best.dataset_id) if best and best.dataset_id is not None else None
    starts = [as_instant(d.start, reader.zone) for d in action.datasets if d.start]
    ends_of = [as_instant(d.end, reader.zone) for d in action.datasets if d.end]
    return ActionRow(
        id=action.datasets[0].id,
        kind=action.kind,
        workflow_id=action.workflow_id,
        workflow_name=action.text("Workflow_name"),
        status=action.text("Workflow_status"),
        note=action.text("Workflow_note"),
        sample=action.sample,
        protein=_protein(action, evaluator),
        container=action.text("SampleTrackingContainer_id", "SampleTrackingContainer_name"),
        position=_position(action),
        start=min(starts, default=None),
        end=max(ends_of, default=None),
        growing=any(d.complete is False for d in action.datasets),
        datasets=tuple(d.id for d in action.datasets),
        names=tuple(d.name for d in action.datasets),
        scan_types=action.scan_types,
        facts=tuple(_facts(action, evaluator)),
        thumbnail=_thumbnail(action, evaluator),
        best=best,
        value=choice.cell(evaluator, winner, ends) if choice is not None and winner is not None else None,
        statistics=statistics_table(evaluator, best, only_best=True) if best and winner else None,
        pipelines=tuple(pipeline_states(best.contenders)) if best else (),
        phasing=phasing(action.datasets, evaluator.lineage, reader.zone),
        characterisations=characterisations(action.datasets, evaluator),
        results=len(best.contenders) if best else 0,
    )


def action_view(action: Action, evaluator: Evaluator, choice: Choice | None, ends: Ends | None) -> ActionView:
    """Everything about one action."""
    row = action_row(action, evaluator, choice, ends)
    display = evaluator.display
    return ActionView(
        row=row,
        acquisitions=build_list(display, action.datasets, evaluator.lineage, evaluator.reader),
        table=statistics_table(evaluator, row.best) if row.best else None,
        alternatives=alternatives(evaluator, action.datasets),
        pictures=tuple(_pictures(action.datasets, display.gallery or Gallery())),
    )


def pipeline_states(contenders: Sequence[Contender]) -> Iterator[PipelineState]:
    """Pipelines in order of their best result; results that a later one replaces do not count."""
    groups: dict[str, list[Contender]] = {}
    for one in contenders:
        if one.current:
            groups.setdefault(one.program or one.dataset_name, []).append(one)
    for program, members in groups.items():
        counts: dict[str, int] = {}
        for one in members:
            counts[one.state] = counts.get(one.state, 0) + 1
        ordered = tuple(sorted(counts.items(), key=lambda item: list(_WORDS_OF_STATES).index(item[0])))
        state = ordered[0][0]
        yield PipelineState(program, state, _WORDS_OF_STATES[state], ordered, tuple(one.dataset_id for one in members))


def _protein(action: Action, evaluator: Evaluator) -> str | None:
    """It may sit on one dataset of the sample only."""
    column = next((c for c in evaluator.display.columns if c.id == "protein"), None)
    own = action.text("SampleProtein_acronym")
    return own if own is not None or column is None else evaluator.value(column, action.main).text


def _position(action: Action) -> str | None:
    """Positions are whole numbers that come with decimals."""
    return (action.text("SampleTrackingContainer_position") or "").removesuffix(".0") or None


def _facts(action: Action, evaluator: Evaluator) -> Iterator[Cell]:
    """The columns of the display about the main dataset itself, without empty ones."""
    for column in evaluator.display.columns:
        if column.outputs is not None or column.inputs is not None or column.id in _IN_ROW:
            continue
        drawn = cell(column, evaluator.value(column, action.main), evaluator.reader)
        if not drawn.missing:
            yield replace(drawn, hidden=False)


def _thumbnail(action: Action, evaluator: Evaluator) -> Thumbnail | None:
    """Of the first dataset whose pictures fit best: the workflow's snapshot before that of the collection."""
    wanted = evaluator.display.row_thumbnail
    for globs in [(glob,) for glob in wanted.include] if wanted else [()]:
        for dataset in action.datasets:
            found = matching(dataset, globs)
            if found is not None:
                return Thumbnail(dataset.id, found)
    return None


def _pictures(datasets: Iterable[Dataset], gallery: Gallery) -> Iterator[Thumbnail]:
    found = [Thumbnail(dataset.id, one) for dataset in datasets for one in pictures(dataset, gallery)]
    yield from found[: gallery.max]
