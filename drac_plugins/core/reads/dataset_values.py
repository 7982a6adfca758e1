"""Values of named parameters over many datasets, without the datasets themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from drac_plugins.core.reads.criteria import DatasetCriteria
from drac_plugins.core.reads.dataset_conditions import dataset_conditions
from drac_plugins.core.reads.lookups import named_parameter_types
from drac_plugins.core.reads.parameter_filters import compiled, sifted
from drac_plugins.core.reads.values import VALUE_COLUMNS, text_of
from drac_plugins.core.reads.view import View, conjunction, prefixed
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Condition, In


class DatasetValue(NamedTuple):
    """One parameter of one dataset. `sample_name` is None without a sample that the caller may read."""

    id: int
    name: str
    value: str
    units: str
    dataset_id: int
    dataset_name: str
    sample_id: int | None
    sample_name: str | None
    created: datetime


_COLUMNS = (
    "id",
    "type.name",
    "type.units",
    "dataset.id",
    "dataset.name",
    "dataset.sample.id",
    "dataset.sample.name",
    "createTime",
    *VALUE_COLUMNS,
)


def find(view: View, names: Sequence[str], criteria: DatasetCriteria) -> list[DatasetValue]:
    """Values of the parameters of these names (any case of letters) of the datasets that fulfil the criteria, in order
    of registration. Ids of datasets among the criteria do not count."""
    types = _types(view, names)
    conditions = dataset_conditions(view, criteria)
    if not types or conditions is None:
        return []
    filtered = compiled(view, "Dataset", criteria.parameters, conjunction(conditions))
    if filtered is None:
        return []
    where = conjunction([*conditions, *filtered[0]])
    found = _values(view, types, where)
    if not filtered[1]:
        return found
    ids = sorted({one.dataset_id for one in found})
    kept = set(sifted(view, "Dataset", ids, filtered[1], where))
    return [one for one in found if one.dataset_id in kept]


def distinct(values: Sequence[DatasetValue]) -> list[DatasetValue]:
    """The first one of every value of every parameter."""
    first: dict[tuple[str, str], DatasetValue] = {}
    for one in values:
        first.setdefault((one.name, one.value), one)
    return list(first.values())


def _types(view: View, names: Sequence[str]) -> list[int]:
    return [kind.id for kind in named_parameter_types(view, [[name] for name in names])]


def _values(view: View, types: Sequence[int], where: Condition | None) -> list[DatasetValue]:
    named: Condition = In("type.id", types)
    condition = named if where is None else And(named, prefixed(where, "dataset."))
    return [
        DatasetValue(
            id_,
            name,
            text_of(string, number, instant, view.zone),
            units,
            dataset_id,
            dataset_name,
            sample_id,
            sample_name,
            created,
        )
        for id_, name, units, dataset_id, dataset_name, sample_id, sample_name, created, string, number, instant in (
            view.session.rows(Select("DatasetParameter", _COLUMNS, condition))
        )
    ]
