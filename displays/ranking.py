"""Which result is best, and why: criteria of a document applied to the results that compete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from displays.cutoffs import Limits, failed
from displays.ranking_model import (
    STATISTICS,
    ByField,
    ByNumber,
    Criterion,
    Order,
    Ranking,
    SelectedFirst,
    State,
    StateRule,
    Symmetry,
)
from displays.readings import Readings
from displays.records import Dataset, as_instant
from displays.symmetry import operators

Settings = Mapping[str, Any]
"""The reader's preferences, as the preferences operation keeps them (`mxsettings`), plus `pipelines`."""
SHELLS = ("inner", "outer", "overall")


@dataclass(frozen=True, slots=True)
class Score:
    """How one result does on one criterion: smaller `key` is better, `shown` is the value in words."""

    criterion: str
    key: tuple[float, float]
    shown: str


@dataclass(frozen=True, slots=True)
class Competitor:
    """One result in the ranking. `failed_limits` are the reader's cut-offs that it does not meet."""

    dataset: Dataset
    state: State
    scores: tuple[Score, ...]
    failed_limits: tuple[str, ...]

    @property
    def eligible(self) -> bool:
        return self.state == "success" and not self.failed_limits


@dataclass(frozen=True, slots=True)
class Ranked:
    """Competitors, best first; `best` is None when there is none to show. `reasons` is the path of the decision."""

    competitors: tuple[Competitor, ...]
    best: Dataset | None
    below_limits: bool
    reasons: tuple[str, ...]


class Ranker:
    """Ranks results under one document, one set of preferences and one zone."""

    def __init__(self, ranking: Ranking, readings: Readings, settings: Settings, zone: tzinfo) -> None:
        self._ranking = ranking
        self._readings = readings
        self._settings = settings
        self._zone = zone
        self._limits = Limits.of(ranking, settings)

    def rank(self, results: Sequence[Dataset], shown: Dataset | None = None) -> Ranked:
        """Rank results. `shown` is the dataset whose results they are; a space group forced in its plan restricts the
        candidates. Ids break what the criteria leave equal, so the order never depends on that of `results`."""
        forced = shown.text(*self._ranking.forced_space_group) if shown and self._ranking.forced_space_group else None
        competitors = [self._compete(result, forced) for result in results]
        competitors.sort(key=lambda c: (not c.eligible, self._state_place(c), _keys(c), c.dataset.id))
        successes = [c for c in competitors if c.state == "success"]
        eligible = [c for c in successes if not c.failed_limits]
        if not eligible and self._ranking.cutoffs is not None and self._ranking.cutoffs.when_none == "nothing":
            successes = []
        best = next(iter(eligible or successes), None)
        below = best is not None and not best.eligible
        reasons = self._reasons(best, eligible or successes, competitors) if best else _nothing(competitors)
        return Ranked(tuple(competitors), best.dataset if best else None, below, reasons)

    def _state_place(self, competitor: Competitor) -> int:
        states = self._ranking.states
        return states.index(competitor.state) if competitor.state in states else len(states)

    def _compete(self, result: Dataset, forced: str | None) -> Competitor:
        state = self._state(result)
        limits = failed(self._limits, result, self._readings) if state == "success" else ()
        if forced is not None and operators(forced) and state == "success":
            groups = [result.text(*c.param) for c in self._ranking.criteria if isinstance(c, Symmetry)]
            if groups and not _same_group(groups[0], forced):
                limits = (*limits, f"space group is {groups[0] or 'not given'}, the plan forces {forced}")
        scores = tuple(score for c in self._ranking.criteria if (score := self._score(c, result)) is not None)
        return Competitor(result, state, scores, limits)

    def _state(self, result: Dataset) -> State:
        numbers = [c for c in self._ranking.criteria if isinstance(c, ByNumber)]
        if not numbers or any(self._has_statistics(criterion, result) for criterion in numbers):
            return "success"
        return _stated(self._ranking.state, result)

    @staticmethod
    def _has_statistics(criterion: ByNumber, result: Dataset) -> bool:
        head = criterion.param.split("{")[0]
        return any(name.startswith(head) and p.value.strip() for name, p in result.parameters.items())

    def _score(self, criterion: Criterion, result: Dataset) -> Score | None:
        match criterion:
            case SelectedFirst():
                return self._selected(criterion, result)
            case Order():
                return _ordered(criterion, result)
            case Symmetry():
                return self._symmetry(criterion, result)
            case ByNumber():
                return self._number(criterion, result)
            case ByField():
                return self._field(criterion, result)

    def _selected(self, criterion: SelectedFirst, result: Dataset) -> Score | None:
        chosen = criterion.values if isinstance(criterion.values, tuple) else user(self._settings, criterion.values)
        if not isinstance(chosen, list | tuple) or not chosen:
            return None
        program = result.text(*criterion.param)
        ticked = program in [str(one) for one in chosen]
        return Score("a pipeline you ticked", (float(not ticked), 0.0), program or "unknown pipeline")

    def _symmetry(self, criterion: Symmetry, result: Dataset) -> Score | None:
        if criterion.disable_by and user(self._settings, criterion.disable_by) in (True, "true", "True", 1):
            return None
        group = result.text(*criterion.param)
        count = operators(group) if group else 0
        key = -float(count) if criterion.prefer == "high" else float(count)
        words = "higher symmetry" if criterion.prefer == "high" else "lower symmetry"
        return Score(words, (key, 0.0), f"{group} ({count} operators)" if group else "no space group")

    def _number(self, criterion: ByNumber, result: Dataset) -> Score:
        shell, stat = statistic(criterion, self._settings)
        name = criterion.param.replace("{shell}", shell).replace("{stat}", stat)
        direction = criterion.direction_of(stat)
        reading = self._readings.read(result, name)
        label = f"{'higher' if direction == 'high' else 'lower'} {shell} {STATISTICS.get(stat, stat.replace('_', ' '))}"
        if reading is None or reading.number is None:
            return Score(label, (1.0, 0.0), "missing")
        key = -reading.number if direction == "high" else reading.number
        note = f" (written as {reading.raw}, {reading.corrected_from})" if reading.corrected_from else ""
        return Score(label, (0.0, key), f"{reading.number:.6g}{note}")

    def _field(self, criterion: ByField, result: Dataset) -> Score:
        moment = {"startDate": result.start, "endDate": result.end}.get(criterion.field)
        field = {"startDate": "start", "endDate": "end"}.get(criterion.field, criterion.field)
        words = f"{'later' if criterion.prefer == 'late' else 'earlier'} {field}"
        if moment is None:
            return Score(words, (1.0, 0.0), "missing")
        instant = as_instant(moment, self._zone)
        key = -instant.timestamp() if criterion.prefer == "late" else instant.timestamp()
        return Score(words, (0.0, key), f"{instant.astimezone(self._zone):%Y-%m-%d %H:%M:%S}")

    def _reasons(
        self, best: Competitor, rivals: Sequence[Competitor], everybody: Sequence[Competitor]
    ) -> tuple[str, ...]:
        """The path of the decision: which criterion left how many, until one was left."""
        said = []
        others = len(everybody) - len(rivals)
        if not best.eligible:
            said.append(f"No result meets your cut-offs; this is the best of all ({'; '.join(best.failed_limits)}).")
        elif others:
            said.append(f"{others} of {len(everybody)} left out: {_left_out(everybody, rivals)}.")
        said.extend(_path(best, rivals))
        ticked = next((score for score in best.scores if score.criterion == "a pipeline you ticked"), None)
        if ticked is not None and ticked.key[0]:
            said.append(f"Only pipelines that you did not tick have results; this is {ticked.shown}.")
        return tuple(said)


