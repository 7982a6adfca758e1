"""A server with a data service, a small facility in it, and people with their rights."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from icat.ids import DataSelection, IDSClient

from tests.server.wire.raw import RestCalls
from tests.support.catalogue import RunningCatalogue

SECONDS = 30
PREFIX = "/data/visitor"

TEAM = "JOIN {i}.investigationUsers iu JOIN iu.user u WHERE u.name = :user"
SCIENTIST = (
    "JOIN {i}.investigationInstruments ii JOIN ii.instrument n JOIN n.instrumentScientists s JOIN s.user u "
    "WHERE u.name = :user"
)
TO_INVESTIGATION = {
    "Investigation": "SELECT o FROM Investigation o {rest}",
    "Dataset": "SELECT o FROM Dataset o JOIN o.investigation i {rest}",
    "Datafile": "SELECT o FROM Datafile o JOIN o.dataset d JOIN d.investigation i {rest}",
}
PUBLIC = ("Facility", "DatasetType", "DatafileFormat", "InvestigationType")


@dataclass
class Ground:
    """What the tests stand on. `raw` is the folder behind PREFIX."""

    server: RunningCatalogue
    root: RestCalls
    folder: Path
    investigation: int
    dataset_type: int
    datafile_format: int

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def url(self) -> str:
        return f"{self.server.url}/ids"

    def session(self, user: str) -> str:
        return self.root.session_id if user == "root" else RestCalls.login(self.server.rest_url, user).session_id

    def ids(self, user: str = "root") -> Any:
        return IDSClient(self.url, self.session(user))

    def dataset(self, files: dict[str, bytes], name: str = "") -> Data:
        """A dataset whose files are below PREFIX, in a folder of their own."""
        name = name or f"ds-{uuid4()}"
        (dataset,) = self.root.write(
            {
                "Dataset": {
                    "name": name,
                    "investigation": {"id": self.investigation},
                    "type": {"id": self.dataset_type},
                }
            }
        )
        data = Data(dataset, name, {}, {})
        for file, content in files.items():
            self.add(data, file, content)
        return data

    def add(self, data: Data, file: str, content: bytes, location: str = "") -> int:
        path = self.raw / str(data.dataset) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        (id_,) = self.root.write(
            {
                "Datafile": {
                    "name": file,
                    "location": location or f"{PREFIX}/{data.dataset}/{file}",
                    "fileSize": len(content),
                    "dataset": {"id": data.dataset},
                }
            }
        )
        data.ids[file] = id_
        data.files[file] = content
        return id_

    def get(self, path: str, user: str = "root", headers: dict[str, str] | None = None, **query: Any) -> Any:
        """A call without python-icat's classes, for what these do not show."""
        parameters = {"sessionId": self.session(user), **query}
        return requests.get(f"{self.url}/{path}", parameters, headers=headers, timeout=SECONDS)

    def raw_files(self, data: Data) -> dict[str, bytes]:
        """What is in the main storage of a dataset, whatever the catalogue says."""
        folder = self.raw / str(data.dataset)
        return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}

    def archived_files(self, data: Data) -> dict[str, bytes]:
        folder = self.folder / "archive" / "absolute" / PREFIX.strip("/") / str(data.dataset)
        if not folder.exists():
            return {}
        return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}

    def datafile_exists(self, id_: int) -> bool:
        return bool(self.root.search(f"SELECT d.id FROM Datafile d WHERE d.id = {id_}"))


@dataclass
class Data:
    """A dataset: ids and contents of its files by their names."""

    dataset: int
    name: str
    ids: dict[str, int]
    files: dict[str, bytes]

    @property
    def selection(self) -> Any:
        return DataSelection({"datasetIds": [self.dataset]})

    def one(self, name: str) -> Any:
        return DataSelection({"datafileIds": [self.ids[name]]})


def unzip(content: bytes) -> dict[str, bytes]:
    """Contents by the last part of the names."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}


def wait_until(reached: Callable[[], bool], seconds: float = SECONDS) -> None:
    limit = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < limit, "waited too long"
        time.sleep(0.02)


def set_up(server: RunningCatalogue, folder: Path) -> Ground:
    """ada is principal investigator, bo in the team, cy the instrument scientist, dee a stranger."""
    root = RestCalls.login(server.rest_url, "root")
    (facility,) = root.write({"Facility": {"name": "ESRF / test"}})
    here = {"facility": {"id": facility}}
    kind, dataset_type, datafile_format, instrument = root.write(
        [
            {"InvestigationType": {"name": "experiment", **here}},
            {"DatasetType": {"name": "raw", **here}},
            {"DatafileFormat": {"name": "HDF5", "version": "1", **here}},
            {"Instrument": {"name": "ID00", **here}},
        ]
    )
    ada, bo, cy = root.write([{"User": {"name": f"simple/{name}"}} for name in ("ada", "bo", "cy")])
    (investigation,) = root.write(
        {
            "Investigation": {
                "name": "MA-1",
                "visitId": "id00",
                "title": "test",
                "type": {"id": kind},
                "investigationInstruments": [{"instrument": {"id": instrument}}],
                "investigationUsers": [
                    {"user": {"id": ada}, "role": "Principal investigator"},
                    {"user": {"id": bo}, "role": "Participant"},
                ],
                **here,
            }
        }
    )
    root.write({"InstrumentScientist": {"instrument": {"id": instrument}, "user": {"id": cy}}})
    root.write([{"Rule": rule} for rule in _rules()])
    return Ground(server, root, folder, investigation, dataset_type, datafile_format)


def _rules() -> list[dict[str, str]]:
    rules = [{"crudFlags": "R", "what": f"SELECT o FROM {entity} o"} for entity in PUBLIC]
    for entity, text in TO_INVESTIGATION.items():
        start = "o" if entity == "Investigation" else "i"
        conditions = (condition.format(i=start) for condition in (TEAM, SCIENTIST))
        rules += [{"crudFlags": "R", "what": text.format(rest=condition)} for condition in conditions]
    leader = TEAM.format(i="i") + " AND iu.role = 'Principal investigator'"
    rules.append({"crudFlags": "CD", "what": TO_INVESTIGATION["Datafile"].format(rest=leader)})
    rules.append({"crudFlags": "C", "what": TO_INVESTIGATION["Datafile"].format(rest=SCIENTIST.format(i="i"))})
    return rules
