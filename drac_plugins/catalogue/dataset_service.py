"""Use cases about datasets other than searching them: documents for indexes, timelines, values of parameters."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from drac_plugins.core.errors import Invalid, NotFound
from drac_plugins.core.reads import dataset_values, datasets, timelines
from drac_plugins.core.reads.criteria import DatasetCriteria, Window
from drac_plugins.core.reads.dataset_values import DatasetValue
from drac_plugins.core.reads.days import day_begins, day_ends
from drac_plugins.core.reads.records import DatasetRecord, Page
from drac_plugins.core.reads.timelines import Span
from drac_plugins.core.reads.view import View
from drac_plugins.core.reads.wire.arguments import Query
from icat_schema.gateway import Change, Select
from icat_schema.gateway.conditions import And, Eq, Ge, Lt


def day(text: str) -> date:
    """Raises Invalid."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text[:40]!r} is no day; expected YYYY-MM-DD") from None


def documents(view: View, start: date, end: date, limit: int | None, skip: int) -> Page[DatasetRecord]:
    """Datasets that start on these days, both included."""
    begins, ends = day_begins(start, view.zone), day_ends(end, view.zone)
    among = And(Ge("startDate", begins), Lt("startDate", ends))
    return datasets.find(view, DatasetCriteria(), Window(limit=limit or None, skip=skip), among=among)


def timeline_of_datasets(view: View, investigations: tuple[int, ...], samples: tuple[int, ...]) -> Sequence[Span]:
    """Raises Invalid when neither is given: nobody wants the whole catalogue."""
    if not (investigations or samples):
        raise Invalid("investigationId or sampleId is needed")
    return timelines.of_datasets(view, DatasetCriteria(investigation_ids=investigations, sample_ids=samples))


def timeline_of_instrument(view: View, instrument: str | None) -> Sequence[Span]:
    """Raises Invalid without an instrument."""
    if not instrument:
        raise Invalid("instrument: the name of an instrument is needed")
    return timelines.of_instrument(view, instrument)


def values(view: View, query: Query) -> list[DatasetValue]:
    """Raises Invalid when no parameter is named, or no datasets are."""
    if not query["name"]:
        raise Invalid("name: name a parameter type, such as scanType")
    criteria = DatasetCriteria(
        investigation_ids=query["investigation_id"],
        sample_ids=query["sample_id"],
        instruments=query["instrument_name"],
        start=query["start_date"],
        end=query["end_date"],
        types=query["dataset_type"],
        parameters=query.get("parameters", ()),
    )
    if criteria.is_empty:
        raise Invalid("a filter is needed: investigationId, sampleId, instrumentName, startDate, endDate, datasetType")
    return dataset_values.find(view, query["name"], criteria)


def table(found: Sequence[DatasetValue], names: Sequence[str]) -> str:
    """CSV with one row per dataset and one column per parameter, in the order asked.

    Raises Invalid for fewer than two parameters, as the contract has it. Cells that a spreadsheet would run as a
    formula get an apostrophe in front.
    """
    if len(names) < 2:
        raise Invalid("name: a table needs at least two parameter types, comma-separated")
    rows: dict[int, dict[str, str]] = {}
    heads: dict[int, DatasetValue] = {}
    for one in found:
        heads.setdefault(one.dataset_id, one)
        rows.setdefault(one.dataset_id, {})[one.name.casefold()] = one.value
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["datasetId", "datasetName", "sampleName", *(_cell(name) for name in names)])
    for dataset_id, head in heads.items():
        cells = [rows[dataset_id].get(name.strip().casefold(), "") for name in names]
        writer.writerow([dataset_id, *(_cell(cell) for cell in (head.dataset_name, head.sample_name or "", *cells))])
    return text.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "@", "\t", "\r") or (text[:1] in "+-" and not _is_number(text)) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return not text
    return True


def set_value(view: View, parameter_ids: Sequence[int], value: str) -> None:
    """Give one parameter of a dataset another value; the catalogue decides who may. Raises Invalid, NotFound."""
    change_value(view, "DatasetParameter", parameter_ids, value)


def change_value(view: View, entity: str, parameter_ids: Sequence[int], value: str) -> None:
    """Raises Invalid for a value that is not of the parameter's type, NotFound for one that the session cannot see."""
    if len(parameter_ids) != 1:
        raise Invalid("parameterId: the identifier of one parameter is needed")
    rows = view.session.rows(Select(entity, ["id", "type.valueType"], Eq("id", parameter_ids[0])))
    if not rows:
        raise NotFound(f"There is no {entity} {parameter_ids[0]} that you may see")
    fields = fields_of_value(str(rows[0][1]), value, view.zone)
    view.session.write([Change(entity, parameter_ids[0], fields)])


def fields_of_value(value_type: str, text: str, zone: tzinfo) -> Mapping[str, Any]:
    """The attribute of a parameter that holds the value; a date-time without an offset is meant in the zone.

    Raises Invalid.
    """
    try:
        if value_type == "NUMERIC":
            return {"numericValue": float(text)}
        if value_type == "DATE_AND_TIME":
            moment = datetime.fromisoformat(text)
            return {"dateTimeValue": moment if moment.tzinfo else moment.replace(tzinfo=zone)}
    except ValueError:
        expected = "a number" if value_type == "NUMERIC" else "a date-time such as 2031-05-06T08:00:00.000+02:00"
        raise Invalid(f"value: {text[:80]!r} is not {expected}, which this parameter holds") from None
    return {"stringValue": text}
