"""The files of a dataset: those the message lists, else what lies in its folder. Adds, never deletes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from drac_plugins.core.inbox import stages as due_stages
from drac_plugins.core.links import linktable
from drac_plugins.core.links.records import Located
from icat_schema.gateway import Change, New, Ref, Select
from icat_schema.gateway.errors import ObjectExists
from ingest import memory
from ingest.competition import Origin
from ingest.dataset_stage import DatasetStage
from ingest.folders import holds_many
from ingest.names import is_below, normalise_location, place, proposal_key
from ingest.outcome import NotYet
from ingest.plan import FILE_COUNT, VOLUME

logger = logging.getLogger(__name__)

BATCH = 500
_LONGEST = 255
_FORMATS = {"h5": "hdf5", "hdf": "hdf5", "nxs": "hdf5", "tif": "tiff", "jpg": "jpeg"}


@dataclass(frozen=True, slots=True)
class Found:
    """A file to register. `parameters`: as the message gives them."""

    name: str
    location: str
    size: int | None
    modified: datetime | None = None
    parameters: Sequence[tuple[str, str]] = ()


@dataclass(slots=True)
class Census:
    """What lies there. `count` and `size` are of everything, also of files beyond the limit or with too long paths.
    `closed`: what cannot be read (yet)."""

    files: list[Found] = field(default_factory=list)
    count: int = 0
    size: int = 0
    left_out: int = 0
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A Datafile of the catalogue."""

    id: int
    size: int | None


@dataclass(slots=True)
class _Work:
    """One dataset. `nested`: folders in it that are datasets of their own; `origin`: when its files are listed."""

    here: Located
    nested: frozenset[str]
    origin: Origin | None
    census: Census = field(default_factory=Census)


