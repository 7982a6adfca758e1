"""The same links in ICAT's own words: Application, Job, and the DataCollections of what went in and what came out.

There is one Job per processed dataset, found again by the marked output collection that holds the dataset. Collections
of this kind carry a parameter (`processing-input`, `processing-output`), so that lists of publications can leave them
out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from drac_plugins.core.links.lists import render
from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, In
from icat_schema.gateway.errors import ObjectExists

INPUT_MARK = "processing-input"
OUTPUT_MARK = "processing-output"
INFERRED = "processing-inferred"
MARKS = (INPUT_MARK, OUTPUT_MARK, INFERRED)
PROCESS_NAMES = ("Process_program", "Process_version", "Workflow_name", "Workflow_id", "Process_triggering")
_LONGEST = 255
_FEW = 50  # files looked up with one question
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JobWanted:
    """What the catalogue must say about how a dataset was made. `inferred`: inputs that were announced as a file or
    folder inside them; `files`: ids of these Datafiles, as far as they are registered."""

    output_id: int
    application: str
    version: str
    arguments: str | None
    inputs: frozenset[int]
    inferred: tuple[int, ...] = ()
    files: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class JobFound:
    """A Job as it is. `rows`: id of the DataCollectionDataset of each input, `file_rows`: of the DataCollectionDatafile
    of each file. `extra`: further Jobs and collections of the same output, which nobody should have made."""

    job_id: int | None
    output_collection: int
    input_collection: int | None = None
    application_id: int | None = None
    arguments: str | None = None
    rows: Mapping[int, int] = field(default_factory=dict)
    file_rows: Mapping[int, int] = field(default_factory=dict)
    inferred_id: int | None = None
    inferred: str | None = None
    extra_jobs: tuple[int, ...] = ()
    extra_collections: tuple[int, ...] = ()


def job_wanted(
    output_id: int,
    parameters: Mapping[str, str],
    inputs: Iterable[int],
    inferred: Iterable[int],
    files: Iterable[int] = (),
) -> JobWanted:
    """From the parameters that the producer sent and the resolved inputs."""
    application = parameters.get("Process_program") or parameters.get("Workflow_name") or _UNKNOWN
    arguments = " ".join(
        f"{label}={parameters[name]}"
        for label, name in (("triggering", "Process_triggering"), ("workflow_id", "Workflow_id"))
        if parameters.get(name)
    )
    return JobWanted(
        output_id,
        application[:_LONGEST],
        (parameters.get("Process_version") or _UNKNOWN)[:_LONGEST],
        arguments[:_LONGEST] or None,
        frozenset(inputs),
        tuple(sorted(inferred)),
        frozenset(files),
    )


# ------------------------------------------------------------------------------------------------------ reading


def find(session: Session, output_ids: Collection[int]) -> dict[int, JobFound]:
    """Jobs of these datasets, in five queries at most (per portion of ids)."""
    outputs = session.rows_for(
        Select(
            "DataCollectionDataset",
            ["dataset.id", "dataCollection.id"],
            where=Eq("dataCollection.parameters.type.name", OUTPUT_MARK),
        ),
        "dataset.id",
        sorted(output_ids),
    )
    collections: dict[int, list[int]] = {}
    for dataset_id, collection in outputs:
        collections.setdefault(dataset_id, []).append(collection)
    if not collections:
        return {}
    jobs = _jobs(session, [c for some in collections.values() for c in some])
    inputs = [job[3] for some in jobs.values() for job in some if job[3] is not None]
    marks = _marks(session, inputs)
    rows = _rows(session, "DataCollectionDataset", "dataset", inputs)
    files = _rows(session, "DataCollectionDatafile", "datafile", marks)  # the mark is there before the first file
    return {dataset_id: _found(sorted(some), jobs, rows, files, marks) for dataset_id, some in collections.items()}


def datafiles(session: Session, inside: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """Ids of Datafiles by dataset and name; what is not registered (yet) is missing."""
    found: dict[tuple[int, str], int] = {}
    wanted = sorted(inside)
    for first in range(0, len(wanted), _FEW):
        portion = wanted[first : first + _FEW]
        query = Select(
            "Datafile", ["dataset.id", "name", "id"], where=In("dataset.id", sorted({d for d, _ in portion}))
        )
        rows = session.rows_for(query, "name", sorted({name for _, name in portion}))
        found.update({(dataset_id, name): row for dataset_id, name, row in rows if (dataset_id, name) in inside})
    return found


_JobRow = tuple[int, int | None, str | None, int | None]  # job, application, arguments, input collection


def _jobs(session: Session, output_collections: Collection[int]) -> dict[int, list[_JobRow]]:
    found: dict[int, list[_JobRow]] = {}
    for output, *job in session.rows_for(
        Select("Job", ["outputDataCollection.id", "id", "application.id", "arguments", "inputDataCollection.id"]),
        "outputDataCollection.id",
        sorted(output_collections),
    ):
        found.setdefault(output, []).append((job[0], job[1], job[2], job[3]))
    return found


def _rows(session: Session, entity: str, member: str, collections: Collection[int]) -> dict[int, dict[int, int]]:
    """By collection the row of each member."""
    found: dict[int, dict[int, int]] = {}
    if collections:
        query = Select(entity, ["dataCollection.id", f"{member}.id", "id"])
        for collection, member_id, row in session.rows_for(query, "dataCollection.id", sorted(collections)):
            found.setdefault(collection, {})[member_id] = row
    return found


def _marks(session: Session, collections: Collection[int]) -> dict[int, tuple[int, str | None]]:
    if not collections:
        return {}
    return {
        collection: (row, text)
        for collection, row, text in session.rows_for(
            Select(
                "DataCollectionParameter",
                ["dataCollection.id", "id", "stringValue"],
                where=Eq("type.name", INFERRED),
            ),
            "dataCollection.id",
            sorted(collections),
        )
    }


def _found(
    output_collections: list[int],
    jobs: Mapping[int, list[_JobRow]],
    rows: Mapping[int, Mapping[int, int]],
    files: Mapping[int, Mapping[int, int]],
    marks: Mapping[int, tuple[int, str | None]],
) -> JobFound:
    every = sorted((job, collection) for collection in output_collections for job in jobs.get(collection, ()))
    if not every:
        return JobFound(None, output_collections[0], extra_collections=tuple(output_collections[1:]))
    (job_id, application, arguments, source), output = every[0]
    inferred_id, inferred = marks.get(source, (None, None)) if source is not None else (None, None)
    extra_sources = [job[3] for job, _ in every[1:] if job[3] is not None and job[3] != source]
    return JobFound(
        job_id,
        output,
        source,
        application,
        arguments,
        dict(rows.get(source, {})) if source is not None else {},
        dict(files.get(source, {})) if source is not None else {},
        inferred_id,
        inferred,
        tuple(job[0] for job, _ in every[1:]),
        (*(c for c in output_collections if c != output), *extra_sources),
    )


def with_inputs(session: Session, output_collections: Collection[int]) -> list[int]:
    """These output collections and the input collections of their Jobs."""
    jobs = _jobs(session, output_collections)
    sources = {job[3] for some in jobs.values() for job in some if job[3] is not None}
    return sorted({*output_collections, *sources})


# ------------------------------------------------------------------------------------------------------ writing


class Applications:
    """Application ids by name and version; looked up once, created when missing."""

    def __init__(self, session: Session, facility_id: int) -> None:
        self._session = session
        self._facility_id = facility_id
        self._known: dict[tuple[str, str], int] = {}

    def ids(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        missing = sorted(set(wanted) - self._known.keys())
        if missing:
            self._read({name for name, _ in missing})
            self._create([key for key in missing if key not in self._known])
        return self._known

    def known(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Those that exist."""
        missing = set(wanted) - self._known.keys()
        if missing:
            self._read({name for name, _ in missing})
        return self._known

    def _read(self, names: Collection[str]) -> None:
        query = Select(
            "Application",
            ["name", "version", "id"],
            where=And(Eq("facility.id", self._facility_id), In("name", sorted(names))),
        )
        self._known.update({(name, version): row for name, version, row in self._session.rows(query)})

    def _create(self, keys: list[tuple[str, str]]) -> None:
        if not keys:
            return
        facility = Ref(self._facility_id)
        new = [New("Application", {"facility": facility, "name": name, "version": version}) for name, version in keys]
        try:
            self._known.update(zip(keys, self._session.write(new), strict=True))
        except ObjectExists:  # another writer was quicker with one of them; the caller looks again
            self._read({name for name, _ in keys})
            raise


