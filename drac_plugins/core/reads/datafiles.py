"""Datafiles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from drac_plugins.core.reads.criteria import EVERYTHING, DatafileCriteria, Window
from drac_plugins.core.reads.records import DatafileRecord, Page
from drac_plugins.core.reads.view import MANY, Rows, View, conjunction, matching, order_of, scope_of
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Condition, Contains, Eq, In, Or

_HEAD = (
    "id",
    "dataset.id",
    "name",
    "location",
    "fileSize",
    "createId",
    "createTime",
    "modId",
    "modTime",
)
_SORT = {"NAME": "name", "LOCATION": "location", "SIZE": "fileSize", "DATE": "createTime"}


def find(view: View, criteria: DatafileCriteria, window: Window = EVERYTHING) -> Page[DatafileRecord]:
    """The datafiles that fulfil all criteria, in order of registration unless the window says otherwise."""
    rows, total = _rows(view, criteria, window)
    released = _released(view, {row[1] for row in rows})
    records = (DatafileRecord(*(*row, row[1] in released)) for row in rows)
    return Page(tuple(records), total, window.skip, window.limit)


def _rows(view: View, criteria: DatafileCriteria, window: Window) -> tuple[Rows, int]:
    conditions: list[Condition] = []
    if criteria.dataset_ids:
        conditions.append(In("dataset.id", criteria.dataset_ids))
    if criteria.location:
        conditions.append(Eq("location", criteria.location))
    if criteria.search:
        conditions.append(Or(Contains("name", criteria.search), Contains("location", criteria.search)))
    many = len(criteria.ids) > MANY
    if criteria.ids and not many:
        conditions.append(In("id", criteria.ids))
    select = Select("Datafile", _HEAD, conjunction(conditions), order_of(_SORT, window))
    if not many:
        return matching(view, select, window)
    rows = view.session.rows_for(select, "id", criteria.ids)
    return rows[window.skip : None if window.limit is None else window.skip + window.limit], len(rows)


def _released(view: View, dataset_ids: Iterable[int]) -> set[int]:
    """Those of the datasets whose investigation's release date has passed."""
    scope = scope_of(sorted(dataset_ids), None, dense=False)
    now = datetime.now(UTC)
    rows = scope.rows(view.session, Select("Dataset", ["id", "investigation.releaseDate"]))
    return {key for key, release in rows if release is not None and release < now}
