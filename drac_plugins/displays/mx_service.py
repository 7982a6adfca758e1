"""Use cases of MX sessions: the list of actions, one action, and the summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from displays.colours import Ends, coloured
from displays.library import Library
from displays.mx_actions import Action, actions
from displays.mx_phasing import kind_of
from displays.mx_scales import Choice, ScaleView, number_of, scale_view
from displays.mx_summary import Counters, Judged, Summary, Timeline, counters, place_of, summary
from displays.mx_views import ActionRow, ActionView, action_row, action_view
from displays.reader import Reader
from displays.records import Lineage
from displays.values import Evaluator
from displays.view_model import Cell
from drac_plugins.core.errors import NotFound
from drac_plugins.core.reads import datasets as dataset_reads
from drac_plugins.core.reads import investigations
from drac_plugins.core.reads.criteria import DatasetCriteria, InvestigationCriteria
from drac_plugins.core.reads.records import InvestigationRecord, Page
from drac_plugins.core.reads.view import View
from drac_plugins.displays.mx_reading import Overview, in_full, overview

ACTIONS_PER_PAGE = 20
HAS = {"scaling": "scaling results", "MR": "molecular replacement", "SAD": "SAD phasing", "ligand": "ligand"}
ORDERS = {"newest": "newest first", "oldest": "oldest first", "best": "best first"}

MovedEnds = Mapping[tuple[str, str], Ends]
"""Ends of colour scales that the reader moved, by shell and statistic."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which actions are wanted: of a sample, target or container, with these scan types or workflows, with something
    (keys of `HAS`); an empty one is no restriction."""

    sample: str | None = None
    target: str | None = None
    container: str | None = None
    scan_types: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    order: str = "newest"


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is to choose from in a session, in order of first appearance."""

    samples: tuple[str, ...]
    targets: tuple[str, ...]
    containers: tuple[str, ...]
    scan_types: tuple[str, ...]
    pipelines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Champion:
    """The action with the best value of all that are listed."""

    action_id: int
    sample: str
    program: str
    value: Cell


@dataclass(frozen=True, slots=True)
class ActionList:
    """A page of actions. `counters` are over all that the filters let through; `best` too."""

    investigation: InvestigationRecord
    display_id: str | None
    choice: Choice | None
    scale: ScaleView | None
    offered: Offered
    counters: Counters
    best: Champion | None
    page: Page[ActionRow]


@dataclass(frozen=True, slots=True)
class ActionPage:
    investigation: InvestigationRecord
    display_id: str
    choice: Choice | None
    scale: ScaleView | None
    view: ActionView


@dataclass(frozen=True, slots=True)
class SummaryPage:
    investigation: InvestigationRecord
    display_id: str | None
    choice: Choice | None
    scale: ScaleView | None
    summary: Summary


@dataclass(frozen=True, slots=True)
class _Session:
    """A session with its actions judged."""

    investigation: InvestigationRecord
    known: Overview
    evaluator: Evaluator | None
    choice: Choice | None
    scale: ScaleView | None
    judged: tuple[Judged, ...]


def action_list(
    view: View,
    library: Library,
    reader: Reader,
    investigation_id: int,
    filters: Filters,
    page: int = 1,
    moved: MovedEnds | None = None,
    limit: int = ACTIONS_PER_PAGE,
) -> ActionList:
    """Raises NotFound."""
    session = _session(view, library, reader, investigation_id, moved)
    wanted = _in_order([one for one in session.judged if _lets_through(filters, one, session)], filters, session)
    shown = wanted[(page - 1) * limit : page * limit]
    rows = _rows(view, session, shown)
    return ActionList(
        investigation=session.investigation,
        display_id=session.known.display.id if session.known.display else None,
        choice=session.choice,
        scale=session.scale,
        offered=_offered(session),
        counters=counters(wanted, session.evaluator) if session.evaluator else _NOTHING,
        best=_champion(wanted, session.choice),
        page=Page(rows, len(wanted), (page - 1) * limit, limit),
    )


def action(
    view: View,
    library: Library,
    reader: Reader,
    investigation_id: int,
    dataset_id: int,
    moved: MovedEnds | None = None,
) -> ActionPage:
    """The action that a raw dataset is part of. Raises NotFound."""
    session = _session(view, library, reader, investigation_id, moved)
    members = (one.action for one in session.judged)
    found = next((one for one in members if any(d.id == dataset_id for d in one.datasets)), None)
    display = session.known.display
    if found is None or display is None:
        raise NotFound(f"Dataset {dataset_id} is no part of an MX action of this session that you may see")
    lineage = in_full(view, [d.id for d in found.datasets], session.known)
    shown = action_view(_with(found, lineage), Evaluator(display, lineage, reader), session.choice, _ends(session))
    return ActionPage(session.investigation, display.id, session.choice, session.scale, shown)


def session_summary(
    view: View, library: Library, reader: Reader, investigation_id: int, moved: MovedEnds | None = None
) -> SummaryPage:
    """Raises NotFound."""
    session = _session(view, library, reader, investigation_id, moved)
    evaluator = session.evaluator
    made = summary(session.judged, evaluator, session.choice) if evaluator else _EMPTY
    display = session.known.display
    return SummaryPage(session.investigation, display.id if display else None, session.choice, session.scale, made)


def investigation_of(view: View, dataset_id: int) -> int:
    """The session of a dataset. Raises NotFound."""
    found = dataset_reads.find(view, DatasetCriteria(ids=(dataset_id,))).items
    if not found or found[0].investigation is None:
        raise NotFound(f"There is no dataset {dataset_id} in a session that you may see")
    return found[0].investigation.id


