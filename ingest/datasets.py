"""Datasets in the catalogue: reading what there is, carrying out a plan."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import Eq, In
from icat_schema.gateway.errors import AccessDenied, ObjectExists
from ingest.facility import Facility
from ingest.outcome import NotYet
from ingest.state import DatasetState, Stored
from ingest.values import ParameterType, Value
from ingest.writes import (
    AddInstrument,
    AddTechnique,
    ChangeDataset,
    CreateDataset,
    RemoveRows,
    SetParameter,
    Write,
)

logger = logging.getLogger(__name__)

_LONGEST_NAME = 255
_LONGEST_LOCATION = 255
_COLUMNS = (
    *("name", "location", "investigation.id", "investigation.name", "type.name", "complete"),
    *("startDate", "endDate", "description", "sample.id"),
)
"""In the order of `DatasetState`."""


def read_dataset(session: Session, dataset_id: int) -> DatasetState | None:
    """The dataset as it is; None when there is no such dataset."""
    found = session.rows(Select("Dataset", _COLUMNS, where=Eq("id", dataset_id)))
    if not found:
        return None
    parameters = session.rows(
        Select(
            "DatasetParameter",
            ["type.name", "id", "stringValue", "numericValue", "dateTimeValue"],
            where=Eq("dataset.id", dataset_id),
        )
    )
    return DatasetState(
        dataset_id,
        *found[0],
        parameters={
            name: Stored(row, {"stringValue": text, "numericValue": number, "dateTimeValue": moment})
            for name, row, text, number, moment in parameters
        },
        techniques=_linked(session, "DatasetTechnique", "technique.name", dataset_id),
        instruments=_linked(session, "DatasetInstrument", "instrument.id", dataset_id),
    )


def _linked(session: Session, entity: str, column: str, dataset_id: int) -> dict[Any, int]:
    return dict(session.rows(Select(entity, [column, "id"], where=Eq("dataset.id", dataset_id))))


@dataclass(frozen=True, slots=True)
class Namesake:
    """A dataset that has one of the names asked for."""

    id: int
    name: str
    location: str | None
    investigation_id: int


def namesakes(session: Session, investigation_ids: Iterable[int], names: Sequence[str]) -> list[Namesake]:
    """Datasets of these investigations that have one of these names, in one call that an index answers.

    They tell which names are taken, and they hold the dataset that a run made just before it was killed: it could only
    have got one of these names.
    """
    query = Select("Dataset", ["id", "name", "location", "investigation.id"], where=In("name", list(names)))
    return [Namesake(*row) for row in session.rows_for(query, "investigation.id", sorted(investigation_ids))]


# ---------------------------------------------------------------------------------------------------- identity


def column_location(location: str) -> str:
    """What fits into `Dataset.location`: a longer path is cut and gets a hash, the whole stands in a parameter."""
    if len(location) <= _LONGEST_LOCATION:
        return location
    return f"{location[: _LONGEST_LOCATION - 9]}~{_hash(location)}"


def name_candidates(name: str, location: str) -> tuple[str, ...]:
    """What the dataset may be called in ICAT, where names are unique within an investigation: best first."""
    folder = location.rsplit("/", 1)[-1]
    last = f"{name[: _LONGEST_NAME - 10]} ~{_hash(location)}"
    return tuple(dict.fromkeys((name[:_LONGEST_NAME], folder[:_LONGEST_NAME] or name[:_LONGEST_NAME], last)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


# --------------------------------------------------------------------------------------------------- execution


def carry_out(
    session: Session,
    facility: Facility,
    writes: Sequence[Write],
    dataset_id: int | None,
    types: Mapping[str, ParameterType],
    techniques: Mapping[str, int],
    taken: Collection[str] = (),
) -> tuple[int, str | None]:
    """Write a plan in as few calls as possible. `taken`: names that other datasets of the investigation have. Returns
    the dataset's id, and its name when it was made now."""
    if writes and isinstance(writes[0], CreateDataset):
        return _create(session, facility, writes[0], types, techniques, taken)
    if dataset_id is None:
        raise ValueError("a plan for a dataset that does not exist begins with its creation")
    operations: list[New | Change] = []
    for write in writes:  # in their order: what a killed run leaves must lead to the same plan again
        if not isinstance(write, RemoveRows):
            operations += _operation(facility, write, dataset_id, types, techniques)
            continue
        if operations:
            session.write(operations)
            operations = []
        _remove(session, write, dataset_id)
    if operations:
        session.write(operations)
    return dataset_id, None


def _remove(session: Session, write: RemoveRows, dataset_id: int) -> None:
    try:
        session.delete(write.entity, write.rows)
    except AccessDenied:
        if write.entity == "DatasetParameter":
            raise
        logger.warning("Dataset %d keeps a former %s: the ingester may not delete those", dataset_id, write.entity)


def _operation(
    facility: Facility,
    write: Write,
    dataset_id: int,
    types: Mapping[str, ParameterType],
    techniques: Mapping[str, int],
) -> list[New | Change]:
    if isinstance(write, ChangeDataset):
        fields = dict(write.fields)
        if "type" in fields:
            fields["type"] = Ref(facility.dataset_type(str(fields["type"])))
        if isinstance(sample := fields.get("sample"), int):
            fields["sample"] = Ref(sample)
        return [Change("Dataset", dataset_id, fields)]
    if isinstance(write, SetParameter):
        if write.row is not None:
            return [Change("DatasetParameter", write.row, {write.value.column: write.value.value})]
        return [_parameter(write.name, write.value, types, dataset=Ref(dataset_id))]
    if isinstance(write, AddTechnique):
        values = {"dataset": Ref(dataset_id), "technique": Ref(techniques[write.name])}
        return [New("DatasetTechnique", values)]
    if isinstance(write, AddInstrument):
        return [New("DatasetInstrument", {"dataset": Ref(dataset_id), "instrument": Ref(write.instrument_id)})]
    return []


def _parameter(name: str, value: Value, types: Mapping[str, ParameterType], **more: object) -> New:
    return New("DatasetParameter", {"type": Ref(types[name].id), value.column: value.value, **more})


def new_dataset(
    facility: Facility,
    plan: CreateDataset,
    name: str,
    types: Mapping[str, ParameterType],
    techniques: Mapping[str, int],
) -> New:
    """The dataset of a plan under this name, with everything that belongs to it."""
    return New(
        "Dataset",
        {
            "name": name,
            "investigation": Ref(plan.investigation_id),
            "type": Ref(facility.dataset_type(plan.type)),
            "sample": Ref(plan.sample_id) if plan.sample_id is not None else None,
            "location": plan.location,
            "startDate": plan.start,
            "endDate": plan.end,
            "complete": plan.complete,
            "description": plan.description,
            "parameters": [_parameter(name, value, types) for name, value in plan.parameters.items()],
            "datasetTechniques": [New("DatasetTechnique", {"technique": Ref(techniques[n])}) for n in plan.techniques],
            "datasetInstruments": [New("DatasetInstrument", {"instrument": Ref(plan.instrument_id)})],
        },
    )


def _create(
    session: Session,
    facility: Facility,
    plan: CreateDataset,
    types: Mapping[str, ParameterType],
    techniques: Mapping[str, int],
    taken: Collection[str],
) -> tuple[int, str]:
    for name in [name for name in plan.names if name not in taken]:
        try:
            made = session.write([new_dataset(facility, plan, name, types, techniques)])
        except ObjectExists:
            continue  # another worker took the name since we looked
        return made[0], name
    raise NotYet("internal", f"No free name for the dataset at {plan.location}", "dataset", give_up_after_seconds=3600)
