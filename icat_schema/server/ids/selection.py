"""Which datafiles are meant by ids of investigations, datasets and datafiles, as far as somebody may read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from icat_schema.server.ids.failures import IdsError, bad_request, not_found
from icat_schema.server.ids.portions import portions

_ID = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)

Ask = Callable[[str], Sequence[Any]]
"""Answers a query with rows, under the rights of somebody."""


@dataclass(frozen=True, slots=True)
class Datafile:
    """A datafile with a location; those without one are not the data service's business."""

    id: int
    name: str
    location: str
    size: int
    dataset: int


@dataclass(frozen=True, slots=True)
class Dataset:
    id: int
    name: str
    investigation_id: int
    investigation: str
    visit: str
    facility: str


@dataclass(frozen=True, slots=True)
class Ids:
    """What a caller names."""

    investigations: tuple[int, ...] = ()
    datasets: tuple[int, ...] = ()
    datafiles: tuple[int, ...] = ()

    @property
    def single_file(self) -> bool:
        """Only then the data are sent as they are; everything else could be more than one file."""
        return len(self.datafiles) == 1 and not self.datasets and not self.investigations


@dataclass(slots=True)
class Selection:
    """Datasets by their ids, and datafiles by theirs."""

    datasets: dict[int, Dataset] = field(default_factory=dict)
    datafiles: dict[int, Datafile] = field(default_factory=dict)

    def ordered(self) -> list[Datafile]:
        return [self.datafiles[id_] for id_ in sorted(self.datafiles)]

    def of(self, dataset: int) -> list[Datafile]:
        return [datafile for datafile in self.ordered() if datafile.dataset == dataset]


def read_ids(parameters: Mapping[str, str]) -> Ids:
    """The three lists of a call. Raises IdsError (BadRequestException)."""
    names = ("investigationIds", "datasetIds", "datafileIds")
    return Ids(*(_read_list(name, parameters.get(name)) for name in names))


