"""The view of one dataset: its display evaluated. `build` is the one function pages and interfaces need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from displays import gallery as gallery_of
from displays.cards import cards
from displays.cells import cell
from displays.conditions import When, compare
from displays.document import Display
from displays.links import fill
from displays.parts import Source, Warn
from displays.quantities import convert
from displays.ranking import Ranked, statistic
from displays.ranking_model import ByNumber
from displays.reader import Reader
from displays.readings import applies
from displays.records import Dataset, Lineage
from displays.related import current
from displays.values import Evaluator, Value
from displays.view_model import Best, Cell, Contender, FilePlot, Header, LinkView, RelatedView, View, WarningView


def build(display: Display, dataset: Dataset, lineage: Lineage, reader: Reader, beside: Iterable[Display] = ()) -> View:
    """Evaluate a display for a dataset.

    `lineage` holds the related datasets that the reader may see (see `Lineage.of`); put the dataset itself in it too.
    `beside` are further displays whose cards are added below (`Resolution.beside`). The same arguments give the same
    view. Nothing in a dataset makes it raise: what cannot be read is shown as written or as missing.
    """
    evaluator = Evaluator(display, lineage, reader)
    values = [evaluator.value(column, dataset) for column in display.columns]
    columns = [cell(column, value, reader) for column, value in zip(display.columns, values, strict=True)]
    panels = cards(evaluator, dataset)
    for other in beside:
        shown = {panel.id for panel in panels}
        panels.extend(panel for panel in cards(Evaluator(other, lineage, reader), dataset) if panel.id not in shown)
    gallery = display.gallery
    return View(
        display_id=display.id,
        display_version=display.version,
        title=display.title or display.id,
        header=_header(dataset, reader.zone),
        columns=tuple(one for one in columns if not one.hidden),
        cards=tuple(panels),
        gallery=tuple(gallery_of.pictures(dataset, gallery)) if gallery else (),
        thumbnail=gallery_of.matching(dataset, display.row_thumbnail.include if display.row_thumbnail else ()),
        best=best(evaluator, dataset),
        warnings=tuple(warnings(evaluator, dict(zip((c.id for c in columns), values, strict=True)), columns, dataset)),
        links=tuple(_links(display, dataset)),
        related=RelatedView(
            lineage.hidden_inputs.get(dataset.id, 0), tuple(lineage.awaited_inputs.get(dataset.id, ()))
        ),
        actions=display.actions,
        files={"tree": display.files.tree, "hdf5": display.files.hdf5} if display.files else None,
        plots=tuple(_file_plots(display)),
        notes=tuple(dict.fromkeys(note for one in columns for note in one.notes)),
    )


def _header(dataset: Dataset, zone: tzinfo) -> Header:
    return Header(
        dataset_id=dataset.id,
        name=dataset.name,
        type=dataset.type,
        start=_aware(dataset.start, zone),
        end=_aware(dataset.end, zone),
        sample=dataset.sample_name or dataset.text("Sample_name"),
        instrument=dataset.text("actualInstrument") or dataset.instrument or dataset.investigation_instrument,
        location=dataset.location,
        complete=dataset.complete,
    )


def _aware(moment: datetime | None, zone: tzinfo) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=zone)


def warnings(
    evaluator: Evaluator, values: dict[str, Value], columns: Sequence[Cell], dataset: Dataset
) -> Iterable[WarningView]:
    """Warnings whose condition holds. A limit on a column is in the unit that the column shows, one on a parameter in
    the unit of its definition; either may name another unit."""
    display = evaluator.display
    drawn = {column.id: column for column in columns}
    for rule in display.warnings:
        column = rule.when.column
        if column is None:
            if _parameter_holds(rule, evaluator, dataset):
                yield WarningView(rule.text, rule.severity, rule.when.words())
        elif _holds(rule, drawn[column], values[column], dataset):
            label = drawn[column].label
            detail = f"{label} {drawn[column].text} {drawn[column].unit or ''}".strip()
            yield WarningView(rule.text, rule.severity, f"{detail}: {rule.when.words('it')}", column)


def _parameter_holds(rule: Warn, evaluator: Evaluator, dataset: Dataset) -> bool:
    """The condition on a parameter as it was corrected on read."""
    when, comparison = rule.when, rule.when.comparison()
    if when.param is None or comparison is None:
        return applies(when, dataset, None, None)
    if when.program is not None and not applies(When(program=when.program), dataset, None, None):
        return False
    value = evaluator.value(Source(param=when.param), dataset)
    number = value.number
    if number is not None and when.unit is not None:
        number = convert(number, value.units, when.unit)
    return compare(comparison[0], value.text, number, comparison[1])


def _holds(rule: Warn, drawn: Cell, value: Value, dataset: Dataset) -> bool:
    comparison = rule.when.comparison()
    if comparison is None:
        return applies(rule.when, dataset, None, None)
    number = drawn.value if isinstance(drawn.value, int | float) else None
    if rule.when.unit is not None:
        number = convert(value.number, value.units, rule.when.unit) if value.number is not None else None
    return compare(comparison[0], None if drawn.missing else drawn.raw, number, comparison[1])


def _links(display: Display, dataset: Dataset) -> Iterable[LinkView]:
    for link in display.links:
        address = fill(link, dataset)
        if address is not None:
            yield LinkView(link.label or "", address)


def _file_plots(display: Display) -> Iterable[FilePlot]:
    for plot in display.plots:
        if plot.over == "hdf5":
            yield FilePlot(
                plot.id or "", plot.label or plot.id or "", plot.kind, plot.hdf5_path, plot.include, plot.log
            )


def best(evaluator: Evaluator, dataset: Dataset) -> Best | None:
    """The best of the results of a dataset with the path of the decision; None if the display ranks nothing or there is
    nothing to rank."""
    ranked = evaluator.ranked(dataset)
    return as_best(ranked, evaluator) if ranked is not None and ranked.competitors else None


def as_best(ranked: Ranked, evaluator: Evaluator) -> Best:
    """A ranking as it is shown."""
    by_number = _criterion(evaluator.display)
    shell, stat = statistic(by_number, evaluator.reader.settings) if by_number else (None, None)
    return Best(
        dataset_id=ranked.best.id if ranked.best else None,
        dataset_name=ranked.best.name if ranked.best else None,
        program=ranked.best.text("Process_program") if ranked.best else None,
        below_cutoffs=ranked.below_limits,
        reasons=ranked.reasons,
        contenders=tuple(_contenders(ranked, evaluator)),
        shell=shell,
        statistic=stat,
    )


def _criterion(display: Display) -> ByNumber | None:
    criteria = display.ranking.criteria if display.ranking else ()
    return next((criterion for criterion in criteria if isinstance(criterion, ByNumber)), None)


def _contenders(ranked: Ranked, evaluator: Evaluator) -> Iterable[Contender]:
    results = [competitor.dataset for competitor in ranked.competitors]
    in_force = current(results, evaluator.reader.zone, evaluator.lineage.inputs)
    for place, competitor in enumerate(ranked.competitors, start=1):
        yield Contender(
            place=place,
            dataset_id=competitor.dataset.id,
            dataset_name=competitor.dataset.name,
            program=competitor.dataset.text("Process_program"),
            state=competitor.state,
            scores=tuple((score.criterion, score.shown) for score in competitor.scores),
            failed_limits=competitor.failed_limits,
            current=competitor.dataset.id in in_force,
            inputs=_input_count(competitor.dataset, evaluator.lineage),
        )


def _input_count(dataset: Dataset, lineage: Lineage) -> int:
    return len(lineage.inputs.get(dataset.id, ())) + lineage.hidden_inputs.get(dataset.id, 0)
