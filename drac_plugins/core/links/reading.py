"""Links as readers see them: what the parameters list, and what only provenance knows (lists end at 4000 characters).

A caller says by `read` which datasets are asked about: it gets a query and the path from its entity to those datasets,
and returns the rows that belong to them. Each direction takes two queries, however many datasets there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from drac_plugins.core.links.derive import INPUT_IDS, OUTPUT_IDS
from drac_plugins.core.links.lists import read_ids
from drac_plugins.core.links.provenance import INPUT_MARK
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import Eq

Read = Callable[[Select, str], Sequence[tuple[Any, ...]]]
Ids = Mapping[int, tuple[int, ...]]


def outputs_by_provenance(session: Session, read: Read) -> Ids:
    """What was computed from the datasets asked about, by dataset, in order of registration."""
    members = read(
        Select(
            "DataCollectionDataset",
            ["dataset.id", "dataCollection.id"],
            where=Eq("dataCollection.parameters.type.name", INPUT_MARK),
        ),
        "dataset",
    )
    collections = sorted({collection for _, collection in members})
    if not collections:
        return {}
    marks = session.rows_for(_marks(), "dataCollection.id", collections)
    output_of = {collection: read_ids(text)[:1] for collection, text in marks}
    found: dict[int, set[int]] = {}
    for dataset_id, collection in members:
        found.setdefault(dataset_id, set()).update(output_of.get(collection, ()))
    return {dataset_id: tuple(sorted(outputs - {dataset_id})) for dataset_id, outputs in found.items()}


def inputs_by_provenance(session: Session, read: Read) -> Ids:
    """What the datasets asked about were computed from, by dataset."""
    marks = read(_marks(), "dataCollection.jobsAsInput.outputDataCollection.dataCollectionDatasets.dataset")
    output_of = {collection: ids[0] for collection, text in marks if (ids := read_ids(text))}
    if not output_of:
        return {}
    query = Select("DataCollectionDataset", ["dataCollection.id", "dataset.id"])
    found: dict[int, set[int]] = {}
    for collection, dataset_id in session.rows_for(query, "dataCollection.id", sorted(output_of)):
        found.setdefault(output_of[collection], set()).add(dataset_id)
    return {output: tuple(sorted(inputs - {output})) for output, inputs in found.items()}


def union(listed: Iterable[int], known: Iterable[int]) -> tuple[int, ...]:
    """Ids in the order of the list, then what only provenance knows."""
    return tuple(dict.fromkeys((*listed, *known)))


def listed_outputs(parameters: Mapping[str, str]) -> tuple[int, ...]:
    """Ids that the parameters of a dataset name as its direct outputs."""
    return read_ids(parameters.get(OUTPUT_IDS))


def listed_inputs(parameters: Mapping[str, str]) -> tuple[int, ...]:
    return read_ids(parameters.get(INPUT_IDS))


def _marks() -> Select:
    """Every marked input collection with the id of the dataset that its Job made."""
    return Select("DataCollectionParameter", ["dataCollection.id", "stringValue"], where=Eq("type.name", INPUT_MARK))