def _read_list(name: str, text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    found = [part.strip() for part in text.split(",")]
    values = [int(part) for part in found if _ID.fullmatch(part)]
    if len(values) < len(found) or any(not -(2**63) <= value < 2**63 for value in values):
        shown = text if len(text) <= 100 else f"{text[:100]}…"
        raise bad_request(f"The {name} parameter '{shown}' is not a comma separated list of ids")
    return tuple(dict.fromkeys(values))


_EXISTING = "SELECT o.id FROM {entity} o WHERE o.id IN ({ids})"
_DATASET = (
    "SELECT ds.id, ds.name, i.id, i.name, i.visitId, f.name FROM Dataset ds "
    "JOIN ds.investigation i JOIN i.facility f WHERE {condition}"
)
_DATAFILE = (
    "SELECT df.id, df.name, df.location, df.fileSize, ds.id FROM Datafile df JOIN df.dataset ds "
    "WHERE df.location IS NOT NULL AND {condition}"
)


class Resolver:
    """Finds what is selected. `everything` answers without regard to rights: it only tells what is missing from what
    is denied. `window`: rows of one query."""

    def __init__(self, ask: Ask, everything: Ask, window: int) -> None:
        self._ask = ask
        self._everything = everything
        self._window = window

    def resolve(self, ids: Ids) -> Selection:
        """Raises IdsError: NotFoundException, InsufficientPrivilegesException for ids that lead nowhere."""
        found = Selection()
        found.datafiles.update(self._named(ids.datafiles))
        around = {datafile.dataset for datafile in found.datafiles.values()}
        self._complain("Dataset", around - self._add_datasets(found, "ds.id", around))
        self.must_exist("Investigation", ids.investigations)
        whole = self._add_datasets(found, "i.id", ids.investigations)
        direct = self._add_datasets(found, "ds.id", ids.datasets)
        self._complain("Dataset", set(ids.datasets) - direct)
        for portion in portions(whole | direct):
            for datafile in self._datafiles(f"ds.id IN ({_join(portion)})"):
                found.datafiles[datafile.id] = datafile
        return found

    def again(self, datasets: Collection[int], datafiles: Collection[int]) -> Selection:
        """What was resolved before. Raises IdsError (NotFoundException) if any of it has gone."""
        found = Selection()
        self._add_datasets(found, "ds.id", datasets)
        for portion in portions(datafiles):
            for datafile in self._datafiles(f"df.id IN ({_join(portion)})"):
                found.datafiles[datafile.id] = datafile
        if len(found.datafiles) < len(datafiles) or len(found.datasets) < len(datasets):
            raise not_found("Some of the data requested have been deleted")
        return found

    def size(self, ids: Ids) -> int:
        """Bytes of the selected datafiles, as the catalogue knows them."""
        kinds = {"Investigation": ids.investigations, "Dataset": ids.datasets, "Datafile": ids.datafiles}
        given = [(entity, values) for entity, values in kinds.items() if values]
        if len(given) != 1:
            return sum(datafile.size for datafile in self.resolve(ids).datafiles.values())
        ((entity, values),) = given
        self.must_exist(entity, values)
        path = {"Investigation": "df.dataset.investigation.id", "Dataset": "df.dataset.id", "Datafile": "df.id"}[entity]
        query = "SELECT SUM(df.fileSize) FROM Datafile df WHERE df.location IS NOT NULL AND {} IN ({})"
        sums = [self._ask(query.format(path, _join(portion))) for portion in portions(values)]
        return sum(int(value) for rows in sums for value in rows if value is not None)

    # Parts -----------------------------------------------------------------------------------------------------------

    def _named(self, ids: Collection[int]) -> Iterator[tuple[int, Datafile]]:
        for portion in portions(ids):
            missing = set(portion)
            for datafile in self._datafiles(f"df.id IN ({_join(portion)})"):
                missing.discard(datafile.id)
                yield datafile.id, datafile
            self.must_exist("Datafile", missing)  # what has no location exists all the same

    def _datafiles(self, condition: str) -> Iterator[Datafile]:
        last = 0
        query = _DATAFILE.format(condition=condition)
        while True:
            rows = self._ask(f"{query} AND df.id > {last} ORDER BY df.id LIMIT 0, {self._window}")
            for id_, name, location, size, dataset in rows:
                yield Datafile(id_, name, location, size or 0, dataset)
            if len(rows) < self._window:
                return
            last = rows[-1][0]

    def _add_datasets(self, found: Selection, key: str, ids: Collection[int]) -> set[int]:
        """Add the readable datasets with these ids, or of these investigations. Returns their ids."""
        added = set()
        for portion in portions(ids):
            last = 0
            query = _DATASET.format(condition=f"{key} IN ({_join(portion)})")
            while True:
                rows = self._ask(f"{query} AND ds.id > {last} ORDER BY ds.id LIMIT 0, {self._window}")
                for row in rows:
                    found.datasets[row[0]] = Dataset(*row)
                    added.add(row[0])
                if len(rows) < self._window:
                    break
                last = rows[-1][0]
        return added

    def must_exist(self, entity: str, ids: Collection[int]) -> None:
        """Raises IdsError: NotFoundException, InsufficientPrivilegesException."""
        for portion in portions(ids):
            readable = self._ask(_EXISTING.format(entity=entity, ids=_join(portion)))
            self._complain(entity, set(portion) - set(readable))

    def _complain(self, entity: str, missing: Collection[int]) -> None:
        """In ICAT's words: who may not read what is there is told so."""
        if not missing:
            return
        first = min(missing)
        if self._everything(_EXISTING.format(entity=entity, ids=first)):
            raise IdsError("InsufficientPrivilegesException", f"READ access to this {entity} is not allowed.")
        raise not_found(f"{entity}[id:{first}] not found.")


def _join(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))
