"""The datasets of a session, page by page: raw ones with everything that was computed from them as a tree, or the
results alone.

Calls to the catalogue: those of one family of datasets (see `families`), one to count the results, one for the session
itself; their number does not depend on how many datasets the session has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from displays import view as views
from displays.document import Display
from displays.library import Group, Library
from displays.listing import ListRow, ListView, build_list
from displays.plots import plot_data
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.values import Evaluator
from displays.view_model import Best, Cell, Contender
from drac_plugins.core.errors import NotFound
from drac_plugins.core.reads import investigations
from drac_plugins.core.reads.criteria import DatasetCriteria, InvestigationCriteria, Window
from drac_plugins.core.reads.records import InvestigationRecord, Page
from drac_plugins.core.reads.view import View
from drac_plugins.displays.charts import Chart, chart
from drac_plugins.displays.column_choice import ColumnChoice, narrowed, widened
from drac_plugins.displays.families import Family, family, walk
from drac_plugins.displays.presenting import moment
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Eq

DATASETS_PER_PAGE = 50
LOOSE_RESULTS = 500
"""How many processed datasets that hang below none of the raw data of their session are shown."""

RESULTS_PER_ROW = 200
"""So many results are shown below one raw dataset; its own page has all of them."""

Cells = tuple[Cell | None, ...]
Kind = Literal["raw", "processed"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the visitor asked to see of a session: raw data with their results, or results alone; `text` is looked for
    in names, folders and samples; `page` counts from 1."""

    kind: Kind = "raw"
    text: str | None = None
    descending: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """A dataset computed from the one above it. `cells` are its values in the columns of the list, those that the row
    above took from it included, None where it has none; `contender` its place in the ranking of the raw dataset, None
    when it does not compete; `inputs` counts what it was computed from, whether visible or not."""

    dataset_id: int
    name: str
    program: str | None
    start: datetime | None
    level: int
    inputs: int
    cells: Cells
    contender: Contender | None


@dataclass(frozen=True, slots=True)
class Shown:
    """Datasets of a session under one display: the list, and per dataset its best result, everything below it and what
    it was computed from. `own` is the display as it is, `rows` have the columns that the visitor chose."""

    own: Display
    rows: ListView
    best: Mapping[int, Best]
    results: Mapping[int, tuple[Result, ...]]
    inputs: Mapping[int, tuple[Dataset, ...]]
    charts: tuple[Chart, ...]
    parameters: tuple[str, ...]

    @property
    def of_actions(self) -> bool:
        """Are these rows parts of actions, which have pages of their own?"""
        return self.own.groups is not None and self.own.groups.algorithm == "mx_actions"


@dataclass(frozen=True, slots=True)
class Loose:
    """A processed dataset that hangs below none of the raw data of its session. `awaited` counts inputs that are not
    catalogued yet, `hidden` those that the reader may not see."""

    dataset: Dataset
    awaited: int
    hidden: int


@dataclass(frozen=True, slots=True)
class SessionPage:
    """One page of a session by display, and the results that belong to none of the raw data. `processed` counts all
    results of the session."""

    investigation: InvestigationRecord
    shown: tuple[Shown, ...]
    loose: tuple[Loose, ...]
    page: Page[Dataset]
    processed: int


Columns = Callable[[Display], ColumnChoice]
"""Which columns of a display the visitor wants."""


def session_page(
    view: View, library: Library, reader: Reader, investigation_id: int, wanted: Wanted, columns: Columns
) -> SessionPage:
    """Raises NotFound."""
    investigation = _investigation(view, investigation_id)
    window = Window(DATASETS_PER_PAGE, (wanted.page - 1) * DATASETS_PER_PAGE, "STARTDATE", wanted.descending)
    kind = "acquisition" if wanted.kind == "raw" else "processed"
    criteria = DatasetCriteria(investigation_ids=(investigation_id,), types=(kind,), search=wanted.text or None)
    found = family(view, criteria, window)
    processed = view.session.count(Select("Dataset", ["id"], _processed(investigation_id)))
    whole = wanted.kind == "raw" and not wanted.text and found.total == len(found.datasets)
    return SessionPage(
        investigation,
        tuple(_shown(group, found, reader, columns) for group in library.resolve_many(found.datasets)),
        _loose(view, investigation_id, found) if whole and processed else (),
        Page(found.datasets, found.total, window.skip, window.limit),
        processed,
    )


