"""A session at a glance: what was done, by sample container and by target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from displays.gallery import natural
from displays.mx_actions import COLLECTIONS, Action
from displays.mx_containers import Container, Place, SampleMark, containers, whole
from displays.mx_phasing import kind_of
from displays.mx_scales import Choice, number_of
from displays.plots import Bin, bins
from displays.ranking import Ranked
from displays.records import Dataset, as_instant
from displays.values import Evaluator
from displays.view_model import Cell

_PREPARING = frozenset({"mesh", "line"})
_BINS = 8


@dataclass(frozen=True, slots=True)
class Judged:
    """An action with the ranking of its results, and the chosen statistic of the best of them (None without one)."""

    action: Action
    ranked: Ranked | None
    value: Cell | None

    @property
    def winner(self) -> Dataset | None:
        return self.ranked.best if self.ranked else None

    @property
    def autoprocessed(self) -> bool:
        return any(c.state == "success" for c in self.ranked.competitors) if self.ranked else False


@dataclass(frozen=True, slots=True)
class Counters:
    """`datasets` are actions that count as one (see `is_dataset`), `autoprocessed` those of them with scaling results;
    `results` counts each result once, however many raw datasets it came from."""

    samples: int
    actions: int
    datasets: int
    autoprocessed: int
    acquisitions: int
    energy_scans: int
    spectra: int
    results: int
    merges: int
    phased: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """From the first to the last dataset, and how much of that was spent in acquisitions (seconds)."""

    first: datetime | None
    last: datetime | None
    effective: float


@dataclass(frozen=True, slots=True)
class Target:
    """A protein: its counters, the distribution of the chosen statistic over the best results of its actions, and the
    action with the best of all."""

    protein: str
    counters: Counters
    distribution: tuple[Bin, ...]
    best_action: int | None
    best_sample: str | None
    best_program: str | None
    best_value: Cell | None


@dataclass(frozen=True, slots=True)
class Summary:
    counters: Counters
    timeline: Timeline
    containers: tuple[Container, ...]
    targets: tuple[Target, ...]


def summary(judged: Sequence[Judged], evaluator: Evaluator, choice: Choice | None) -> Summary:
    """Over the actions of a session, each with the ranking of its results."""
    proteins = _proteins(judged)
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(proteins.get(one.action.sample, ""), []).append(one)
    targets = [_target(protein, members, evaluator, choice) for protein, members in groups.items()]
    return Summary(
        counters=counters(judged, evaluator),
        timeline=_timeline(judged, evaluator),
        containers=containers(_marks(judged, evaluator, proteins, choice)),
        targets=tuple(sorted(targets, key=lambda target: (not target.protein, natural(target.protein.casefold())))),
    )


def is_dataset(one: Judged) -> bool:
    """Does an action count as a dataset? It has scaling results, or a collection of it ended well and was not only a
    preparation (mesh, line, reference images)."""
    return one.autoprocessed or any(_collected(dataset) for dataset in one.action.datasets)


def _collected(dataset: Dataset) -> bool:
    kind = (dataset.scan_type or "").casefold()
    if kind in _PREPARING or kind not in COLLECTIONS or dataset.complete is False:
        return False
    return not (dataset.text("MX_template") or dataset.name).casefold().startswith("ref-")


def counters(judged: Sequence[Judged], evaluator: Evaluator) -> Counters:
    """What these actions add up to."""
    raw = [dataset for one in judged for dataset in one.action.datasets]
    results = {c.dataset.id for one in judged if one.ranked for c in one.ranked.competitors}
    below = {found.id: found for dataset in raw for found in evaluator.lineage.outputs_of(dataset.id, "all")}
    kinds = [(dataset.scan_type or "").casefold() for dataset in raw]
    return Counters(
        samples=len({one.action.sample for one in judged}),
        actions=len(judged),
        datasets=sum(is_dataset(one) for one in judged),
        autoprocessed=sum(one.autoprocessed for one in judged),
        acquisitions=len(raw),
        energy_scans=kinds.count("energy_scan"),
        spectra=kinds.count("xrf"),
        results=len(results),
        merges=sum(len(evaluator.lineage.inputs.get(key, ())) > 1 for key in results),
        phased=sum(kind_of(found) is not None for found in below.values()),
    )


def _timeline(judged: Sequence[Judged], evaluator: Evaluator) -> Timeline:
    zone = evaluator.reader.zone
    spans = [
        (as_instant(d.start, zone), as_instant(d.end or d.start, zone))
        for one in judged
        for d in one.action.datasets
        if d.start
    ]
    spent = sum(((end - start) for start, end in spans if end > start), timedelta())
    return Timeline(
        min((start for start, _ in spans), default=None),
        max((end for _, end in spans), default=None),
        spent.total_seconds(),
    )


def _proteins(judged: Sequence[Judged]) -> Mapping[str, str]:
    """Protein by sample: it may be said on one dataset of the sample only."""
    found: dict[str, str] = {}
    for one in judged:
        protein = one.action.text("SampleProtein_acronym")
        if protein is not None:
            found.setdefault(one.action.sample, protein)
    return found


def _best(judged: Iterable[Judged], choice: Choice | None) -> Judged | None:
    """The action with the best value; the first of equals."""
    valued = [(number, one) for one in judged if one.value is not None and (number := number_of(one.value)) is not None]
    if not valued or choice is None:
        return None
    sign = -1.0 if choice.direction == "high" else 1.0
    return min(valued, key=lambda pair: sign * pair[0])[1]


def _target(protein: str, members: Sequence[Judged], evaluator: Evaluator, choice: Choice | None) -> Target:
    best = _best(members, choice)
    values = [number for one in members if one.value is not None and (number := number_of(one.value)) is not None]
    winner = best.winner if best else None
    return Target(
        protein=protein,
        counters=counters(members, evaluator),
        distribution=tuple(bins(values, _BINS)),
        best_action=best.action.datasets[0].id if best else None,
        best_sample=best.action.sample if best else None,
        best_program=(winner.text("Process_program") or winner.name) if winner else None,
        best_value=best.value if best else None,
    )


def _marks(
    judged: Sequence[Judged], evaluator: Evaluator, proteins: Mapping[str, str], choice: Choice | None
) -> list[SampleMark]:
    by_sample: dict[str, list[Judged]] = {}
    for one in judged:
        by_sample.setdefault(one.action.sample, []).append(one)
    return [_mark(sample, members, evaluator, proteins.get(sample), choice) for sample, members in by_sample.items()]


def _mark(
    sample: str, members: Sequence[Judged], evaluator: Evaluator, protein: str | None, choice: Choice | None
) -> SampleMark:
    best = _best(members, choice)
    shown = best or members[-1]
    winner = shown.winner
    raw = [dataset for one in members for dataset in one.action.datasets]
    return SampleMark(
        sample=sample,
        protein=protein,
        place=place_of(members),
        analysed=True,
        collected=any(is_dataset(one) for one in members),
        autoprocessed=any(one.autoprocessed for one in members),
        phased=any(kind_of(found) for dataset in raw for found in evaluator.lineage.outputs_of(dataset.id, "all")),
        collections=sum((dataset.scan_type or "").casefold() in COLLECTIONS for dataset in raw),
        program=(winner.text("Process_program") or winner.name) if winner else None,
        value=best.value if best else None,
        action_id=shown.action.datasets[0].id,
    )


def place_of(members: Sequence[Judged]) -> Place:
    """Where the sample of these actions sits, as the last of them that says so has it."""

    def said(*names: str) -> str | None:
        return next(filter(None, (one.action.text(*names) for one in reversed(members))), None)

    position = said("SampleTrackingContainer_position")
    return Place(
        shipment=said("SampleTrackingShipment_name", "SampleTrackingShipment_id"),
        parcel=said("SampleTrackingParcel_name", "SampleTrackingParcel_id"),
        container=said("SampleTrackingContainer_name", "SampleTrackingContainer_id"),
        type=said("SampleTrackingContainer_type"),
        capacity=whole(said("SampleTrackingContainer_capacity")),
        position=whole(position),
        position_text=position,
    )
