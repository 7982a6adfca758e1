"""Samples with their parameters, their investigation and, when asked for, their datasets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads import datasets
from drac_plugins.core.reads.criteria import EVERYTHING, DatasetCriteria, SampleCriteria, Window
from drac_plugins.core.reads.days import day_begins, day_ends
from drac_plugins.core.reads.investigations import light
from drac_plugins.core.reads.lookups import instrument_ids
from drac_plugins.core.reads.parameter_filters import Sieve, compiled, sifted
from drac_plugins.core.reads.records import DatasetRecord, Page, SampleRecord
from drac_plugins.core.reads.values import parameter_columns, parameters_of
from drac_plugins.core.reads.view import (
    MANY,
    Rows,
    Scope,
    View,
    conjunction,
    matching,
    order_of,
    prefixed,
    scope_of,
    window_of,
)
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Condition, Contains, Eq, Ge, In, IsNull, Lt, Or

_HEAD = ("id", "name", "modTime")
_SORT = {"NAME": "name", "DATE": "modTime"}
RAW = "acquisition"


class _Head(NamedTuple):
    id: int
    name: str
    modified: datetime


def find(
    view: View,
    criteria: SampleCriteria,
    window: Window = EVERYTHING,
    *,
    with_datasets: bool = False,
    dataset_types: tuple[str, ...] = (),
    nested: bool = False,
) -> Page[SampleRecord]:
    """The samples that fulfil all criteria, in order of registration unless the window says otherwise.

    `with_datasets` fills their datasets, those of `dataset_types` when given, with all outputs when `nested`.
    """
    found = _found(view, criteria, window)
    if found is None:
        return Page((), 0, window.skip, window.limit)
    rows, total, scope, where = found
    inside = _datasets(view, scope, where, dataset_types, nested=nested) if with_datasets else None
    return Page(tuple(_records(view, rows, scope, inside)), total, window.skip, window.limit)


def ids(view: View, criteria: SampleCriteria, window: Window) -> list[int]:
    """Of all samples that fulfil the criteria, in the order of the window, whatever part of them it shows."""
    found = _found(view, criteria, Window(sort_by=window.sort_by, descending=window.descending))
    return [] if found is None else [row[0] for row in found[0]]


_Found = tuple[Rows, int, Scope, Condition | None]


def _found(view: View, criteria: SampleCriteria, window: Window) -> _Found | None:
    conditions = _conditions(view, criteria)
    if conditions is None:
        return None
    filtered = compiled(view, "Sample", criteria.parameters, conjunction(conditions))
    if filtered is None:
        return None
    where = conjunction([*conditions, *filtered[0]])
    select = Select("Sample", _HEAD, where, order_of(_SORT, window))
    if filtered[1]:
        return _sifted(view, select, filtered[1], window)
    rows, total = matching(view, select, window)
    dense = not select.order or window.limit is None
    return rows, total, scope_of([row[0] for row in rows], where, dense=dense), where


def _sifted(view: View, select: Select, sieves: list[Sieve], window: Window) -> _Found:
    rows = {row[0]: row for row in matching(view, select, EVERYTHING)[0]}
    ids = sifted(view, "Sample", list(rows), sieves, select.where)
    wanted = window_of(ids, window)
    return [rows[key] for key in wanted], len(ids), scope_of(wanted, None, dense=False), select.where


def _conditions(view: View, criteria: SampleCriteria) -> list[Condition] | None:
    """None: nothing can match, because an instrument is unknown. Raises Invalid for too many ids."""
    conditions: list[Condition] = []
    for path, ids in (("id", criteria.ids), ("investigation.id", criteria.investigation_ids)):
        if len(ids) > MANY:
            raise Invalid(f"at most {MANY} identifiers are accepted, got {len(ids)}")
        if ids:
            conditions.append(In(path, ids))
    if criteria.with_acquisitions:
        conditions.append(Eq("datasets.type.name", RAW))
    if criteria.search:
        conditions.append(Contains("name", criteria.search))
    if criteria.end is not None:
        conditions.append(Lt("investigation.startDate", day_ends(criteria.end, view.zone)))
    if criteria.start is not None:
        ends = "investigation.endDate"
        conditions.append(Or(Ge(ends, day_begins(criteria.start, view.zone)), IsNull(ends)))
    if criteria.instruments:
        instruments = instrument_ids(view, criteria.instruments)
        if not instruments:
            return None
        conditions.append(In("investigation.investigationInstruments.instrument.id", instruments))
    return conditions


def _records(
    view: View, rows: Rows, scope: Scope, inside: Mapping[int, list[DatasetRecord]] | None
) -> list[SampleRecord]:
    heads = [_Head(*row) for row in rows]
    if not heads:
        return []
    owners: dict[int, int] = dict(scope.rows(view.session, Select("Sample", ["id", "investigation.id"])))
    investigations = light(view, set(owners.values()))
    parameter_rows = scope.rows(view.session, Select("SampleParameter", parameter_columns("sample")), "sample")
    parameters = parameters_of(parameter_rows, view.zone)
    return [
        SampleRecord(
            head.id,
            head.name,
            head.modified,
            investigations.get(owners.get(head.id, 0)),
            parameters.get(head.id, ()),
            tuple(inside.get(head.id, ())) if inside is not None else None,
        )
        for head in heads
    ]


def _datasets(
    view: View, scope: Scope, where: Condition | None, types: tuple[str, ...], *, nested: bool
) -> dict[int, list[DatasetRecord]]:
    """Datasets by id of their sample, found in one go: a few samples by their ids, many by their own condition."""
    if not scope.ids:
        return {}
    few = len(scope.ids) <= MANY
    criteria = DatasetCriteria(types=types, sample_ids=scope.ids if few else ())
    beyond = None if few or where is None else prefixed(where, "sample.")
    wanted = set(scope.ids)
    found: dict[int, list[DatasetRecord]] = {}
    for record in datasets.find(view, criteria, nested=nested, among=beyond).items:
        if record.sample_id in wanted:
            found.setdefault(record.sample_id, []).append(record)
    return found