def _processed(investigation_id: int) -> And:
    return And(Eq("investigation.id", investigation_id), Eq("type.name", "processed"))


def _investigation(view: View, investigation_id: int) -> InvestigationRecord:
    found = investigations.find(view, InvestigationCriteria(ids=(investigation_id,))).items
    if not found:
        raise NotFound(f"There is no session {investigation_id} that you may see; log in, or ask to become part of it")
    return found[0]


def _shown(group: Group, found: Family, reader: Reader, columns: Columns) -> Shown:
    wanted = set(group.dataset_ids)
    datasets = [dataset for dataset in found.datasets if dataset.id in wanted]
    lineage, choice = found.lineage, columns(group.display)
    display = widened(group.display, choice)
    evaluator = Evaluator(group.display, lineage, reader)
    best = {dataset.id: first for dataset in datasets if (first := views.best(evaluator, dataset)) is not None}
    rows = narrowed(build_list(display, datasets, lineage, reader), choice)
    own = _own_cells(display, datasets, rows, lineage, reader)
    return Shown(
        group.display,
        rows,
        best,
        {row.dataset_id: tuple(_results(row, lineage, own, best.get(row.dataset_id))) for row in rows.rows},
        {dataset.id: tuple(lineage.inputs_of(dataset.id)) for dataset in datasets},
        _charts(group.display, datasets, lineage, reader),
        tuple(sorted({name for dataset in datasets for name in dataset.parameters})),
    )


def _charts(display: Display, datasets: Sequence[Dataset], lineage: Lineage, reader: Reader) -> tuple[Chart, ...]:
    names = {dataset.id: dataset.name for dataset in datasets}
    return tuple(chart(plot, names, moment) for plot in plot_data(display, datasets, lineage, reader))


def _own_cells(
    display: Display, datasets: Sequence[Dataset], rows: ListView, lineage: Lineage, reader: Reader
) -> dict[int, Cells]:
    """Per dataset computed from any of these its own values in the columns of their list, not those that a column
    takes from its outputs; each dataset is evaluated once."""
    below = {found.id: found for dataset in datasets for found in lineage.outputs_of(dataset.id, "all")}
    taken = {column.id for column in display.columns if column.outputs is not None}
    columns = [head.id for head in rows.columns]
    own = {}
    for row in build_list(display, tuple(below.values()), lineage, reader).rows:
        cells = {cell.id: cell for cell in row.cells if cell.id not in taken or _origin(cell, row.dataset_id)}
        cells = {key: cell for key, cell in cells.items() if not cell.missing}
        own[row.dataset_id] = tuple(cells.get(column) for column in columns)
    return own


def _results(row: ListRow, lineage: Lineage, own: Mapping[int, Cells], best: Best | None) -> Iterator[Result]:
    places = {contender.dataset_id: contender for contender in best.contenders} if best else {}
    for related in islice(walk(lineage, lineage.outputs, row.dataset_id), RESULTS_PER_ROW):
        found = related.dataset
        yield Result(
            dataset_id=found.id,
            name=found.name,
            program=found.text("Process_program"),
            start=found.start,
            level=related.level,
            inputs=len(lineage.inputs.get(found.id, ())) + lineage.hidden_inputs.get(found.id, 0),
            cells=tuple(_origin(above, found.id) or cell for above, cell in zip(row.cells, own[found.id], strict=True)),
            contender=places.get(found.id),
        )


def _origin(cell: Cell, dataset_id: int) -> Cell | None:
    """The cell if its value was taken from this dataset: there it is shown again."""
    return cell if cell.provenance is not None and cell.provenance.dataset_id == dataset_id else None


def _loose(view: View, investigation_id: int, raw: Family) -> tuple[Loose, ...]:
    """Processed datasets that hang below none of the raw ones, which are all known."""
    below = {d.id for dataset in raw.datasets for d in raw.lineage.outputs_of(dataset.id, "all")}
    ids = [
        key for (key,) in view.session.rows(Select("Dataset", ["id"], _processed(investigation_id))) if key not in below
    ]
    if not ids:
        return ()
    found = family(view, DatasetCriteria(ids=tuple(ids[:LOOSE_RESULTS])), Window(None, 0, "STARTDATE"))
    lineage = found.lineage
    return tuple(
        Loose(one, len(lineage.awaited_inputs.get(one.id, ())), lineage.hidden_inputs.get(one.id, 0))
        for one in found.datasets
    )
