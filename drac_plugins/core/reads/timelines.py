"""What happened when: datasets and sessions with three of their sums, cheaper than the whole records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from drac_plugins.core.reads.criteria import DatasetCriteria, InvestigationCriteria
from drac_plugins.core.reads.dataset_conditions import dataset_conditions
from drac_plugins.core.reads.investigation_conditions import investigation_conditions
from drac_plugins.core.reads.values import parameter_columns, parameters_of
from drac_plugins.core.reads.view import View, conjunction, prefixed
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Condition, In

SUMS = ("__fileCount", "__volume", "__elapsedTime")


@dataclass(frozen=True, slots=True)
class Span:
    """A session, or a dataset of it. `sums` by name of the parameter, only those that are there."""

    start: datetime | None
    end: datetime | None
    investigation_id: int | None
    investigation_name: str | None
    dataset_id: int | None = None
    dataset_name: str | None = None
    dataset_type: str | None = None
    sample_id: int | None = None
    sample_name: str | None = None
    sums: Mapping[str, str] = field(default_factory=dict)


def of_datasets(view: View, criteria: DatasetCriteria) -> Sequence[Span]:
    """Every dataset of any type, by start. Four calls."""
    where = conjunction(dataset_conditions(view, criteria) or [])
    columns = ["id", "name", "type.name", "startDate", "endDate", "sample.id", "sample.name"]
    rows = view.session.page(Select("Dataset", columns, where, [("startDate", "ASC")]))
    homes = _homes(view, where)
    sums = _sums(view, "Dataset", where)
    return [
        Span(
            start=start,
            end=end,
            investigation_id=homes[id_][0] if id_ in homes else None,
            investigation_name=homes[id_][1] if id_ in homes else None,
            dataset_id=id_,
            dataset_name=name,
            dataset_type=kind,
            sample_id=sample_id,
            sample_name=sample_name,
            sums=sums.get(id_, {}),
        )
        for id_, name, kind, start, end, sample_id, sample_name in rows
    ]


def of_instrument(view: View, instrument: str) -> Sequence[Span]:
    """Every session of an instrument, in any spelling of its name, by start; none when it is unknown."""
    conditions = investigation_conditions(view, InvestigationCriteria(instruments=(instrument,)))
    if conditions is None:
        return []
    where = conjunction(conditions)
    columns = ["id", "name", "startDate", "endDate"]
    rows = view.session.page(Select("Investigation", columns, where, [("startDate", "ASC")]))
    sums = _sums(view, "Investigation", where)
    return [Span(start, end, id_, name, sums=sums.get(id_, {})) for id_, name, start, end in rows]


def _homes(view: View, where: Condition | None) -> dict[int, tuple[int, str]]:
    """A query of its own: a published dataset can be readable while its investigation is not."""
    rows: list[tuple[Any, ...]] = view.session.rows(
        Select("Dataset", ["id", "investigation.id", "investigation.name"], where)
    )
    return {id_: (investigation_id, name) for id_, investigation_id, name in rows}


def _sums(view: View, owner: str, where: Condition | None) -> dict[int, dict[str, str]]:
    relation = owner.lower()
    named: Condition = In("type.name", SUMS)
    condition = named if where is None else And(named, prefixed(where, f"{relation}."))
    rows = view.session.rows(Select(f"{owner}Parameter", parameter_columns(relation), condition))
    return {id_: {one.name: one.value for one in records} for id_, records in parameters_of(rows, view.zone).items()}
