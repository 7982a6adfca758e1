"""The files of a dataset: those the message lists, else what lies in its folder. Adds, never deletes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from drac_plugins.core.inbox import stages as due_stages
from drac_plugins.core.links import linktable
from drac_plugins.core.links.records import Located
from drac_plugins.core.settings import Settings
from icat_schema.gateway import Change, New, Ref, Select
from icat_schema.gateway.conditions import Eq
from icat_schema.gateway.errors import ObjectExists
from ingest import memory
from ingest.competition import Origin
from ingest.dataset_stage import DatasetStage
from ingest.names import is_below, normalise_location, place
from ingest.plan import FILE_COUNT, VOLUME

logger = logging.getLogger(__name__)

BATCH = 500
_LONGEST = 255
_FORMATS = {"h5": "hdf5", "hdf": "hdf5", "nxs": "hdf5", "tif": "tiff", "jpg": "jpeg"}
_TYPE_FOLDERS = frozenset(
    ["RAW_DATA", "PROCESSED_DATA", "NOBACKUP", "SCRIPTS", "GALLERY", "NOTES", "raw", "processed", "_nobackup"]
)


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
    """What lies there. `count` and `size` are of everything, also of files beyond the limit or with too long paths."""

    files: list[Found] = field(default_factory=list)
    count: int = 0
    size: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A Datafile of the catalogue."""

    id: int
    size: int | None


class FileStage(DatasetStage):
    """Registers the files of a dataset."""

    step = "files"

    def run(self, dataset_id: int) -> None:
        """Register files and refresh the counts. Raises NotYet when the folder is not there (yet)."""
        with self._store.read() as connection:
            here = linktable.located(connection, [dataset_id]).get(dataset_id)
            origin = memory.origin_of(connection, dataset_id)
            if here is None:
                return
            nested = self._nested(linktable.lying_inside(connection, here.location_key, limit=10_000), here)
        listed = bool(origin and origin.listed)
        missing = self._folder(here) is None
        census = self._listed(here, origin) if origin and listed else self._discovered(here, nested)
        self._register(here, census)
        if missing and not listed and _walkable(here.location, self._settings):
            raise self._not_there(here.dataset_id, f"The folder {here.location} is not there, or cannot be read")

    # ---------------------------------------------------------------------------------------------------- disk

    def _folder(self, here: Located) -> Path | None:
        return self._disk.folder(here.location)

    def _nested(self, inside: Iterable[Located], here: Located) -> frozenset[str]:
        return frozenset(d.location_key[len(here.location_key) + 1 :] for d in inside)

    def _discovered(self, here: Located, nested: Iterable[str]) -> Census:
        census = Census()
        folder = self._folder(here)
        if folder is None:
            return census
        if not _walkable(here.location, self._settings):
            logger.warning("%s is no folder of one dataset; its files are not registered", here.location)
            return census
        try:
            for file in self._disk.walk(folder, frozenset(nested)):
                self._take(census, Found(file.name, f"{here.location}/{file.name}", file.size, file.modified))
        except OSError as error:
            raise self._not_there(here.dataset_id, f"{here.location}: {error.strerror}") from error
        return census

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

    def _register(self, here: Located, census: Census) -> None:
        present = {
            name: Row(row, size)
            for name, row, size in self._session.rows(
                Select("Datafile", ["name", "id", "fileSize"], where=Eq("dataset.id", here.dataset_id))
            )
        }
        formats = self._formats() if census.files else {}
        fresh = [f for f in census.files if f.name not in present]
        for batch in _batches(fresh):
            self._create(here.dataset_id, batch, formats)
        grown = [f for f in census.files if f.name in present and f.size not in (None, present[f.name].size)]
        for batch in _batches(grown):
            self._session.write([Change("Datafile", present[f.name].id, {"fileSize": f.size}) for f in batch])
        if census.left_out:
            logger.warning("%s: %d files are counted, but not registered", here.location, census.left_out)
        gone = present.keys() - {f.name for f in census.files}
        count = census.count + len(gone)
        size = census.size + sum(present[name].size or 0 for name in gone)
        self._show(here, {FILE_COUNT: str(count), VOLUME: str(size)})

    def _show(self, here: Located, wanted: Mapping[str, str]) -> None:
        """Write the counts where they differ. The sums of the session are asked for before, because nobody knows after
        a crash that there was a difference, and after, because they may have been made in between."""
        writes = self._parameter_writes(here.dataset_id, wanted)
        if writes:
            self._ask_for_sums(here)
            self._session.write(writes)
            self._ask_for_sums(here)

    def _ask_for_sums(self, here: Located) -> None:
        with self._store.begin() as connection:
            memory.want_sums(connection, here.investigation_id)
            due_stages.make_due(connection, [(here.dataset_id, "statistics")], self._now(), self._now())

    def _create(self, dataset_id: int, files: Sequence[Found], formats: Mapping[str, int]) -> None:
        types = self._types.get({name for f in files for name, _ in f.parameters})
        usable = {n: t.id for n, t in types.items() if "Datafile" in t.applicable and t.value_type == "STRING"}
        rows = [_datafile(dataset_id, file, formats, usable) for file in files]
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


def _walkable(location: str, settings: Settings) -> bool:
    """A root, a session or a data-type folder is never the folder of one dataset."""
    where = place(location, settings.ingest.data_roots)
    if where is None or location == where.session or location.rsplit("/", 1)[-1] in _TYPE_FOLDERS:
        return False
    return location.rstrip("/") not in {root.rstrip("/") for root in settings.ingest.data_roots}


def _batches(files: Sequence[Found]) -> Iterator[Sequence[Found]]:
    for first in range(0, len(files), BATCH):
        yield files[first : first + BATCH]
