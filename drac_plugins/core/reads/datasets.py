"""Datasets with everything that belongs to them.

Calls to the catalogue per request: at most three to resolve names, one or two for the datasets themselves, and for each
level of nesting one per kind of row that belongs to them (investigation, instrument, parameters, techniques, links);
each of them again once per `maxEntities` rows. Their number does not depend on how many datasets there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads.criteria import EVERYTHING, DatasetCriteria, Window
from drac_plugins.core.reads.dataset_conditions import dataset_conditions
from drac_plugins.core.reads.dataset_rows import (
    HEAD,
    Draft,
    Head,
    add_parameters,
    completed,
    drafts_of,
    heads_of,
    without_parameters,
)
from drac_plugins.core.reads.investigations import light
from drac_plugins.core.reads.nesting import arranged, with_outputs
from drac_plugins.core.reads.parameter_filters import compiled, sifted
from drac_plugins.core.reads.records import DatasetRecord, InvestigationRecord, Page
from drac_plugins.core.reads.view import MANY, Rows, Scope, View, conjunction, matching, order_of, scope_of, window_of
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Condition, In

_SORT = {
    "NAME": "name",
    "STARTDATE": "startDate",
    "ENDDATE": "endDate",
    "SAMPLENAME": "sample.name",
    "TYPE": "type.name",
    "LOCATION": "location",
    "DATE": "startDate",
}


def find(
    view: View,
    criteria: DatasetCriteria,
    window: Window = EVERYTHING,
    *,
    nested: bool = False,
    links: bool = False,
    among: Condition | None = None,
) -> Page[DatasetRecord]:
    """The datasets that fulfil all criteria, in order of registration unless the window says otherwise.

    `nested` fills `outputs` to any depth; `links` fills `input_ids` and `output_ids`, which `nested` includes; `among`
    is one more condition on Dataset, for readers of other entities.
    Raises Invalid for lists of ids that are too long, and for an answer that would not fit into one reply.
    """
    found = _found(view, criteria, window, among)
    if found is None:
        return Page((), 0, window.skip, window.limit)
    drafts = drafts_of(view, found.heads, found.scope, outputs=links or nested, inputs=links)
    records = with_outputs(view, drafts, nested=nested, inputs=links)
    return Page(tuple(records), found.total, window.skip, window.limit)


def listed(
    view: View, criteria: DatasetCriteria, window: Window = EVERYTHING
) -> tuple[Page[DatasetRecord], Iterator[DatasetRecord]]:
    """Like `find` without links, for lists of any length: a page without its elements, and the elements, of which the
    later ones may be read when they are asked for."""
    found = _found(view, criteria, window, None)
    if found is None:
        return Page((), 0, window.skip, window.limit), iter(())
    drafts = without_parameters(view, found.heads, found.scope)
    investigations = light(view, {d.investigation_id for d in drafts.values() if d.investigation_id is not None})
    return Page((), found.total, window.skip, window.limit), _completed(view, drafts, found.scope, investigations)


def _completed(
    view: View, drafts: dict[int, Draft], scope: Scope, investigations: Mapping[int, InvestigationRecord]
) -> Iterator[DatasetRecord]:
    """One part after the other where that is the order of the list."""
    if list(drafts) == sorted(drafts):
        for ids in completed(view, drafts, scope) if drafts else ():
            yield from arranged(drafts, [key for key in ids if key in drafts], investigations, nested=False)
            for key in ids:
                drafts.pop(key, None)
    else:
        add_parameters(view, drafts, scope)
        yield from arranged(drafts, list(drafts), investigations, nested=False)


def by_id(view: View, dataset_id: int, *, nested: bool = False, links: bool = False) -> DatasetRecord | None:
    """One dataset; None when there is none that the caller may read."""
    page = find(view, DatasetCriteria(ids=(dataset_id,)), nested=nested, links=links)
    return page.items[0] if page.items else None


@dataclass(frozen=True, slots=True)
class _Found:
    heads: list[Head]
    total: int
    scope: Scope


def _found(view: View, criteria: DatasetCriteria, window: Window, among: Condition | None) -> _Found | None:
    """The datasets of the window, without what belongs to them. None: nothing matches."""
    conditions = dataset_conditions(view, criteria)
    if conditions is None:
        return None
    if among is not None:
        conditions.append(among)
    many = len(criteria.ids) > MANY
    if criteria.ids and not many:
        conditions.append(In("id", criteria.ids))
    for given in (criteria.investigation_ids, criteria.sample_ids):
        if len(given) > MANY:
            raise Invalid(f"at most {MANY} identifiers of investigations or samples are accepted, got {len(given)}")
    filtered = compiled(view, "Dataset", criteria.parameters, conjunction(conditions))
    if filtered is None:
        return None
    where = conjunction([*conditions, *filtered[0]])
    if many:
        return _by_list(view, criteria.ids, where, window)
    if filtered[1]:
        ids = _sorted_ids(view, where, window)
        return _window_of(view, sifted(view, "Dataset", ids, filtered[1], where), where, window)
    return _by_condition(view, where, window)


def _by_condition(view: View, where: Condition | None, window: Window) -> _Found:
    order = order_of(_SORT, window)
    rows, total = matching(view, Select("Dataset", HEAD, where, order), window)
    dense = not order or window.limit is None
    return _Found(heads_of(rows), total, scope_of([row[0] for row in rows], where, dense=dense))


def _sorted_ids(view: View, where: Condition | None, window: Window) -> list[int]:
    select = Select("Dataset", ["id"], where, order_of(_SORT, window))
    return [key for (key,) in matching(view, select, EVERYTHING)[0]]


def _by_list(view: View, ids: Sequence[int], where: Condition | None, window: Window) -> _Found:
    """Among ids too many for one query."""
    rows = view.session.rows_for(Select("Dataset", HEAD, where, order_of(_SORT, window)), "id", ids)
    end = None if window.limit is None else window.skip + window.limit
    wanted = rows[window.skip : end]
    return _Found(heads_of(wanted), len(rows), scope_of([row[0] for row in wanted], None, dense=False))


def _window_of(view: View, ids: Sequence[int], where: Condition | None, window: Window) -> _Found:
    """The window of objects whose ids are all known, in their order."""
    wanted = window_of(ids, window)
    scope = scope_of(wanted, where, dense=where is not None and not order_of(_SORT, window))
    rows = scope.rows(view.session, Select("Dataset", HEAD))
    return _Found(heads_of(_in_order(rows, wanted)), len(ids), scope)


def _in_order(rows: Rows, ids: Sequence[int]) -> Rows:
    by_key = {row[0]: row for row in rows}
    return [by_key[key] for key in ids if key in by_key]
