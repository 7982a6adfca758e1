"""Use cases of the displays plugin: which display applies, and what pages show of datasets and sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from displays import view as views
from displays.colours import Ends
from displays.document import Display
from displays.library import Group, Library
from displays.listing import ListView, build_list
from displays.plots import PlotView, plot_data
from displays.reader import Reader
from displays.records import Dataset
from displays.resolution import Resolution
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
from drac_plugins.displays.families import Family, Related, family, walk
from drac_plugins.displays.lineage_graph import Graph, graph
from icat_schema.gateway import Select

SESSIONS_PER_PAGE = 50
FILES_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Resolved:
    """A dataset with its family, its display and the reasons for it."""

    dataset: Dataset
    family: Family
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Listed:
    """Datasets under one display as another front end draws them."""

    display: Display
    rows: ListView
    plots: tuple[PlotView, ...]


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """Everything that the page of a dataset shows. `ancestors` nearest first, `descendants` depth first."""

    investigation: InvestigationRecord | None
    resolved: Resolved
    view: DatasetView
    ancestors: tuple[Related, ...]
    descendants: tuple[Related, ...]
    graph: Graph | None
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
        ancestors=tuple(walk(lineage, lineage.inputs, dataset_id)),
        descendants=tuple(walk(lineage, lineage.outputs, dataset_id)),
        graph=graph(resolved.dataset, lineage),
        files=files(view, dataset_id, None, 1),
    )


def files(view: View, dataset_id: int, text: str | None, page: int) -> Page[DatafileRecord]:
    """Files of a dataset by name; none when it may not be read."""
    window = Window(FILES_PER_PAGE, (page - 1) * FILES_PER_PAGE, "NAME")
    return datafiles.find(view, DatafileCriteria(dataset_ids=(dataset_id,), search=text or None), window)


def file(view: View, dataset_id: int, datafile_id: int) -> DatafileRecord:
    """Raises NotFound when it is no file of this dataset that the caller may read."""
    found = datafiles.find(view, DatafileCriteria(ids=(datafile_id,))).items
    if not found or found[0].dataset_id != dataset_id:
        raise NotFound(f"There is no file {datafile_id} of dataset {dataset_id} that you may read")
    return found[0]


def sessions(view: View, criteria: InvestigationCriteria, page: int, order: str) -> Page[InvestigationRecord]:
    """Sessions that the caller may see. `order` is newest, oldest or title."""
    window = Window(
        SESSIONS_PER_PAGE,
        (page - 1) * SESSIONS_PER_PAGE,
        "TITLE" if order == "title" else "STARTDATE",
        descending=order == "newest",
    )
    return investigations.find(view, criteria, window)


def instruments(view: View) -> list[str]:
    """Names of all beamlines."""
    return sorted({name for (name,) in view.session.rows(Select("Instrument", ["name"]))})


def reader_settings(query: Mapping[str, Any]) -> dict[str, Any]:
    """Preferences of a reader from the query of a page, under the names of `mxsettings`."""
    names = {"shell": "autoProcessingRankingShell", "statistic": "autoProcessingRankingParameter"}
    chosen = {names[key]: value for key, value in query.items() if key in names and value}
    if query.get("symmetry") == "ignore":
        chosen["autoProcessingRankingDisableSpaceGroup"] = True
    return chosen
