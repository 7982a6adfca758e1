"""Any graph of datasets, arriving in any order, twice, changed, interrupted, deleted: the derived links are always
those that follow from the declared paths."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drac_plugins.core.links.repair import Repair
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Eq, Like
from tests.ingest.apply.ground import Ground, message, processed
from tests.ingest.apply.test_interrupted import Killed, killed_at, restart
from tests.ingest.links.naive import Lists, lists

SESSION = "/data/visitor/ma1234/id11/20250310"
EXAMPLES = int(os.environ.get("DRAC_TEST_GRAPHS", "5"))
FOLDERS = (
    "RAW_DATA/{0}/a",
    "RAW_DATA/{0}/b",
    "RAW_DATA/{0}/b/inner",
    "PROCESSED_DATA/{0}/x",
    "PROCESSED_DATA/{0}/y",
    "PROCESSED_DATA/{0}/z",
)
_labels = itertools.count()


@dataclass(frozen=True)
class Arrival:
    """A message about one of the folders; without inputs it is a raw dataset."""

    folder: int
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Deletion:
    """A curator deletes the dataset behind our back."""

    folder: int


@dataclass(frozen=True)
class Death:
    """The ingester dies after so many writes of a message, and the message does not come again."""

    arrival: Arrival
    write: int


@dataclass(frozen=True)
class InterruptedRepair:
    write: int


paths = st.sampled_from(
    [
        *FOLDERS,
        "RAW_DATA/{0}/a/scan0001/a.h5",
        "raw/{0}/a",
        "RAW_DATA/{0}/b/inner/f.h5",
        "PROCESSED_DATA/{0}/x/x.h5",
        "RAW_DATA/{0}/nobody",
    ]
)
arrivals = st.builds(Arrival, st.integers(0, 5), st.lists(paths, max_size=4, unique=True).map(tuple))
damages = st.one_of(
    st.builds(Deletion, st.integers(0, 5)),
    st.builds(Death, arrivals, st.integers(1, 6)),
    st.builds(InterruptedRepair, st.integers(1, 4)),
)
histories = st.lists(arrivals, min_size=2, max_size=9)
damaged_histories = st.lists(st.one_of(arrivals, arrivals, damages), min_size=3, max_size=9)
few = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="DRAC_TEST_GRAPHS" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass
class Family:
    """Datasets of one example, in folders of their own."""

    ground: Ground
    label: str

    def path(self, text: str) -> str:
        return f"{SESSION}/{text.format(self.label)}"

    def send(self, arrival: Arrival) -> None:
        where = self.path(FOLDERS[arrival.folder])
        inputs = [self.path(text) for text in arrival.inputs]
        self.ground.apply(processed(where, *inputs) if inputs else message(where))

    def delete(self, folder: int) -> None:
        rows = self.ground.session.rows(Select("Dataset", ["id"], Eq("location", self.path(FOLDERS[folder]))))
        self.ground.session.delete("Dataset", [row for (row,) in rows])

    def shown(self) -> tuple[dict[str, int], dict[int, dict[str, str]]]:
        """Location -> id, and the parameters of each."""
        mine = [Like("location", f"{SESSION}/{kind}/{self.label}/%") for kind in ("RAW_DATA", "PROCESSED_DATA")]
        session = self.ground.session
        places = {
            where: id_ for part in mine for id_, where in session.rows(Select("Dataset", ["id", "location"], part))
        }
        rows = session.rows_for(
            Select("DatasetParameter", ["dataset.id", "type.name", "stringValue"]),
            "dataset.id",
            sorted(places.values()),
        )
        parameters: dict[int, dict[str, str]] = {id_: {} for id_ in places.values()}
        for id_, name, text in rows:
            parameters[id_][name] = text
        return places, parameters

    def job_inputs(self, output: int) -> list[set[int]]:
        """Per Job of this output the inputs it names."""
        session = self.ground.session
        where = And(
            Eq("outputDataCollection.dataCollectionDatasets.dataset.id", output),
            Eq("outputDataCollection.parameters.type.name", "processing-output"),
        )
        sources = [row[0] for row in session.rows(Select("Job", ["inputDataCollection.id"], where))]
        query = Select("DataCollectionDataset", ["dataset.id"])
        return [{row[0] for row in session.rows(query.having(Eq("dataCollection.id", source)))} for source in sources]


def _ids(parameters: Mapping[str, str], name: str) -> list[int]:
    return [int(part) for part in parameters.get(name, "").split()]


def assert_as_declared(family: Family) -> None:
    """Parameters and Jobs say what follows from the declared paths that the catalogue holds."""
    places, parameters = family.shown()
    declared = {id_: p["input_datasets"].split(",") for id_, p in parameters.items() if p.get("input_datasets")}
    for id_, wanted in lists(places, declared).items():
        have = parameters[id_]
        found = Lists(
            _ids(have, "input_datasetIds"),
            _ids(have, "output_datasetIds"),
            set(_ids(have, "__full_input_datasetIds")),
            set(_ids(have, "__full_output_datasetIds")),
        )
        assert found == wanted, f"dataset {id_}"
        assert family.job_inputs(id_) == ([set(wanted.inputs)] if id_ in declared else [])


@pytest.fixture
def family(shared: Ground) -> Iterator[Any]:
    return lambda: Family(shared, f"g{next(_labels)}")


@pytest.mark.slow
@few
@given(history=histories)
def test_links_follow_from_the_declared_paths_whatever_arrives_in_whatever_order(
    family: Any, history: Sequence[Arrival]
) -> None:
    here: Family = family()
    last: dict[int, tuple[str, ...]] = {}
    for arrival in history:
        here.send(arrival)
        if arrival.inputs:
            last[arrival.folder] = arrival.inputs
    places, parameters = here.shown()
    for folder in {arrival.folder for arrival in history}:
        sent = ",".join(here.path(text) for text in last.get(folder, ()))
        assert parameters[places[here.path(FOLDERS[folder])]].get("input_datasets", "") == sent
    assert_as_declared(here)


@pytest.mark.slow
@few
@given(history=damaged_histories)
def test_repair_leaves_nothing_to_find_whatever_was_interrupted_or_deleted(
    family: Any, monkeypatch: pytest.MonkeyPatch, history: Sequence[Arrival | Deletion | Death | InterruptedRepair]
) -> None:
    here: Family = family()
    for step in history:
        _suffer(here, monkeypatch, step)
    Repair(here.ground.consumer.links).mend()
    assert Repair(here.ground.consumer.links, window=3).check() == []
    assert_as_declared(here)


def _suffer(
    here: Family, monkeypatch: pytest.MonkeyPatch, step: Arrival | Deletion | Death | InterruptedRepair
) -> None:
    ground = here.ground
    if isinstance(step, Arrival):
        here.send(step)
    elif isinstance(step, Deletion):
        here.delete(step.folder)
    else:
        try:
            with killed_at(monkeypatch, ground, step.write):
                if isinstance(step, Death):
                    here.send(step.arrival)
                else:
                    Repair(ground.consumer.links, window=2).mend()
        except Killed:
            restart(ground)
