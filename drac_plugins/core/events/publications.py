"""What indexers of public data are told, in the words that icat-indexer reads. For whoever mints a DOI or changes a
release date: call it in the transaction that makes it true, or right after the catalogue has it."""

from __future__ import annotations

from collections.abc import Sequence

from drac_plugins.core.events.records import PUBLICATION, NewEvent


def release_changed(investigation_id: int, key: str | None = None) -> NewEvent:
    """The data of a session have become public, or are so no more, or have changed since. Ids are texts there."""
    body = {"type": "investigation_release_changed", "investigationId": str(investigation_id)}
    return NewEvent("publication", None, investigation_id, body, key, (PUBLICATION,))


def doi_minted(dataset_ids: Sequence[int], key: str | None = None) -> NewEvent:
    body = {"type": "dataset_doi_minted", "datasetIds": [str(dataset_id) for dataset_id in dataset_ids]}
    return NewEvent("publication", dataset_ids[0] if dataset_ids else None, None, body, key, (PUBLICATION,))
