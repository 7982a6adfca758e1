"""Catalogue, facade and ingester together, as producers and readers of a facility find them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drac_plugins.catalogue.plugin import plugin as catalogue_plugin
from drac_plugins.core.links.repair import Repair
from drac_plugins.core.links.writing import Links, LinkSettings
from drac_plugins.core.plugins import Plugin
from drac_plugins.core.storage import Store
from drac_plugins.dataacquisition.plugin import plugin as acquisition_plugin
from drac_plugins.session.plugin import plugin as session_plugin
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import Eq
from ingest.reference import prepare as prepare_catalogue
from tests.support.catalogue import start_catalogue
from tests.support.facade import RunningFacade, running_facade
from tests.support.ingester import IngesterProcess

PLUGINS: tuple[Plugin, ...] = (session_plugin, catalogue_plugin, acquisition_plugin)


@dataclass
class Chain:
    """The facility of the demonstration. `data` stands for `/data` on disk: announced locations below `/data/visitor`
    are read there."""

    facade: RunningFacade
    ingester: IngesterProcess
    data: Path

    @property
    def broker(self) -> str:
        """Of our own listener."""
        return f"127.0.0.1:{self.ingester.port}"

    def folder(self, location: str) -> Path:
        """The folder on disk of an announced location, made."""
        found = self.data / location.removeprefix("/data/")
        found.mkdir(parents=True, exist_ok=True)
        return found

    def dataset(
        self, location: str, *, seconds: float = 60.0, until: Callable[[dict[str, Any]], bool] | None = None
    ) -> Any:
        """Facts of the dataset at this location, as soon as it is registered (and fulfils the condition)."""
        end = time.monotonic() + seconds
        while True:
            found = self._dataset(location)
            if found is not None and (until is None or until(found)):
                return found
            assert time.monotonic() < end, (
                f"nothing (or not enough) at {location}: {found}\n{self.ingester.log[-3000:]}"
            )
            time.sleep(0.1)

    def _dataset(self, location: str) -> dict[str, Any] | None:
        root = self.facade.root
        rows = root.rows(Select("Dataset", ["id", "name", "type.name", "investigation.name"], Eq("location", location)))
        if not rows:
            return None
        assert len(rows) == 1, f"{len(rows)} datasets at {location}"
        id_, name, kind, investigation = rows[0]
        parameters = root.rows(Select("DatasetParameter", ["type.name", "stringValue"], Eq("dataset.id", id_)))
        return {"id": id_, "name": name, "type": kind, "investigation": investigation, **dict(parameters)}

    def job_of(self, dataset_id: int) -> tuple[str, str]:
        """Name and version of the Application of the one Job that made a dataset."""
        where = Eq("outputDataCollection.dataCollectionDatasets.dataset.id", dataset_id)
        (job,) = self.facade.root.rows(Select("Job", ["application.name", "application.version"], where))
        return job

    def investigation(self, name: str) -> int:
        """Id of the session of a proposal that has only one."""
        ((id_,),) = self.facade.root.rows(Select("Investigation", ["id"], Eq("name", name)))
        return int(id_)

    def wait(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.ingester.log[-3000:]
            time.sleep(0.1)

    def link_faults(self) -> list[str]:
        """What `drac links repair --check` finds."""
        settings = self.ingester.settings
        store = Store(settings.store.url)
        wanted = LinkSettings.of(settings)
        try:
            return [str(finding) for finding in Repair(Links(self.facade.root, store, wanted)).check()]
        finally:
            store.close()


@contextmanager
def running_chain(
    folder: Path, plugins: tuple[Plugin, ...] | None = PLUGINS, environment: Mapping[str, str] | None = None
) -> Iterator[Chain]:
    """Everything on free ports; the facade and the ingester share a store. `plugins`: None for all that there are."""
    server = start_catalogue(folder / "icat")
    data = folder / "data"
    data.mkdir()
    store = f"sqlite:///{folder / 'store.sqlite'}"
    ingester = IngesterProcess(
        folder / "var",
        {
            "DRAC_ICAT__URL": server.url,
            "DRAC_STORE__URL": store,
            "DRAC_INGEST__PATH_MAP": f'{{ "/data" = "{data}" }}',
            "DRAC_INGEST__SUMS_PAUSE_SECONDS": "0",
            **(environment or {}),
        },
    )
    try:
        with running_facade(server, folder / "facade", plugins, {"store": {"url": store}}) as facade:
            prepare_catalogue(facade.root, "ESRF", investigation_types=("MX",))
            with ingester:
                yield Chain(facade, ingester, data)
    finally:
        server.stop()
