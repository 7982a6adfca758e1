"""Use cases of the displays plugin: which display applies, and what pages show of datasets and sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from displays import view as views
from displays.colours import Ends
from displays.document import Display
from displays.library import Group, Library
from displays.listing import ListRow, ListView, build_list
from displays.plots import PlotView, plot_data
from displays.reader import Reader
from displays.records import Dataset, Lineage
from displays.resolution import Resolution
from displays.values import Evaluator
from displays.view_model import Best, Cell, Contender
from displays.view_model import View as DatasetView
from drac_plugins.core.errors import NotFound
from drac_plugins.core.reads import datafiles, investigations
from drac_plugins.core.reads.criteria import (
    DatafileCriteria,
    DatasetCriteria,
    InvestigationCriteria,
    Window,
)
from drac_plugins.core.reads.records import DatafileRecord, InvestigationRecord, Page
from drac_plugins.core.reads.view import View
from drac_plugins.displays.families import Family, family
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Eq

DATASETS_PER_PAGE = 100
SESSIONS_PER_PAGE = 50
FILES_SHOWN = 200
LOOSE_RESULTS = 500
"""How many processed datasets that hang below none of the raw data of their session are shown."""

Cells = tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A dataset with its family, its display and the reasons for it."""

    dataset: Dataset
    family: Family
    resolution: Resolution


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
    """Datasets of a session under one display: the list, and per dataset its best result and everything below it."""

    display: Display
    rows: ListView
    best: Mapping[int, Best]
    results: Mapping[int, tuple[Result, ...]]


@dataclass(frozen=True, slots=True)
class Listed:
    """Datasets under one display as another front end draws them."""

    display: Display
    rows: ListView
    plots: tuple[PlotView, ...]


@dataclass(frozen=True, slots=True)
class Loose:
    """A processed dataset that hangs below none of the raw data of its session. `awaited` counts inputs that are not
    catalogued yet, `hidden` those that the reader may not see."""

    dataset: Dataset
    awaited: int
    hidden: int


@dataclass(frozen=True, slots=True)
class SessionPage:
    """One page of the raw data of a session by display, and the results that belong to none of them."""

    investigation: InvestigationRecord
    shown: tuple[Shown, ...]
    loose: tuple[Loose, ...]
    page: Page[Dataset]


@dataclass(frozen=True, slots=True)
class Related:
    """A line of the lineage list. `level` counts steps away from the dataset of the page."""

    dataset: Dataset
    level: int


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """Everything that the page of a dataset shows. `ancestors` nearest first, `descendants` depth first."""

    investigation: InvestigationRecord | None
    resolved: Resolved
    view: DatasetView
    ancestors: tuple[Related, ...]
    descendants: tuple[Related, ...]
    files: Page[DatafileRecord]


def resolve(view: View, library: Library, dataset_id: int, pinned: str | None = None) -> Resolved:
    """Raises NotFound when there is no such dataset that the caller may read."""
    found = family(view, DatasetCriteria(ids=(dataset_id,)))
    if not found.datasets:
        raise NotFound(f"There is no dataset {dataset_id} that you may read; log in, or ask its principal investigator")
    dataset = found.datasets[0]
    return Resolved(dataset, found, library.resolve(dataset, pinned))


def resolve_many(view: View, library: Library, dataset_ids: Sequence[int]) -> tuple[Group, ...]:
    """Readable ones of these datasets by display; the others are left out."""
    return library.resolve_many(family(view, DatasetCriteria(ids=tuple(dataset_ids)), outputs=False).datasets)


def evaluate(resolved: Resolved, reader: Reader) -> DatasetView:
    """The view model of a resolved dataset."""
    resolution = resolved.resolution
    return views.build(resolution.display, resolved.dataset, resolved.family.lineage, reader, resolution.beside)


def lists(
    view: View,
    library: Library,
    reader: Reader,
    criteria: DatasetCriteria,
    window: Window,
    pinned: str | None = None,
    ends: Mapping[str, Ends] | None = None,
) -> Page[Listed]:
    """The datasets that fulfil the criteria as one list per display, in order of first appearance. `total`, `limit` and
    `skip` count datasets."""
    found = family(view, criteria, window)
    known = {dataset.id: dataset for dataset in found.datasets}
    listed = []
    for group in library.resolve_many(found.datasets, pinned):
        members = [known[key] for key in group.dataset_ids]
        rows = build_list(group.display, members, found.lineage, reader, ends)
        plots = plot_data(group.display, members, found.lineage, reader)
        listed.append(Listed(group.display, rows, tuple(plots)))
    return Page(tuple(listed), found.total, window.skip, window.limit)


