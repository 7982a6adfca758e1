"""What the templates of the pages need beside the view models: filters, and parameters in groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import flask
from flask import Blueprint

from displays.colours import Coloured
from displays.formats import size as size_in_words
from displays.listing import ColumnHead
from displays.precedence import POSITIONS
from displays.records import Dataset
from displays.view_model import Cell
from drac_plugins.core.reads.records import InvestigationRecord
from drac_plugins.core.web import facility_zone, services
from icat_schema.parameters import Vocabulary

_COLOUR_STEPS = 10
_HDF5 = (".h5", ".hdf5", ".nxs", ".nx", ".nx5", ".cxi")
_LONGEST_SIZE = 25
_GENERAL, _SAMPLE, _PROCESSING, _BOOKS = "General", "Sample", "Processing", "Book-keeping"
_GROUPS = (
    (re.compile(r"technique_|Notes_|scan_|Project_"), _GENERAL),
    (re.compile(r"Sample"), _SAMPLE),
    (re.compile(r"Instrument|Source|Slit"), "Instrument"),
    (re.compile(r"Process_|Workflow_|Job_"), _PROCESSING),
    (re.compile(r"__|group_by|ResourcesGallery"), _BOOKS),
)
_ORDER = {_GENERAL: 0, _SAMPLE: 1, "Instrument": 2, _PROCESSING: 4, _BOOKS: 5}
_PLACE_OF_TECHNIQUES = 3
_LINKS = re.compile(r"(__full_)?(input|output)_dataset")


@dataclass(frozen=True, slots=True)
class ParameterLine:
    """One row of the table of parameters. `group` is what the name begins with."""

    group: str
    name: str
    value: str
    unit: str
    description: str | None

    @property
    def searched(self) -> str:
        """What a search looks at."""
        return " ".join((self.name, self.value, self.unit, self.description or "")).casefold()


def install(blueprint: Blueprint) -> None:
    """Offer the filters to every template of the app, and the name of the visitor to the pages."""
    blueprint.add_app_template_filter(moment, "moment")
    blueprint.add_app_template_filter(day, "day")
    blueprint.add_app_template_filter(size, "size")
    blueprint.add_app_template_filter(figures, "figures")
    blueprint.add_app_template_filter(release_words, "release_words")
    blueprint.add_app_template_filter(without_prefix, "without_prefix")
    blueprint.add_app_template_filter(is_hdf5, "is_hdf5")
    blueprint.add_app_template_filter(colour_class, "colour_class")
    blueprint.add_app_template_filter(cell_class, "cell_class")
    blueprint.app_context_processor(_offered)


def offered(plugin: str) -> bool:
    """Is this plugin switched on? Its addresses are offered only then."""
    return any(one.name == plugin for one in services().plugins)


def _offered() -> dict[str, object]:
    staff = flask.session.get("staff", False) and offered("ingestion")
    known = {"changed_query": changed_query, "positions": POSITIONS}
    return {"visitor": flask.session.get("name"), "looks_after_ingestion": staff, **known}


def changed_query(**changes: object) -> str:
    """The query of this page with some values changed, or left out where the new value is None; what is there several
    times stays so."""
    kept = [(key, value) for key, value in flask.request.args.items(multi=True) if key not in changes]
    return urlencode([*kept, *((key, value) for key, value in changes.items() if value is not None)])


def moment(value: datetime | None) -> str:
    """Facility time to the minute."""
    return value.astimezone(facility_zone()).strftime("%Y-%m-%d %H:%M") if value else "—"


def day(value: datetime | None) -> str:
    """Facility time, the day alone."""
    return value.astimezone(facility_zone()).strftime("%Y-%m-%d") if value else "—"


def size(value: int | None) -> str:
    """Bytes for people."""
    return size_in_words(value) if value is not None else "—"


def figures(session: InvestigationRecord) -> dict[str, str]:
    """What the book-keeping of a session counted: datasets, and their size."""
    known = {parameter.name: parameter.value for parameter in session.parameters}
    volume = known.get("__volume", "")
    return {
        "datasets": known.get("__datasetCount", "—"),
        "size": size(int(volume)) if volume.isdecimal() and len(volume) < _LONGEST_SIZE else "—",
    }


def release_words(session: InvestigationRecord) -> str:
    """Whether everybody may see a session, or from which day on."""
    if session.release is None:
        return "—"
    return "public" if session.release <= datetime.now(UTC) else f"on {day(session.release)}"


def is_hdf5(name: str) -> bool:
    """By its name: nothing else is known before the file is opened."""
    return name.lower().endswith(_HDF5)


def without_prefix(name: str, group: str) -> str:
    """The name of a parameter below the heading of its group."""
    return name.removeprefix(f"{group}_") or name


def colour_class(coloured: Coloured | None) -> str:
    """Class of the style sheet for a place on a colour scale: our policy allows no styles in the page itself."""
    return "" if coloured is None else f"scale{round(coloured.position * _COLOUR_STEPS)}"


def cell_class(cell: Cell, column: ColumnHead | None = None) -> str:
    """Classes of a table cell: how it is aligned, and its level. Without a number it follows those above and below."""
    if isinstance(cell.value, datetime):
        return "date"
    counts = column is not None and column.count and cell.missing
    number = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    return " ".join(filter(None, ("number" if number or counts else "", cell.level)))


def grouped_parameters(dataset: Dataset, vocabulary: Vocabulary, find: str = "") -> dict[str, list[ParameterLine]]:
    """The parameters of a dataset by group, what matters to most readers first; names in alphabetical order. Lists of
    other datasets are left out. `find`: only those with all of these words in name, value, unit or definition."""
    words = find.casefold().split()
    groups: dict[str, list[ParameterLine]] = {}
    for line in sorted(_lines(dataset, vocabulary), key=_place):
        if all(word in line.searched for word in words):
            groups.setdefault(line.group, []).append(line)
    return groups


def _lines(dataset: Dataset, vocabulary: Vocabulary) -> Iterator[ParameterLine]:
    for parameter in dataset.parameters.values():
        if is_link_list(parameter.name):
            continue
        definition = vocabulary.get(parameter.name)
        unit = parameter.units if parameter.units and parameter.units != "NA" else ""
        description = definition.description if definition else None
        yield ParameterLine(parameter_group(parameter.name), parameter.name, parameter.value, unit, description)


def _place(line: ParameterLine) -> tuple[int, str, str]:
    return place_of_group(line.group), line.group, line.name


def is_link_list(name: str) -> bool:
    """Is this parameter a list of other datasets? It is shown as lineage, which leaves out what one may not see."""
    return _LINKS.match(name) is not None


def place_of_group(label: str) -> int:
    """Where a group of parameters stands among the others."""
    return _ORDER.get(label, _PLACE_OF_TECHNIQUES)


def parameter_group(name: str) -> str:
    """The group of parameters that a name belongs to."""
    for pattern, label in _GROUPS:
        if pattern.match(name):
            return label
    prefix, separator, _ = name.partition("_")
    return prefix if separator else _GENERAL
