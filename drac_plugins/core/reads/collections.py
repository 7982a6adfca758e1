"""Data collections that are publications. The collections that provenance needs (what a job read, what it wrote) are
the same entity; they are marked by a parameter, or belong to a job and have no DOI, and are left out here."""

from __future__ import annotations

from dataclasses import replace

from drac_plugins.core.links.provenance import INPUT_MARK, OUTPUT_MARK
from drac_plugins.core.reads.criteria import EVERYTHING, DataCollectionCriteria, Window
from drac_plugins.core.reads.records import CollectedDataset, DataCollectionRecord, Page
from drac_plugins.core.reads.values import parameter_columns, parameters_of
from drac_plugins.core.reads.view import Scope, View, conjunction, matching, order_of, scope_of
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Condition, Contains, In, Not, NotNull, Or

_HEAD = ("id", "doi", "createId", "createTime", "modId", "modTime")
_SORT = {"DATE": "createTime", "DOI": "doi"}
_MEMBERS = {
    "datacollection": "dataCollectionDatasets.id",
    "document": "dataCollectionInvestigations.id",
}


def find(view: View, criteria: DataCollectionCriteria, window: Window = EVERYTHING) -> Page[DataCollectionRecord]:
    """The collections that fulfil all criteria, in order of registration unless the window says otherwise. None is
    found by a dataset that the caller may not read."""
    if criteria.dataset_ids:
        seen = view.session.rows_for(Select("Dataset", ["id"]), "id", criteria.dataset_ids)
        if not seen:
            return Page((), 0, window.skip, window.limit)
        criteria = replace(criteria, dataset_ids=tuple(id_ for (id_,) in seen))
    where = conjunction(_conditions(criteria))
    select = Select("DataCollection", _HEAD, where, order_of(_SORT, window))
    rows, total = matching(view, select, window)
    dense = not select.order or window.limit is None
    scope = scope_of([row[0] for row in rows], where, dense=dense)
    datasets = _datasets(view, scope)
    columns = parameter_columns("dataCollection")
    parameter_rows = scope.rows(view.session, Select("DataCollectionParameter", columns), "dataCollection")
    parameters = parameters_of(parameter_rows, view.zone)
    records = (
        DataCollectionRecord(*(*row, parameters.get(row[0], ()), tuple(datasets.get(row[0], ())))) for row in rows
    )
    return Page(tuple(records), total, window.skip, window.limit)


def _conditions(criteria: DataCollectionCriteria) -> list[Condition]:
    not_of_a_job = And(Not(NotNull("jobsAsInput.id")), Not(NotNull("jobsAsOutput.id")))
    conditions: list[Condition] = [
        Not(In("parameters.type.name", (INPUT_MARK, OUTPUT_MARK))),
        Or(NotNull("doi"), not_of_a_job),
    ]
    if criteria.dataset_ids:
        conditions.append(In("dataCollectionDatasets.dataset.id", criteria.dataset_ids))
    if criteria.kind:
        conditions.append(NotNull(_MEMBERS[criteria.kind]))
    if criteria.search:
        conditions.append(Or(Contains("doi", criteria.search), Contains("parameters.stringValue", criteria.search)))
    return conditions


def _datasets(view: View, scope: Scope) -> dict[int, list[CollectedDataset]]:
    fields = ["id", "name", "location", "startDate", "endDate", "sample.name"]
    columns = ["dataCollection.id", *(f"dataset.{field}" for field in fields)]
    found: dict[int, list[CollectedDataset]] = {}
    for owner, *values in scope.rows(view.session, Select("DataCollectionDataset", columns), "dataCollection"):
        found.setdefault(owner, []).append(CollectedDataset(*values))
    return found