def dataset_page(view: View, library: Library, reader: Reader, dataset_id: int, pinned: str | None) -> DatasetPage:
    """Raises NotFound."""
    resolved = resolve(view, library, dataset_id, pinned)
    lineage = resolved.family.lineage
    return DatasetPage(
        investigation=resolved.family.investigation(dataset_id),
        resolved=resolved,
        view=evaluate(resolved, reader),
        ancestors=tuple(_walk(lineage, lineage.inputs, dataset_id)),
        descendants=tuple(_walk(lineage, lineage.outputs, dataset_id)),
        files=datafiles.find(view, DatafileCriteria(dataset_ids=(dataset_id,)), Window(limit=FILES_SHOWN)),
    )


def sessions(view: View, text: str | None, instrument: str | None, page: int) -> Page[InvestigationRecord]:
    """Sessions that the caller may see, newest first."""
    criteria = InvestigationCriteria(search=text or None, instruments=(instrument,) if instrument else ())
    window = Window(SESSIONS_PER_PAGE, (page - 1) * SESSIONS_PER_PAGE, "STARTDATE", descending=True)
    return investigations.find(view, criteria, window)


def session_page(view: View, library: Library, reader: Reader, investigation_id: int, page: int) -> SessionPage:
    """Raises NotFound."""
    investigation = _investigation(view, investigation_id)
    window = Window(DATASETS_PER_PAGE, (page - 1) * DATASETS_PER_PAGE, "STARTDATE")
    raw = family(view, DatasetCriteria(investigation_ids=(investigation_id,), types=("acquisition",)), window)
    loose = _loose(view, investigation_id, raw) if page == 1 else ()
    shown = tuple(_shown(group, raw, reader) for group in library.resolve_many(raw.datasets))
    return SessionPage(investigation, shown, loose, Page(raw.datasets, raw.total, window.skip, window.limit))


def _investigation(view: View, investigation_id: int) -> InvestigationRecord:
    found = investigations.find(view, InvestigationCriteria(ids=(investigation_id,))).items
    if not found:
        raise NotFound(f"There is no session {investigation_id} that you may see; log in, or ask to become part of it")
    return found[0]


def _shown(group: Group, raw: Family, reader: Reader) -> Shown:
    wanted = set(group.dataset_ids)
    datasets = [dataset for dataset in raw.datasets if dataset.id in wanted]
    evaluator = Evaluator(group.display, raw.lineage, reader)
    best = {dataset.id: found for dataset in datasets if (found := views.best(evaluator, dataset)) is not None}
    rows = build_list(group.display, datasets, raw.lineage, reader)
    own = _own_cells(group.display, datasets, rows, raw.lineage, reader)
    results = {row.dataset_id: tuple(_results(row, raw.lineage, own, best.get(row.dataset_id))) for row in rows.rows}
    return Shown(group.display, rows, best, results)


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
    for related in _walk(lineage, lineage.outputs, row.dataset_id):
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


def _walk(lineage: Lineage, links: Mapping[int, tuple[int, ...]], start: int) -> Iterator[Related]:
    """Depth first, each dataset once; what the reader may not see is left out with all that is behind it."""
    seen = {start}
    stack = [(key, 1) for key in reversed(links.get(start, ()))]
    while stack:
        key, level = stack.pop()
        if key in seen or key not in lineage.datasets:
            continue
        seen.add(key)
        yield Related(lineage.datasets[key], level)
        stack.extend((below, level + 1) for below in reversed(links.get(key, ())))


def _loose(view: View, investigation_id: int, raw: Family) -> tuple[Loose, ...]:
    """Processed datasets that hang below none of the raw ones; none if some of these are on another page."""
    if raw.total > len(raw.datasets):
        return ()
    processed = And(Eq("investigation.id", investigation_id), Eq("type.name", "processed"))
    below = {d.id for dataset in raw.datasets for d in raw.lineage.outputs_of(dataset.id, "all")}
    ids = [key for (key,) in view.session.rows(Select("Dataset", ["id"], processed)) if key not in below]
    if not ids:
        return ()
    found = family(view, DatasetCriteria(ids=tuple(ids[:LOOSE_RESULTS])), Window(None, 0, "STARTDATE"))
    lineage = found.lineage
    return tuple(
        Loose(one, len(lineage.awaited_inputs.get(one.id, ())), lineage.hidden_inputs.get(one.id, 0))
        for one in found.datasets
    )


def reader_settings(query: Mapping[str, Any]) -> dict[str, Any]:
    """Preferences of a reader from the query of a page, under the names of `mxsettings`."""
    names = {"shell": "autoProcessingRankingShell", "statistic": "autoProcessingRankingParameter"}
    chosen = {names[key]: value for key, value in query.items() if key in names and value}
    if query.get("symmetry") == "ignore":
        chosen["autoProcessingRankingDisableSpaceGroup"] = True
    return chosen
