"""POST and DELETE entityManager: lists of objects in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from icat_schema.server.entities.delete import Deleter
from icat_schema.server.entities.update import Updater
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.entities.work import Placed, Work
from icat_schema.server.entities.writer import Creator
from icat_schema.server.rest.requests import Change


def carry_out(work: Work, changes: Sequence[Change]) -> list[int]:
    """Change and create in order and return the ids of the created top-level objects.

    Neighbours that ask for the same kind of thing are done together, so that a long list costs a few statements.
    """
    ids: list[int] = []
    for _, batch in groupby(changes, key=_kind):
        together = list(batch)
        patches = [p for change in together for p in change.patches]
        Updater(work).patch(patches)
        Creator(work).create(list(_appended(patches)), nested_need_permission=True)
        creations = [c for change in together for c in change.creations]
        ids += Creator(work).create(creations, nested_need_permission=True)
    return ids


def remove(work: Work, references: Sequence[Placed]) -> None:
    Deleter(work).delete(references)


def _kind(change: Change) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (
        tuple(p.value.entity.name for p in change.patches),
        tuple(c.value.entity.name for c in change.creations),
    )


def _appended(patches: Sequence[Placed]) -> Iterator[Placed]:
    """The objects in to-many lists of changed objects, with their owner filled in."""
    for placed in patches:
        for relation, child in placed.value.children():
            many = placed.value.entity.to_many(relation)
            assert many is not None, "lists are read by the entity's own relations"
            child.one[many.inverse] = EntityValue(placed.value.entity, {"id": placed.value.id})
            yield Placed(child, placed.offset)