def differences(wanted: JobWanted, found: JobFound | None, application_id: int | None) -> list[str]:
    """In words, what is wrong about the Job of a dataset; empty when it is as it must be. `application_id`: None when
    that Application does not exist."""
    if found is None or found.job_id is None:
        return ["has no Job"]
    faults = []
    if application_id is None or found.application_id != application_id:
        faults.append(f"its Job names another Application than {wanted.application} {wanted.version}")
    if found.arguments != wanted.arguments:
        faults.append("its Job has other arguments")
    if found.input_collection is None:
        faults.append("its Job has no input collection")
    if missing := sorted(wanted.inputs - found.rows.keys()):
        faults.append(f"inputs missing in its Job: {missing}")
    if surplus := sorted(found.rows.keys() - wanted.inputs):
        faults.append(f"inputs in its Job that nobody declared: {surplus}")
    if found.file_rows.keys() != wanted.files:
        faults.append(f"its Job has other input files: {sorted(found.file_rows.keys() ^ wanted.files)}")
    if (found.inferred or None) != _inferred_text(wanted):
        faults.append("inferred inputs are not marked as such")
    if found.extra_jobs or found.extra_collections:
        faults.append(f"has {1 + len(found.extra_jobs)} Jobs")
    return faults


def bring_in_line(
    session: Session,
    applications: Applications,
    marks: Mapping[str, int],
    wanted: Collection[JobWanted],
    found: Mapping[int, JobFound],
) -> None:
    """Write what differs, all datasets in the same few calls. `marks`: ids of the ParameterTypes in `MARKS`. The caller
    keeps other writers of the same datasets away; a crash in between leaves something that the next run completes."""
    application_of = applications.ids((job.application, job.version) for job in wanted)
    pending = [
        job
        for job in wanted
        if differences(job, found.get(job.output_id), application_of[job.application, job.version])
    ]
    if not pending:
        return
    outputs = _output_collections(session, marks, pending, found)
    writes: list[New | Change] = []
    for job in pending:
        application, present = application_of[job.application, job.version], found.get(job.output_id)
        if present is None or present.job_id is None or present.input_collection is None:
            writes.append(_new_job(job, marks, application, outputs[job.output_id]))
        else:
            writes += _changes(job, present, marks, application, present.job_id, present.input_collection)
    if writes:
        session.write(writes)
    _remove_surplus(session, pending, found)


