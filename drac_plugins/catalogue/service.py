"""Use cases of `/catalogue`: one request, one function. The session of the view decides what is seen."""

from __future__ import annotations

from collections.abc import Iterator

from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads import collections, datafiles, datasets, investigations, lookups, samples
from drac_plugins.core.reads.criteria import DataCollectionCriteria, DatasetCriteria
from drac_plugins.core.reads.names import normal_proposal
from drac_plugins.core.reads.records import (
    DataCollectionRecord,
    DatafileRecord,
    DatasetRecord,
    InvestigationRecord,
    Page,
    ParameterTypeRecord,
    SampleRecord,
    TeamMember,
)
from drac_plugins.core.reads.view import View
from drac_plugins.core.reads.wire import arguments
from drac_plugins.core.reads.wire.arguments import Query


def search_datasets(view: View, query: Query) -> Page[DatasetRecord]:
    """With what was computed from them. Raises Invalid when nothing restricts the search."""
    return datasets.find(view, _restricted(query), arguments.window(query), nested=True)


def list_datasets(view: View, query: Query) -> tuple[Page[DatasetRecord], Iterator[DatasetRecord]]:
    """A page without its elements, and the elements. Raises Invalid when nothing restricts the search."""
    return datasets.listed(view, _restricted(query), arguments.window(query))


def _restricted(query: Query) -> DatasetCriteria:
    """Nobody wants the whole catalogue."""
    criteria = arguments.dataset_criteria(query)
    if criteria.is_empty:
        raise Invalid(
            "at least one filter is needed: investigationIds, datasetIds, sampleId, instrumentName, startDate, "
            "endDate, datasetType, techniquePids, parameters or search"
        )
    return criteria


def datasets_by_id(view: View, ids: tuple[int, ...]) -> Page[DatasetRecord]:
    """In order of registration; those that do not exist or may not be read are missing."""
    return datasets.find(view, DatasetCriteria(ids=ids)) if ids else Page((), 0)


def search_investigations(view: View, query: Query, mechanisms: tuple[str, ...]) -> Page[InvestigationRecord]:
    """`mechanisms`: authenticators of the catalogue, whose names user names may begin with."""
    criteria = arguments.investigation_criteria(query, mechanisms=mechanisms)
    return investigations.find(view, criteria, arguments.window(query), access=query["with_has_access"])


def team(view: View, investigation_id: int) -> tuple[InvestigationRecord | None, tuple[TeamMember, ...]]:
    """The investigation, None when it may not be read, and who takes part in it."""
    record = investigations.light(view, [investigation_id]).get(investigation_id)
    return (record, record.team) if record is not None else (None, ())


def search_samples(view: View, query: Query) -> Page[SampleRecord]:
    """Raises Invalid for a list of several samples together with a question about their datasets."""
    about_datasets = (
        query["include_datasets"] or query["nested"] or query["dataset_type"] or query["having_acquisition_datasets"]
    )
    if len(query["sample_ids"]) > 1 and about_datasets:
        raise Invalid(
            "several sampleIds cannot be combined with includeDatasets, nested, datasetType or "
            "havingAcquisitionDatasets: ask for one sample, or for an investigation"
        )
    return samples.find(
        view,
        arguments.sample_criteria(query),
        arguments.window(query),
        with_datasets=query["include_datasets"],
        dataset_types=query["dataset_type"],
        nested=query["nested"],
    )


def search_datafiles(view: View, query: Query) -> Page[DatafileRecord]:
    """Raises Invalid when nothing restricts the search."""
    criteria = arguments.datafile_criteria(query)
    if not (criteria.ids or criteria.dataset_ids or criteria.location):
        raise Invalid("at least one filter is needed: datasetId, datafileIds or location")
    return datafiles.find(view, criteria, arguments.window(query))


def search_collections(view: View, query: Query) -> Page[DataCollectionRecord]:
    return collections.find(view, arguments.collection_criteria(query), arguments.window(query))


def collections_of_dataset(view: View, dataset_id: int) -> Page[DataCollectionRecord]:
    return collections.find(view, DataCollectionCriteria(dataset_ids=(dataset_id,)))


def parameter_types(view: View, query: Query) -> list[ParameterTypeRecord]:
    ids, name = query["parameter_type_id"], query["name"]
    return [
        kind
        for kind in lookups.parameter_types(view)
        if (not ids or kind.id in ids) and (name is None or kind.name.casefold() == name.strip().casefold())
    ]


def normal_name(view: View, text: str) -> str:
    """The name of an existing investigation as it is stored, else the canonical spelling.

    Raises Invalid when the text has not the form of a proposal.
    """
    return investigations.stored_name(view, text) or normal_proposal(text)
