"""What the catalogue holds of a proposal, as a root user sees it in ICAT itself."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import And, Eq
from tests.journeys.messages import Announced, Door


@dataclass(frozen=True)
class Registered:
    """`parameters`: dataset id -> name -> values (more than one is a fault). `jobs`: output -> inputs of each Job."""

    ids: Mapping[str, Sequence[int]]
    parameters: Mapping[int, Mapping[str, Sequence[str]]]
    jobs: Mapping[int, Sequence[frozenset[int]]]
    samples: Sequence[tuple[str, str]]
    files: Mapping[int, Collection[str]]

    def id(self, location: str) -> int:
        (only,) = self.ids[location]
        return only

    def value(self, location: str, name: str) -> str | None:
        values = self.parameters[self.id(location)].get(name, ())
        assert len(values) <= 1, f"{location}: {name} {values}"
        return values[0] if values else None

    def listed(self, location: str, name: str) -> list[int]:
        return [int(text) for text in (self.value(location, name) or "").split()]


def registered(root: Session, proposal: str) -> Registered:
    """`proposal` as the catalogue spells it."""
    ids: dict[str, list[int]] = {}
    for key, location in root.rows(Select("Dataset", ["id", "location"], Eq("investigation.name", proposal))):
        ids.setdefault(location, []).append(key)
    parameters: dict[int, dict[str, list[str]]] = {}
    where = Eq("dataset.investigation.name", proposal)
    for key, name, value in root.rows(Select("DatasetParameter", ["dataset.id", "type.name", "stringValue"], where)):
        parameters.setdefault(key, {}).setdefault(name, []).append(value)
    samples = root.rows(Select("Sample", ["investigation.visitId", "name"], Eq("investigation.name", proposal)))
    files: dict[int, set[str]] = {}
    for key, name in root.rows(Select("Datafile", ["dataset.id", "name"], where)):
        files.setdefault(key, set()).add(name)
    return Registered(ids, parameters, _jobs(root, proposal), samples, files)


def _jobs(root: Session, proposal: str) -> dict[int, list[frozenset[int]]]:
    members: dict[int, set[int]] = {}
    for collection, dataset in root.rows(Select("DataCollectionDataset", ["dataCollection.id", "dataset.id"])):
        members.setdefault(collection, set()).add(dataset)
    ours = {key for (key,) in root.rows(Select("Dataset", ["id"], Eq("investigation.name", proposal)))}
    found: dict[int, list[frozenset[int]]] = {}
    for inputs, outputs in root.rows(Select("Job", ["inputDataCollection.id", "outputDataCollection.id"])):
        for output in members.get(outputs, set()) & ours:
            found.setdefault(output, []).append(frozenset(members.get(inputs, ())))
    return found


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not in {seconds:.0f} s: {what}"
        time.sleep(0.1)


def settled(door: Door, seconds: float = 180.0) -> None:
    """Wait until every message has been decided on, and every later stage that is due has been run."""

    def quiet() -> bool:
        counters = door.inbox.counters()
        return not door.unfinished() and not any(counters.stages.values())

    wait_until(quiet, f"messages {door.unfinished()}, stages {door.inbox.counters().stages}", seconds)


def check(found: Registered, announced: Sequence[Announced]) -> None:
    """Everything announced is there exactly once, with its values and every link in both directions."""
    assert {a.location for a in announced} <= found.ids.keys()
    assert {location: keys for location, keys in found.ids.items() if len(keys) != 1} == {}
    assert [name for name, number in Counter(found.samples).items() if number > 1] == []
    by_location = {a.location: a for a in announced}
    for location, one in by_location.items():
        for name, value in one.metadata.items():
            assert found.value(location, name) == value
        inputs = [found.id(path) for path in one.raw]
        assert found.listed(location, "input_datasetIds") == inputs
        outputs = {found.id(other.location) for other in by_location.values() if location in other.raw}
        assert set(found.listed(location, "output_datasetIds")) == outputs
        jobs = found.jobs.get(found.id(location), [])
        assert jobs == ([frozenset(inputs)] if inputs else []), location
    for name in {name for values in found.parameters.values() for name in values}:
        assert all(len(values.get(name, ())) <= 1 for values in found.parameters.values()), name


def of_proposal(root: Session, proposal: str, beamline: str) -> int:
    """How many investigations there are."""
    where = And(Eq("name", proposal), Eq("investigationInstruments.instrument.name", beamline))
    return len(set(root.rows(Select("Investigation", ["id"], where))))
