"""What the data service does, whatever the wire."""

from __future__ import annotations

import errno
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import IO, Any, BinaryIO, Literal

from sqlalchemy import select

from icat_schema.definitions import schema
from icat_schema.server.caller import Caller
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.ids.failures import IdsError, not_found, not_implemented, not_online
from icat_schema.server.ids.folders import Folder
from icat_schema.server.ids.levels import Levels, Place, Unplaced
from icat_schema.server.ids.links import Links
from icat_schema.server.ids.locks import DatasetLocks
from icat_schema.server.ids.portions import portions
from icat_schema.server.ids.prepared import Prepared, PreparedSelections
from icat_schema.server.ids.selection import Datafile, Ids, Resolver, Selection
from icat_schema.server.ids.settings import DataSettings
from icat_schema.server.ids.tasks import Request, Tasks
from icat_schema.server.ids.uploads import Stored, Upload, datafile, store
from icat_schema.server.ids.worker import Worker
from icat_schema.server.service import Service
from icat_schema.server.store.engine import reading
from icat_schema.server.store.tables import table

READER = "server/ids"
"""In whose name the service looks for what is not the caller's question; it may read everything."""

WINDOW = 5_000
"""Rows of one query, at most."""

NO_SPACE = {errno.ENOSPC, errno.EDQUOT}

Status = Literal["ONLINE", "RESTORING", "ARCHIVED"]