def _output_collections(
    session: Session, marks: Mapping[str, int], wanted: Iterable[JobWanted], found: Mapping[int, JobFound]
) -> dict[int, int]:
    """The marked collection that holds the dataset, created where missing."""
    have = {job.output_id: found[job.output_id].output_collection for job in wanted if job.output_id in found}
    missing = [job.output_id for job in wanted if job.output_id not in have]
    if missing:
        made = session.write([_collection(marks[OUTPUT_MARK], dataset_id, [dataset_id]) for dataset_id in missing])
        have.update(zip(missing, made, strict=True))
    return have


def _collection(mark: int, output_id: int, members: Iterable[int], **more: object) -> New:
    parameters = [New("DataCollectionParameter", {"type": Ref(mark), "stringValue": str(output_id)})]
    inferred = more.pop("inferred", None)
    if isinstance(inferred, New):
        parameters.append(inferred)
    rows = [New("DataCollectionDataset", {"dataset": Ref(dataset_id)}) for dataset_id in members]
    return New("DataCollection", {"parameters": parameters, "dataCollectionDatasets": rows, **more})


def _new_job(job: JobWanted, marks: Mapping[str, int], application: int, output: int) -> New:
    """The input collection with its Job, as one tree: a crash leaves all of it or nothing."""
    values: dict[str, object] = {"application": Ref(application), "outputDataCollection": Ref(output)}
    if job.arguments is not None:
        values["arguments"] = job.arguments
    text = _inferred_text(job)
    inferred = New("DataCollectionParameter", {"type": Ref(marks[INFERRED]), "stringValue": text}) if text else None
    files = [New("DataCollectionDatafile", {"datafile": Ref(file)}) for file in sorted(job.files)]
    return _collection(
        marks[INPUT_MARK],
        job.output_id,
        sorted(job.inputs),
        inferred=inferred,
        dataCollectionDatafiles=files,
        jobsAsInput=[New("Job", values)],
    )