class FileStage(DatasetStage):
    """Registers the files of datasets."""

    step = "files"

    def run(self, dataset_id: int) -> None:
        """Register files and refresh the counts. Raises NotYet when not everything is there (yet)."""
        work = self._inspect([dataset_id])
        self._register(list(work.values()))
        for one in work.values():
            if complaint := self._complaint(one):
                raise complaint

    def run_together(self, dataset_ids: Sequence[int]) -> dict[int, NotYet | None]:
        """The same for several datasets in few calls: what is finished, and what has to be tried again. Large ones are
        left to be run alone, after the others."""
        work = self._inspect(dataset_ids)
        small = [one for one in work.values() if len(one.census.files) <= BATCH]
        self._register(small)
        finished: dict[int, NotYet | None] = {key: None for key in dataset_ids if key not in work}
        for one in small:
            finished[one.here.dataset_id] = self._complaint(one)
        return finished

    def _inspect(self, dataset_ids: Sequence[int]) -> dict[int, _Work]:
        """What lies on disk, or what the messages list."""
        found: dict[int, _Work] = {}
        with self._store.read() as connection:
            for key, here in linktable.located(connection, dataset_ids).items():
                origin = memory.origin_of(connection, key)
                nested = self._nested(linktable.lying_inside(connection, here.location_key, limit=10_000), here)
                found[key] = _Work(here, nested, origin if origin and origin.listed else None)
        for one in found.values():
            one.census = self._listed(one.here, one.origin) if one.origin else self._discovered(one)
        return found

    def _complaint(self, one: _Work) -> NotYet | None:
        if one.origin is not None or not one.census.closed:
            return None
        return self._not_there(one.here.dataset_id, f"{one.here.location}: {one.census.closed} cannot be read")

    # ---------------------------------------------------------------------------------------------------- disk

    def _nested(self, inside: Iterable[Located], here: Located) -> frozenset[str]:
        return frozenset(d.location_key[len(here.location_key) + 1 :] for d in inside)

    def _discovered(self, one: _Work) -> Census:
        census, location = Census(), one.here.location
        if holds_many(location, self._settings.ingest.data_roots):
            logger.warning("%s is no folder of one dataset; its files are not registered", location)
            return census
        folder = self._disk.folder(location)
        if folder is None:
            census.closed = "the folder is not there, or"
            return census
        closed: list[str] = []
        try:
            for file in self._disk.walk(folder, one.nested, closed=closed, admitted=self._of_proposal(location)):
                self._take(census, Found(file.name, f"{location}/{file.name}", file.size, file.modified))
        except OSError as error:
            closed.append(str(error.strerror))
        if closed:
            logger.warning("%s: files in %s cannot be read; they are looked for again", location, closed[0])
            census.closed = closed[0]
        return census

    def _of_proposal(self, location: str) -> Callable[[str], bool]:
        """What a link in the dataset may lead to: not to what belongs to another proposal."""
        roots = self._settings.ingest.data_roots
        mine = place(location, roots)
        own = proposal_key((mine.proposal if mine else None) or "")

        def admitted(target: str) -> bool:
            there = place(target, roots)
            return there is not None and (there.proposal is None or proposal_key(there.proposal) == own)

        return admitted

    def _take(self, census: Census, file: Found) -> None:
        census.count += 1
        census.size += file.size or 0
        storable = len(file.name) <= _LONGEST and len(file.location) <= _LONGEST
        if storable and len(census.files) < self._settings.ingest.max_files_per_dataset:
            census.files.append(file)
        else:
            census.left_out += 1

    def _listed(self, here: Located, origin: Origin) -> Census:
        census = Census()
        for item in origin.listed:
            sent = str(item["location"])
            path = normalise_location(
                sent if sent.startswith("/") else f"{here.location}/{sent}", self._settings.ingest.mount_prefixes
            )
            if not is_below(path, here.location) or path == here.location:
                logger.warning("listed file %s does not lie in its dataset %s; left out", sent, here.location)
                continue
            on_disk = self._disk.path(path)
            stat = self._disk.status(on_disk) if on_disk else None
            size = item["size"] if item["size"] is not None else (stat.st_size if stat else None)
            modified = datetime.fromtimestamp(stat.st_mtime, UTC) if stat else None
            parameters = [(str(name), str(value)) for name, value in item["parameters"]]
            self._take(census, Found(path[len(here.location) + 1 :], path, size, modified, parameters))
        return census

    # ----------------------------------------------------------------------------------------------- catalogue

    def _register(self, work: Sequence[_Work]) -> None:
        """Files that are new or have grown, then the counts; all datasets in the same calls."""
        present = self._present([one.here.dataset_id for one in work])
        formats = self._formats() if any(one.census.files for one in work) else {}
        fresh = [(one, f) for one in work for f in one.census.files if (one.here.dataset_id, f.name) not in present]
        for batch in _batches(fresh):
            self._create(batch, formats)
        changes = [
            Change("Datafile", row.id, {"fileSize": f.size})
            for one in work
            for f in one.census.files
            if (row := present.get((one.here.dataset_id, f.name))) and f.size not in (None, row.size)
        ]
        for part in _batches(changes):
            self._session.write(part)
        for one in work:
            if one.census.left_out:
                text = "%s: %d files are counted, but not registered"
                logger.warning(text, one.here.location, one.census.left_out)
        self._show([(one.here, self._counts(one, present)) for one in work])

    def _present(self, dataset_ids: Sequence[int]) -> dict[tuple[int, str], Row]:
        query = Select("Datafile", ["dataset.id", "name", "id", "fileSize"])
        rows = self._session.rows_for(query, "dataset.id", dataset_ids) if dataset_ids else []
        return {(dataset_id, name): Row(row, size) for dataset_id, name, row, size in rows}

    def _counts(self, one: _Work, present: Mapping[tuple[int, str], Row]) -> dict[str, str]:
        """Files that have gone from the disk still count."""
        here = {f.name for f in one.census.files}
        gone = [r for (key, name), r in present.items() if key == one.here.dataset_id and name not in here]
        size = one.census.size + sum(row.size or 0 for row in gone)
        return {FILE_COUNT: str(one.census.count + len(gone)), VOLUME: str(size)}

    def _show(self, wanted: Sequence[tuple[Located, Mapping[str, str]]]) -> None:
        """Write the counts where they differ. The sums of the session are asked for before, because nobody knows after
        a crash that there was a difference, and after, because they may have been made in between."""
        writes = self._writes_of({here.dataset_id: counts for here, counts in wanted})
        if writes:
            concerned = [here for here, _ in wanted if here.dataset_id in writes]
            self._ask_for_sums(concerned)
            self._session.write([write for some in writes.values() for write in some])
            self._ask_for_sums(concerned)

    def _ask_for_sums(self, datasets: Sequence[Located]) -> None:
        by_session = {here.investigation_id: here.dataset_id for here in datasets}
        with self._store.begin() as connection:
            for investigation_id in sorted(by_session):
                memory.want_sums(connection, investigation_id)
            due = [(dataset_id, "statistics") for dataset_id in by_session.values()]
            due_stages.make_due(connection, due, self._now(), self._now())

    def _create(self, files: Sequence[tuple[_Work, Found]], formats: Mapping[str, int]) -> None:
        types = self._types.get({name for _, f in files for name, _ in f.parameters})
        usable = {n: t.id for n, t in types.items() if "Datafile" in t.applicable and t.value_type == "STRING"}
        rows = [_datafile(one.here.dataset_id, file, formats, usable) for one, file in files]
        try:
            self._session.write(rows)
        except ObjectExists:
            for row in rows:
                self._create_one(row)

    def _create_one(self, row: New) -> None:
        try:
            self._session.write([row])
        except ObjectExists:
            logger.info("%s has been registered meanwhile", row.fields["location"])

    def _formats(self) -> Mapping[str, int]:
        rows = self._session.rows(Select("DatafileFormat", ["name", "id"], order=[("id", "DESC")]))
        return {name.casefold(): row for name, row in rows}


def _datafile(dataset_id: int, file: Found, formats: Mapping[str, int], types: Mapping[str, int]) -> New:
    extension = file.name.rsplit(".", 1)[-1].casefold() if "." in file.name else ""
    format_id = formats.get(extension) or formats.get(_FORMATS.get(extension, ""))
    parameters = [
        New("DatafileParameter", {"type": Ref(types[name]), "stringValue": value})
        for name, value in dict(file.parameters).items()
        if name in types and value
    ]
    return New(
        "Datafile",
        {
            "dataset": Ref(dataset_id),
            "name": file.name,
            "location": file.location,
            "fileSize": file.size,
            "datafileModTime": file.modified,
            "datafileFormat": Ref(format_id) if format_id else None,
            "parameters": parameters,
        },
    )


_T = TypeVar("_T")


def _batches(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for first in range(0, len(items), BATCH):
        yield items[first : first + BATCH]
