"""The facade before a catalogue with raw and processed data, some of them hidden from ada."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from drac_plugins.displays.plugin import plugin as displays_plugin
from drac_plugins.processed.plugin import plugin as processed_plugin
from drac_plugins.session.plugin import plugin as session_plugin
from icat_schema.gateway import New, Ref, Select
from icat_schema.gateway.conditions import Eq
from tests.catalogue.seed import Facility, Seeder, seed
from tests.support.catalogue import RunningCatalogue, start_catalogue
from tests.support.facade import RunningFacade, running_facade


@dataclass
class World:
    """`mixed` was computed from a dataset of ada's and from one that only dee may see."""

    facade: RunningFacade
    facility: Facility
    seeder: Seeder
    mixed: int

    def lineage(self, dataset_id: int, user: str | None = "ada", accept: str | None = None, **query: Any) -> Any:
        headers = {"Accept": accept} if accept else {}
        path = f"/processed/{dataset_id}/lineage"
        return self.facade.request("GET", path, user, params=query, headers=headers)


@pytest.fixture(scope="session")
def icat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCatalogue]:
    server = start_catalogue(tmp_path_factory.mktemp("icat"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def world(icat: RunningCatalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    plugins = (session_plugin, displays_plugin, processed_plugin)
    with running_facade(icat, tmp_path_factory.mktemp("facade"), plugins) as facade:
        facility = seed(facade.root)
        seeder = Seeder(facade.root)
        seeder.parameter_types(["Process_program", "Process_version", "input_datasets"])
        (mixed,) = seeder.datasets(
            facility.apple,
            None,
            [
                {
                    "name": "mixed",
                    "type": "processed",
                    "values": {"Process_program": "xds <&> é", "Process_version": "1.2"},
                }
            ],
        )
        seeder.job([facility.raw[0], facility.other_raw], mixed)
        kind = seeder.id("ParameterType", "input_datasetIds")
        both = f"{facility.raw[0]} {facility.other_raw}"  # as the ingester writes it, whoever may read what
        facade.root.write([New("DatasetParameter", {"dataset": Ref(mixed), "type": Ref(kind), "stringValue": both})])
        yield World(facade, facility, seeder, mixed)


@pytest.fixture(scope="session")
def chain(world: World) -> list[int]:
    """Twelve datasets, each computed from the one before."""
    ids = world.seeder.datasets(world.facility.apple, None, [{"name": f"link_{n}"} for n in range(12)])
    kind = Ref(world.facade.root.rows(Select("ParameterType", ["id"], Eq("name", "input_datasetIds")))[0][0])
    for source, result in itertools.pairwise(ids):
        world.seeder.list_outputs(source, [result])
        values = {"dataset": Ref(result), "type": kind, "stringValue": str(source)}
        world.facade.root.write([New("DatasetParameter", values)])
    return ids