def _session(view: View, library: Library, reader: Reader, investigation_id: int, moved: MovedEnds | None) -> _Session:
    found = investigations.find(view, InvestigationCriteria(ids=(investigation_id,))).items
    if not found:
        raise NotFound(f"There is no session {investigation_id} that you may see; log in, or ask to become part of it")
    known = overview(view, library, reader, found[0])
    if known.display is None:
        return _Session(found[0], known, None, None, None, ())
    evaluator = Evaluator(known.display, known.lineage, reader)
    choice = Choice.of(known.display, reader.settings)
    judged = [_judged(one, evaluator, choice) for one in actions(known.raw, reader.zone)]
    scale = None
    if choice is not None:
        observed = [number for one in judged if one.value and (number := number_of(one.value)) is not None]
        scale = scale_view(choice, observed, (moved or {}).get((choice.shell, choice.statistic)))
        judged = [_coloured(one, scale.ends) for one in judged]
    return _Session(found[0], known, evaluator, choice, scale, tuple(judged))


def _judged(one: Action, evaluator: Evaluator, choice: Choice | None) -> Judged:
    ranked = evaluator.ranked_together(one.datasets)
    best = ranked.best if ranked else None
    return Judged(one, ranked, choice.cell(evaluator, best) if choice is not None and best is not None else None)


def _coloured(one: Judged, ends: Ends) -> Judged:
    number = number_of(one.value) if one.value is not None else None
    if one.value is None or number is None:
        return one
    return replace(one, value=replace(one.value, coloured=coloured(number, ends)))


def _ends(session: _Session) -> Ends | None:
    return session.scale.ends if session.scale is not None else None


def _rows(view: View, session: _Session, shown: Sequence[Judged]) -> tuple[ActionRow, ...]:
    """Rows of these actions from everything that the catalogue knows of them."""
    display = session.known.display
    if not shown or display is None or session.evaluator is None:
        return ()
    ids = [dataset.id for one in shown for dataset in one.action.datasets]
    lineage = in_full(view, ids, session.known)
    evaluator = Evaluator(display, lineage, session.evaluator.reader)
    whole = [_with(one.action, lineage) for one in shown]
    return tuple(action_row(one, evaluator, session.choice, _ends(session)) for one in whole)


def _with(one: Action, lineage: Lineage) -> Action:
    """The same action with all parameters of its datasets."""
    return Action(tuple(lineage.datasets.get(dataset.id, dataset) for dataset in one.datasets))


def _lets_through(filters: Filters, one: Judged, session: _Session) -> bool:
    place = place_of([one])
    return (
        filters.sample in (None, one.action.sample)
        and filters.target in (None, _protein(one.action, session))
        and filters.container in (None, place.container)
        and (not filters.scan_types or bool(set(filters.scan_types) & set(_kinds(one.action))))
        and all(_has(what, one, session) for what in filters.has)
    )


def _kinds(one: Action) -> tuple[str, ...]:
    return (one.kind, *one.scan_types)


def _has(what: str, one: Judged, session: _Session) -> bool:
    if what == "scaling":
        return one.autoprocessed
    lineage = session.known.lineage
    return any(kind_of(found) == what for d in one.action.datasets for found in lineage.outputs_of(d.id, "all"))


def _protein(one: Action, session: _Session) -> str | None:
    """It may sit on one dataset of the sample only."""
    own = one.text("SampleProtein_acronym")
    if own is not None or session.evaluator is None:
        return own
    column = next((c for c in session.evaluator.display.columns if c.id == "protein"), None)
    return session.evaluator.value(column, one.main).text if column is not None else None


def _in_order(found: list[Judged], filters: Filters, session: _Session) -> list[Judged]:
    """`actions` come in order of their start. Those without a value are last when the best are to come first."""
    if filters.order == "oldest":
        return found
    newest = found[::-1]
    if filters.order != "best" or session.choice is None:
        return newest
    sign = -1.0 if session.choice.direction == "high" else 1.0

    def key(one: Judged) -> tuple[bool, float]:
        number = number_of(one.value) if one.value else None
        return number is None, sign * (number or 0.0)

    return sorted(newest, key=key)


def _champion(wanted: Iterable[Judged], choice: Choice | None) -> Champion | None:
    """Of equals the one that came first."""
    if choice is None:
        return None
    sign = -1.0 if choice.direction == "high" else 1.0
    best: tuple[float, int, Judged, Cell] | None = None
    for one in wanted:
        number = number_of(one.value) if one.value else None
        if one.value is not None and number is not None:
            rival = (sign * number, one.action.datasets[0].id, one, one.value)
            best = rival if best is None or rival[:2] < best[:2] else best
    if best is None:
        return None
    winner = best[2].winner
    program = (winner.text("Process_program") or winner.name) if winner else ""
    return Champion(best[1], best[2].action.sample, program, best[3])


def _offered(session: _Session) -> Offered:
    members = [one.action for one in session.judged]
    programs = (
        c.dataset.text("Process_program") for one in session.judged if one.ranked for c in one.ranked.competitors
    )
    return Offered(
        samples=_distinct(one.sample for one in members),
        targets=_distinct(_protein(one, session) for one in members),
        containers=_distinct(place_of([one]).container for one in session.judged),
        scan_types=_distinct(kind for one in members for kind in _kinds(one)),
        pipelines=_distinct(programs),
    )


def _distinct(texts: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


_NOTHING = Counters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
_EMPTY = Summary(_NOTHING, Timeline(None, None, 0.0), (), ())
