"""Use cases of HDF5 files. Who may read the datafile may look into it; its links lead as far as the files of the same
dataset, and of the datasets that it was computed from, as far as the caller may read those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from drac_plugins.core.caches import Kept
from drac_plugins.core.errors import Invalid, NotFound
from drac_plugins.core.links.derive import INPUT_IDS
from drac_plugins.core.links.lists import read_ids
from drac_plugins.core.services import Services
from drac_plugins.core.settings import Section
from drac_plugins.h5grove.places import Places
from drac_plugins.h5grove.questions import Question
from drac_plugins.h5grove.readers import Readers, Told
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import And, Eq

_MOST_INPUTS = 200


class H5groveSettings(Section):
    """The table `[plugin.h5grove]`. Where files are, say `ingest.data_roots` and `ingest.path_map`."""

    most_bytes: int = Field(64 * 1024 * 1024, gt=0, description="of a dataset, read at once")


@dataclass(frozen=True, slots=True)
class Located:
    """Announced paths: of the file, and of the folders into which it may lead."""

    file: str
    folders: tuple[str, ...]


PLACES: Kept[Located] = Kept(
    "h5grove.places",
    "a viewer asks dozens of questions about one file, and where it is takes three calls each time",
    seconds=60,
    session_bytes=256 * 1024,
)


class Files:
    """HDF5 files of the catalogue, read by a process of their own."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._most_bytes = services.settings_of("h5grove", H5groveSettings).most_bytes
        self._places = Places(services.settings.ingest.data_roots, services.settings.ingest.path_map)
        self._readers = Readers()

    def ask(self, session: Session, kind: str, datafile_id: int, path: str, query: Mapping[str, Any]) -> Told:
        """What h5grove says of kind attr, data, meta or stats about the object at this path.

        Raises NotFound for a datafile that the session does not see, that is on no disk of this host, or without such
        an object; Invalid for what cannot be answered.
        """
        session.user_name()
        cache = self._services.caches.of(PLACES)
        located = cache.value(session.id, datafile_id, lambda: _located(session, datafile_id))
        file = self._places.on_disk(located.file)
        if file is None:
            raise NotFound(f"Datafile {datafile_id} is below none of ingest.data_roots, so it is not read here")
        folders = tuple(folder for folder in map(self._places.on_disk, located.folders) if folder)
        told = self._readers.ask(Question(kind, file, folders, path, dict(query), self._most_bytes))
        if told.status == 200:
            return told
        with told.content as content:
            text = f"Datafile {datafile_id}: {content.read().decode()}"
        raise NotFound(text) if told.status == 404 else Invalid(text)


def _located(session: Session, datafile_id: int) -> Located:
    columns = ["location", "dataset.id", "dataset.location"]
    rows = session.rows(Select("Datafile", columns, Eq("id", datafile_id)))
    if not rows or not rows[0][0]:
        raise NotFound(f"There is no datafile {datafile_id} with a location that you may see")
    file, dataset_id, folder = rows[0]
    listed = And(Eq("dataset.id", dataset_id), Eq("type.name", INPUT_IDS))
    texts = session.rows(Select("DatasetParameter", ["stringValue"], listed))
    inputs = [id_ for (text,) in texts for id_ in read_ids(text)][:_MOST_INPUTS]
    seen = session.rows_for(Select("Dataset", ["location"]), "id", inputs) if inputs else []
    return Located(file, tuple(dict.fromkeys(location for location in (folder, *(row[0] for row in seen)) if location)))