def _path(best: Competitor, rivals: Sequence[Competitor]) -> list[str]:
    if len(rivals) == 1:
        return ["It is the only result."]
    left, said = list(rivals), []
    for place, score in enumerate(best.scores):
        kept = [c for c in left if c.scores[place].key == score.key]
        if len(kept) < len(left):
            next_best = min((c for c in left if c not in kept), key=lambda c: (c.scores[place].key, c.dataset.id))
            rest = f"{len(kept)} of {len(left)} left" if len(kept) > 1 else "this one is left"
            said.append(
                f"{score.criterion}: {score.shown}; next {next_best.scores[place].shown} "
                f"({next_best.dataset.text('Process_program') or next_best.dataset.name}); {rest}."
            )
        else:
            said.append(f"{score.criterion}: no difference.")
        left = kept
        if len(left) == 1:
            return said
    return [*said, f"{len(left)} are equal in everything; the one catalogued first is shown."]


def _left_out(everybody: Sequence[Competitor], rivals: Sequence[Competitor]) -> str:
    words = []
    for competitor in everybody:
        if competitor not in rivals:
            name = competitor.dataset.text("Process_program") or competitor.dataset.name
            why = "; ".join(competitor.failed_limits) or competitor.state.replace("_", " ")
            words.append(f"{name} ({why})")
    return ", ".join(words)


def _nothing(competitors: Sequence[Competitor]) -> tuple[str, ...]:
    if not competitors:
        return ("There are no results yet.",)
    states = [
        f"{c.dataset.text('Process_program') or c.dataset.name}: {c.state.replace('_', ' ')}" for c in competitors
    ]
    return (f"None of {len(competitors)} results can be shown as best ({', '.join(states)}).",)


def _keys(competitor: Competitor) -> tuple[tuple[float, float], ...]:
    return tuple(score.key for score in competitor.scores)


def _same_group(group: str | None, forced: str) -> bool:
    return group is not None and "".join(group.split()).upper() == "".join(forced.split()).upper()


def _ordered(criterion: Order, result: Dataset) -> Score:
    text = (result.text(*criterion.param) or "").strip().casefold()
    name = criterion.param[0].rsplit("_", 1)[-1]
    if isinstance(criterion.prefer, bool):
        true = text in ("true", "1", "yes")
        words = f"{'' if criterion.prefer else 'not '}{name} first"
        return Score(words, (float(true is not criterion.prefer), 0.0), name if true else f"not {name}")
    wanted = [one.casefold() for one in criterion.prefer]
    place = wanted.index(text) if text in wanted else len(wanted)
    return Score(f"preferred {name}", (float(place), 0.0), text or "missing")


def _stated(rule: StateRule, result: Dataset) -> State:
    said = (result.text(*rule.param) or "").strip().casefold()
    stated: tuple[tuple[State, tuple[str, ...]], ...] = (
        ("not_run", rule.not_run),
        ("running", rule.running),
        ("failed", rule.failed),
    )
    found = next((state for state, words in stated if said in words), None)
    if found is None and result.complete is False:
        return "running"
    return found or "no_results"


def user(settings: Settings, name: str) -> Any:
    """The reader's setting behind `user.NAME`; None if not set."""
    return settings.get(name.removeprefix("user."))


def statistic(criterion: ByNumber, settings: Settings) -> tuple[str, str]:
    """Shell and statistic that decide: the reader's, else the document's."""
    default = criterion.default
    shell = user(settings, criterion.shell) if criterion.shell else None
    stat = user(settings, criterion.stat) if criterion.stat else None
    if shell not in SHELLS:
        shell = default.shell if default else "overall"
    if not isinstance(stat, str) or not stat.isidentifier():
        stat = default.stat if default else "mean_I_over_sigI"
    return str(shell), {"cc_ano": "ccAno"}.get(stat, stat)