class DataService:
    """The files of one catalogue. Thread-safe. `start` it before use, `close` it at the end."""

    def __init__(self, catalogue: Service, settings: DataSettings) -> None:
        self.catalogue = catalogue
        self.settings = settings
        self.levels = Levels(settings)
        self.tasks = Tasks(catalogue.engine)
        self.locks = DatasetLocks()
        self.zips = threading.BoundedSemaphore(max(min(settings.zips_at_once, catalogue.settings.threads // 2), 1))
        self._prepared = PreparedSelections(catalogue.engine, settings.prepared_days)
        self._links = Links(settings.links, settings.link_hours) if settings.links else None
        worker = partial(Worker, self.tasks, self.levels, self.locks, self._places_of)
        self._worker = worker() if settings.two_levels else None

    def start(self) -> None:
        if self._worker is not None:
            self._worker.start()

    def close(self) -> None:
        if self._worker is not None:
            self._worker.stop()

    # Selections ------------------------------------------------------------------------------------------------------

    def resolver(self, session_id: str | None) -> Resolver:
        """Under the rights of a session; without one, of the service itself."""
        everything = partial(self._rows_as, self._reader())
        ask = everything if session_id is None else partial(self._rows, session_id)
        return Resolver(ask, everything, min(WINDOW, self.catalogue.settings.max_entities))

    def select(self, session_id: str, ids: Ids) -> Selection:
        """Raises IdsError, IcatError (SESSION)."""
        self.catalogue.caller(session_id)
        return self.resolver(session_id).resolve(ids)

    def prepared(self, prepared_id: str) -> tuple[Prepared, Selection]:
        """Raises IdsError (NotFoundException)."""
        found = self._prepared.get(prepared_id)
        return found, self.resolver(None).again(found.datasets, found.datafiles)

    def prepare(self, session_id: str, ids: Ids, *, zipped: bool, compress: bool) -> str:
        """Keep the selection for whoever is told its id, and bring it online."""
        selection = self.select(session_id, ids)
        content = Prepared(
            tuple(sorted(selection.datasets)),
            tuple(sorted(selection.datafiles)),
            zipped or not ids.single_file,
            compress,
        )
        self.tasks.reset(selection.datasets)
        self._restore_offline(selection)
        return self._prepared.add(content, self.catalogue.now())

    # Levels ----------------------------------------------------------------------------------------------------------

    def status(self, selection: Selection) -> Status:
        """Raises IdsError (InternalException) for what could not be restored."""
        states = set(self._states(selection, complain=True).values())
        return "ARCHIVED" if "ARCHIVED" in states else "RESTORING" if "RESTORING" in states else "ONLINE"

    def is_prepared(self, selection: Selection) -> bool:
        """Whether everything is online. What is not is brought back."""
        self.status(selection)
        return not self._restore_offline(selection)

    def request(self, selection: Selection, request: Request) -> None:
        """Have the datasets moved. Nothing happens where there is only one level."""
        if self._worker is None:
            return
        if request == "RESTORE":
            self.tasks.reset(selection.datasets)
        self.tasks.ask(list(selection.datasets), request, self.catalogue.now())
        self._worker.wake()

    def reset(self, selection: Selection) -> None:
        self.tasks.reset(selection.datasets)

    def must_be_online(self, selection: Selection) -> None:
        """Raises IdsError (DataNotOnlineException); what is not online is brought back."""
        if self._restore_offline(selection):
            raise not_online(
                "Before putting, getting or deleting a datafile, its dataset has to be restored; this is requested now"
            )

    def _restore_offline(self, selection: Selection) -> bool:
        """Whether anything is not online; it will be, if nothing else has been asked for it."""
        states = self._states(selection, complain=False)
        offline = {id_ for id_, state in states.items() if state != "ONLINE"}
        idle = offline - {id_ for id_, task in self.tasks.of(offline).items() if task.request is not None}
        if idle and self._worker is not None:
            self.tasks.ask(idle, "RESTORE", self.catalogue.now())
            self._worker.wake()
        return bool(offline)

    def _states(self, selection: Selection, *, complain: bool) -> dict[int, Status]:
        """The status of each dataset: by what is asked for it, otherwise by where its files are."""
        if self._worker is None:
            return {}
        known = self.tasks.of(selection.datasets)
        states: dict[int, Status] = {}
        for id_, task in known.items():
            if complain and task.failure is not None:
                raise IdsError("InternalException", f"Restore failed for dataset {id_}: {task.failure}")
            if task.request in ("ARCHIVE", "RESTORE"):
                states[id_] = "ARCHIVED" if task.request == "ARCHIVE" else "RESTORING"
        for found in selection.datafiles.values():
            if found.dataset not in states and not self._is_online(found):
                states[found.dataset] = "ARCHIVED"
        return states

    def _is_online(self, found: Datafile) -> bool:
        """What is not below the folders of this service is none of its business."""
        try:
            return self.levels.place(found.location).exists()
        except Unplaced:
            return True

    # Files -----------------------------------------------------------------------------------------------------------

    def place(self, found: Datafile) -> Place:
        """Raises IdsError (NotFoundException)."""
        try:
            return self.levels.place(found.location)
        except Unplaced:
            raise not_found(f"The location of datafile {found.id} is not below the folders of this service") from None

    def open(self, found: Datafile) -> BinaryIO:
        """Raises IdsError (NotFoundException)."""
        try:
            return self.place(found).open()
        except OSError:
            raise not_found(f"The file of datafile {found.id} is not there") from None

    @contextmanager
    def online(self, selection: Selection) -> Iterator[None]:
        """Everything is online, and nothing is taken away until the end. Raises IdsError (DataNotOnlineException)."""
        with self.locks.shared(list(selection.datasets)):
            self.must_be_online(selection)
            yield

    def put(self, session_id: str, upload: Upload, body: IO[bytes]) -> tuple[int, Stored]:
        """Store the file and create its Datafile, both or none. Returns the Datafile's id."""
        uploads = self._writable()
        caller = self.catalogue.caller(session_id)
        dataset = self.select(session_id, Ids(datasets=(upload.dataset,)))
        self.resolver(session_id).must_exist("DatafileFormat", (upload.datafile_format,))
        with self.online(dataset), _enough_space():
            stored = store(body, uploads, dataset.datasets[upload.dataset])
            try:
                id_ = self.catalogue.create(caller, datafile(upload, stored))
            except BaseException:
                uploads.remove(stored.parts)
                raise
        if self._worker is not None:
            self.request(dataset, "WRITE")
        return id_, stored

    def delete(self, session_id: str, ids: Ids) -> None:
        """Delete the datafiles from the catalogue, as far as the caller may, then the files that nobody else needs."""
        self._writable()
        caller = self.catalogue.caller(session_id)
        selection = self.select(session_id, ids)
        with self.locks.exclusive(list(selection.datasets)):
            self.must_be_online(selection)
            entity = schema().entities["Datafile"]
            self.catalogue.delete(caller, [EntityValue(entity, {"id": id_}) for id_ in sorted(selection.datafiles)])
            self._remove_files(selection.datafiles.values())

    def get_link(self, session_id: str, datafile_id: int, user_name: str) -> str:
        """Raises IdsError, OSError."""
        if self._links is None:
            raise not_implemented("getLink is not available: this service has no folder for links")
        selection = self.select(session_id, Ids(datafiles=(datafile_id,)))
        if datafile_id not in selection.datafiles:
            raise not_found(f"Datafile {datafile_id} has no location")
        with self.online(selection):
            found = selection.datafiles[datafile_id]
            self.open(found).close()
            return str(self._links.make(self.place(found), user_name))

    def work_in_progress(self, session_id: str) -> Mapping[str, Any]:
        """For root users: what is asked, locked, and failed."""
        caller = self.catalogue.caller(session_id)
        if not caller.is_root:
            raise IdsError("InsufficientPrivilegesException", f"{caller.user_name} is not in rootUserNames")
        known = self.tasks.all()
        held = self.locks.held()
        return {
            "opsQueue": [
                {"data": f"dataset {task.dataset}", "request": f"{task.request}_REQUESTED"}
                for task in known
                if task.request is not None
            ],
            "lockCount": len(held),
            "locks": [{"id": id_, "type": kind, "count": count} for id_, kind, count in held],
            "failures": [task.dataset for task in known if task.failure is not None],
        }

    # Parts -----------------------------------------------------------------------------------------------------------

    def _writable(self) -> Folder:
        if self.settings.refuses_writes or self.levels.uploads is None:
            raise not_implemented("This operation has been configured to be unavailable")
        return self.levels.uploads

    def _remove_files(self, datafiles: Collection[Datafile]) -> None:
        """A crash before this leaves files without datafiles, never datafiles without files.

        A location that is spelled in an unusual way names a file that others may have under its plain name: it stays.
        """
        places = {place.location: place for place in self._placed(datafiles) if place.is_plain}
        for portion in portions(places):
            for location in set(portion) - self._still_used(portion):
                self.levels.remove(places[location])

    def _still_used(self, locations: Sequence[str]) -> set[str]:
        column = table("Datafile").c.location
        with reading(self.catalogue.engine) as connection:
            return set(connection.execute(select(column).where(column.in_(locations))).scalars())

    def _places_of(self, dataset: int) -> list[Place]:
        """All files of a dataset, as far as they are this service's business."""
        try:
            selection = self.resolver(None).resolve(Ids(datasets=(dataset,)))
        except IdsError:  # deleted meanwhile
            return []
        return list({place.location: place for place in self._placed(selection.ordered())}.values())

    def _placed(self, datafiles: Iterable[Datafile]) -> Iterator[Place]:
        for found in datafiles:
            with suppress(Unplaced):
                yield self.levels.place(found.location)

    def _reader(self) -> Caller:
        return Caller(READER, is_root=True, now=self.catalogue.now())

    def _rows(self, session_id: str, query: str) -> list[Any]:
        with self.catalogue.search(session_id, query) as found:
            return list(found.rows)

    def _rows_as(self, caller: Caller, query: str) -> list[Any]:
        with self.catalogue.search_as(caller, query) as found:
            return list(found.rows)


@contextmanager
def _enough_space() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise IdsError("InsufficientStorageException", "There is no space left for this file") from error
        raise
