"""From dataset criteria to a condition on Dataset."""

from __future__ import annotations

from datetime import date, tzinfo

from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.days import day_begins, day_ends
from drac_plugins.core.reads.lookups import instrument_ids, technique_ids
from drac_plugins.core.reads.view import View
from icat_schema.gateway.conditions import And, Condition, Contains, Ge, In, IsNull, Lt, Or


def dataset_conditions(view: View, criteria: DatasetCriteria) -> list[Condition] | None:
    """Everything but ids of datasets and parameter filters. None: nothing can match, because an instrument or a
    technique is unknown."""
    conditions = [*_relations(criteria), *overlapping(criteria.start, criteria.end, view.zone)]
    if criteria.search:
        conditions.append(Or(*(Contains(path, criteria.search) for path in ("name", "location", "sample.name"))))
    if criteria.instruments:
        instruments = instrument_ids(view, criteria.instruments)
        if not instruments:
            return None
        conditions.append(_measured_at(instruments))
    if criteria.techniques:
        techniques = technique_ids(view, criteria.techniques)
        if not techniques:
            return None
        conditions.append(In("datasetTechniques.technique.id", techniques))
    return conditions


def _relations(criteria: DatasetCriteria) -> list[Condition]:
    conditions: list[Condition] = []
    if criteria.investigation_ids:
        conditions.append(In("investigation.id", criteria.investigation_ids))
    if criteria.sample_ids:
        conditions.append(In("sample.id", criteria.sample_ids))
    if criteria.types:
        conditions.append(In("type.name", criteria.types))
    return conditions


def overlapping(start: date | None, end: date | None, zone: tzinfo) -> list[Condition]:
    """Datasets that overlap these days. One without an end lasted no time."""
    conditions: list[Condition] = []
    if end is not None:
        conditions.append(Lt("startDate", day_ends(end, zone)))
    if start is not None:
        begin = day_begins(start, zone)
        conditions.append(Or(Ge("endDate", begin), And(IsNull("endDate"), Ge("startDate", begin))))
    return conditions


def _measured_at(instruments: tuple[int, ...]) -> Condition:
    """The instrument of the dataset, or one of its investigation: catalogues older than ICAT 5 know only the latter."""
    return Or(
        In("datasetInstruments.instrument.id", instruments),
        In("investigation.investigationInstruments.instrument.id", instruments),
    )
