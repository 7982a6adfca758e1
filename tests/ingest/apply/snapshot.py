"""What the catalogue contains, in a form that two catalogues can be compared in.

Ids are replaced by what they mean (locations, names of investigations); lists of outputs, which are in order of
arrival, become sets; catalogue names of datasets, which are made up where names clash, are left out after it was
checked that lists of names say what the lists of ids say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from drac_plugins.core.links.lists import read_ids
from icat_schema.gateway import Select, Session

Row = tuple[Any, ...]
_ID_LISTS = {
    "input_datasetIds": "input_datasetNames",
    "output_datasetIds": "output_datasetNames",
    "__full_input_datasetIds": "__full_input_datasetNames",
    "__full_output_datasetIds": "__full_output_datasetNames",
}


@dataclass
class Dataset:
    id: int
    name: str
    location: str
    investigation: str
    type: str
    sample: str | None
    complete: bool
    start: datetime
    end: datetime
    description: str | None
    parameters: dict[str, str] = field(default_factory=dict)
    techniques: list[str] = field(default_factory=list)
    instruments: list[str] = field(default_factory=list)
    files: dict[str, Row] = field(default_factory=dict)


@dataclass
class Job:
    application: tuple[str, str]
    arguments: str | None
    inputs: frozenset[str]
    outputs: frozenset[str]
    marks: frozenset[str]


@dataclass
class Snapshot:
    datasets: dict[str, Dataset]
    investigations: dict[int, Row]
    samples: dict[Row, dict[str, str]]
    jobs: list[Job]
    sums: dict[str, dict[str, str]]
    types: frozenset[str]
    techniques: frozenset[Row]

    def at(self, end_of_location: str) -> Dataset:
        """The dataset whose location ends like this."""
        found = [d for location, d in self.datasets.items() if location.endswith(end_of_location)]
        assert len(found) == 1, f"{len(found)} datasets at ...{end_of_location}"
        return found[0]

    def locations(self, ids: str | None) -> list[str]:
        by_id = {d.id: d.location for d in self.datasets.values()}
        return [by_id[i] for i in read_ids(ids)]

    def canonical(self) -> dict[str, Any]:
        """For comparison with another catalogue."""
        return {
            "datasets": {location: self._canonical(d) for location, d in self.datasets.items()},
            "investigations": sorted(self.investigations.values(), key=str),
            "samples": self.samples,
            "jobs": sorted(
                (
                    job.application,
                    str(job.arguments),
                    sorted(job.inputs),
                    sorted(job.outputs),
                    sorted(job.marks),
                )
                for job in self.jobs
            ),
            "sums": self.sums,
            "types": sorted(self.types),
            "techniques": sorted(self.techniques, key=str),
        }

    def _canonical(self, d: Dataset) -> dict[str, Any]:
        parameters: dict[str, Any] = dict(d.parameters)
        for ids, names in _ID_LISTS.items():
            if ids not in parameters:
                assert names not in parameters
                continue
            others = self.locations(parameters[ids])
            self._check_names(d, others, parameters.pop(names))
            parameters[ids] = others if "input" in ids and "__" not in ids else sorted(others)
        if "output_datasets" in parameters:
            parameters["output_datasets"] = sorted(
                self.locations(part)[0] if part.isdecimal() else part for part in parameters["output_datasets"].split()
            )
        return {
            "investigation": d.investigation,
            "type": d.type,
            "sample": d.sample,
            "complete": d.complete,
            "start": d.start,
            "end": d.end,
            "description": d.description,
            "parameters": parameters,
            "techniques": sorted(d.techniques),
            "instruments": sorted(d.instruments),
            "files": d.files,
        }

    def _check_names(self, d: Dataset, others: list[str], names: str) -> None:
        """Names in the order of the ids; of other proposals the id."""
        proposal = d.investigation.split("|")[0]
        expected = [
            o.name if o.investigation.split("|")[0] == proposal else str(o.id)
            for o in (self.datasets[location] for location in others)
        ]
        assert names == " ".join(expected)


def take(session: Session) -> Snapshot:
    investigations, labels = _investigations(session)
    datasets = _datasets(session, labels)
    _fill(session, datasets)
    by_id = {d.id: d for d in datasets}
    assert len({d.location for d in datasets}) == len(datasets), "two datasets at one place"
    samples: dict[Row, dict[str, str]] = {
        (labels[investigation], name): {}
        for investigation, name in session.rows(Select("Sample", ["investigation.id", "name"]))
    }
    columns = ["sample.investigation.id", "sample.name", "type.name", "stringValue"]
    for investigation, sample, name, text in session.rows(Select("SampleParameter", columns)):
        samples[labels[investigation], sample][name] = text
    return Snapshot(
        {d.location: d for d in datasets},
        investigations,
        samples,
        _jobs(session, {i: d.location for i, d in by_id.items()}),
        _sums(session, labels),
        frozenset(name for (name,) in session.rows(Select("ParameterType", ["name"]))),
        frozenset(session.rows(Select("Technique", ["name", "pid", "description"]))),
    )


def changes(session: Session) -> dict[str, list[Row]]:
    """Id and time of the last change of everything that ingestion writes."""
    entities = (
        "Investigation",
        "Sample",
        "Dataset",
        "DatasetParameter",
        "SampleParameter",
        "InvestigationParameter",
        "DatasetTechnique",
        "DatasetInstrument",
        "Datafile",
        "Job",
        "DataCollection",
        "DataCollectionDataset",
        "DataCollectionParameter",
        "Application",
        "ParameterType",
        "Technique",
    )
    return {entity: sorted(session.rows(Select(entity, ["id", "modTime"]))) for entity in entities}


def _investigations(session: Session) -> tuple[dict[int, Row], dict[int, str]]:
    rows = session.rows(Select("Investigation", ["id", "name", "visitId", "title", "startDate", "endDate"]))
    instruments: dict[int, list[str]] = {}
    query = Select("InvestigationInstrument", ["investigation.id", "instrument.name"])
    for id_, name in session.rows(query):
        instruments.setdefault(id_, []).append(name)
    found = {id_: (*row, sorted(instruments.get(id_, []))) for id_, *row in rows}
    return found, {id_: f"{row[0]}|{row[1]}" for id_, row in found.items()}


def _datasets(session: Session, labels: dict[int, str]) -> list[Dataset]:
    columns = [
        "id",
        "name",
        "location",
        "investigation.id",
        "type.name",
        "sample.name",
        "complete",
        "startDate",
        "endDate",
        "description",
    ]
    return [
        Dataset(id_, name, location, labels[investigation], *rest)
        for id_, name, location, investigation, *rest in session.rows(Select("Dataset", columns))
    ]


def _fill(session: Session, datasets: list[Dataset]) -> None:
    by_id = {d.id: d for d in datasets}
    for id_, name, text in session.rows(Select("DatasetParameter", ["dataset.id", "type.name", "stringValue"])):
        by_id[id_].parameters[name] = text
    for id_, pid in session.rows(Select("DatasetTechnique", ["dataset.id", "technique.pid"])):
        by_id[id_].techniques.append(pid)
    for id_, name in session.rows(Select("DatasetInstrument", ["dataset.id", "instrument.name"])):
        by_id[id_].instruments.append(name)
    for id_, name, location, size in session.rows(Select("Datafile", ["dataset.id", "name", "location", "fileSize"])):
        by_id[id_].files[name] = (location, size)


def _jobs(session: Session, location_of: dict[int, str]) -> list[Job]:
    members: dict[int, set[str]] = {}
    for collection, dataset in session.rows(Select("DataCollectionDataset", ["dataCollection.id", "dataset.id"])):
        members.setdefault(collection, set()).add(location_of[dataset])
    marks: dict[int, set[str]] = {}
    query = Select("DataCollectionParameter", ["dataCollection.id", "type.name", "stringValue"])
    for collection, name, text in session.rows(query):
        marks.setdefault(collection, set()).add(f"{name}: {' '.join(location_of[i] for i in read_ids(text))}")
    columns = [
        "application.name",
        "application.version",
        "arguments",
        "inputDataCollection.id",
        "outputDataCollection.id",
    ]
    jobs = session.rows(Select("Job", columns))
    collections = {c for *_, source, target in jobs for c in (source, target)}
    assert collections == {id_ for (id_,) in session.rows(Select("DataCollection", ["id"]))}, "collections without Job"
    return [
        Job(
            (name, version),
            arguments,
            frozenset(members.get(source, ())),
            frozenset(members.get(target, ())),
            frozenset(marks.get(source, set()) | marks.get(target, set())),
        )
        for name, version, arguments, source, target in jobs
    ]


def _sums(session: Session, labels: dict[int, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    query = Select("InvestigationParameter", ["investigation.id", "type.name", "stringValue"])
    for id_, name, text in session.rows(query):
        found.setdefault(labels[id_], {})[name] = text
    return found


def differences(found: Snapshot, expected: Snapshot) -> dict[str, Any]:
    """What is not the same: for each part of the catalogue the entries of both sides that the other has not."""
    both = found.canonical(), expected.canonical()
    result = {}
    for part in both[0]:
        here, there = (_entries(side[part]) for side in both)
        alone = [repr(entry) for entry in here if entry not in there]
        missing = [repr(entry) for entry in there if entry not in here]
        if alone or missing or len(here) != len(there):
            result[part] = {"only here": alone, "missing": missing}
    return result


def _entries(part: Any) -> list[Any]:
    return list(part.items()) if isinstance(part, dict) else list(part)
