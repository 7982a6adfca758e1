"""What the templates of the pages need beside the view models: filters, and parameters in groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import flask
from flask import Blueprint

from displays.colours import Coloured
from displays.listing import ColumnHead
from displays.records import Dataset
from displays.view_model import Cell
from drac_plugins.core.web import facility_zone
from icat_schema.parameters import Vocabulary

_COLOUR_STEPS = 10
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
"""Lists of other datasets: shown as lineage, which leaves out what the visitor may not see."""


@dataclass(frozen=True, slots=True)
class ParameterLine:
    """One row of the table of parameters. `group` is what the name begins with."""

    group: str
    name: str
    value: str
    unit: str
    description: str | None


def install(blueprint: Blueprint) -> None:
    """Offer the filters to every template of the app, and the name of the visitor to the pages."""
    blueprint.add_app_template_filter(moment, "moment")
    blueprint.add_app_template_filter(colour_class, "colour_class")
    blueprint.add_app_template_filter(cell_class, "cell_class")
    blueprint.app_context_processor(lambda: {"visitor": flask.session.get("name"), "changed_query": changed_query})


def changed_query(**changes: object) -> str:
    """The query of this page with some values changed; what is there several times stays so."""
    kept = [(key, value) for key, value in flask.request.args.items(multi=True) if key not in changes]
    return urlencode([*kept, *changes.items()])


def moment(value: datetime | None) -> str:
    """Facility time to the minute."""
    return value.astimezone(facility_zone()).strftime("%Y-%m-%d %H:%M") if value else "—"


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


def grouped_parameters(dataset: Dataset, vocabulary: Vocabulary) -> dict[str, list[ParameterLine]]:
    """The parameters of a dataset by group, what matters to most readers first; names in alphabetical order. Lists of
    other datasets are left out."""
    groups: dict[str, list[ParameterLine]] = {}
    for line in sorted(_lines(dataset, vocabulary), key=_place):
        groups.setdefault(line.group, []).append(line)
    return groups


def _lines(dataset: Dataset, vocabulary: Vocabulary) -> Iterator[ParameterLine]:
    for parameter in dataset.parameters.values():
        if _LINKS.match(parameter.name):
            continue
        definition = vocabulary.get(parameter.name)
        unit = parameter.units if parameter.units and parameter.units != "NA" else ""
        description = definition.description if definition else None
        yield ParameterLine(_group(parameter.name), parameter.name, parameter.value, unit, description)


def _place(line: ParameterLine) -> tuple[int, str, str]:
    return _ORDER.get(line.group, _PLACE_OF_TECHNIQUES), line.group, line.name


def _group(name: str) -> str:
    for pattern, label in _GROUPS:
        if pattern.match(name):
            return label
    prefix, separator, _ = name.partition("_")
    return prefix if separator else _GENERAL