def _changes(
    job: JobWanted, found: JobFound, marks: Mapping[str, int], application: int, job_id: int, source: int
) -> list[New | Change]:
    writes: list[New | Change] = []
    if (found.application_id, found.arguments) != (application, job.arguments):
        writes.append(Change("Job", job_id, {"application": Ref(application), "arguments": job.arguments}))
    return writes + _input_writes(job, found, marks, source)


def _input_writes(job: JobWanted, found: JobFound, marks: Mapping[str, int], source: int) -> list[New | Change]:
    writes: list[New | Change] = [
        New("DataCollectionDataset", {"dataCollection": Ref(source), "dataset": Ref(dataset_id)})
        for dataset_id in sorted(job.inputs - found.rows.keys())
    ]
    writes += [
        New("DataCollectionDatafile", {"dataCollection": Ref(source), "datafile": Ref(file)})
        for file in sorted(job.files - found.file_rows.keys())
    ]
    text = _inferred_text(job)
    if text is None or found.inferred == text:
        return writes
    if found.inferred_id is not None:
        writes.append(Change("DataCollectionParameter", found.inferred_id, {"stringValue": text}))
    else:
        values = {"dataCollection": Ref(source), "type": Ref(marks[INFERRED]), "stringValue": text}
        writes.append(New("DataCollectionParameter", values))
    return writes


def _remove_surplus(session: Session, wanted: Iterable[JobWanted], found: Mapping[int, JobFound]) -> None:
    surplus: dict[str, list[int]] = {
        "DataCollectionDataset": [],
        "DataCollectionDatafile": [],
        "DataCollectionParameter": [],
        "Job": [],
        "DataCollection": [],
    }
    for job in wanted:
        present = found.get(job.output_id)
        if present is None:
            continue
        surplus["DataCollectionDataset"] += [row for d, row in present.rows.items() if d not in job.inputs]
        surplus["DataCollectionDatafile"] += [row for file, row in present.file_rows.items() if file not in job.files]
        if present.inferred_id is not None and _inferred_text(job) is None:
            surplus["DataCollectionParameter"].append(present.inferred_id)
        surplus["Job"] += present.extra_jobs
        if present.job_id is not None and present.input_collection is None:
            surplus["Job"].append(present.job_id)  # replaced by a whole one
        surplus["DataCollection"] += present.extra_collections
    for entity, ids in surplus.items():
        if ids:
            session.delete(entity, ids)


def _inferred_text(job: JobWanted) -> str | None:
    return render(job.inferred).text or None
