"""Holding everything about links against what producers declared, and putting right what differs.

The declared paths stand in the catalogue (parameter `input_datasets`; the whole of a long one in our side table). From
them and from the locations of the datasets follow the link table, the derived parameters and the Jobs, in this order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from drac_plugins.core.links import linktable, provenance
from drac_plugins.core.links.derive import DECLARED, DERIVED
from drac_plugins.core.links.linktable import portions
from drac_plugins.core.links.lists import LONGEST_VALUE, read_ids
from drac_plugins.core.links.paths import split_declared
from drac_plugins.core.links.records import Item, Located
from drac_plugins.core.links.resolve import places, resolve
from drac_plugins.core.links.tables import dataset_link, dataset_location, dataset_long_value
from drac_plugins.core.links.writing import Links, Shown
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Eq, In, Not, NotNull

PORTION = 200
_CUT_LOCATION = 255
_OLD = timedelta(days=7)
_STRAY_JOB, _STRAY_COLLECTION = "stray job", "stray collection"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the declared paths say. `kind`: which layer is wrong."""

    dataset_id: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"dataset {self.dataset_id}: {self.kind}: {self.text}"


@dataclass(frozen=True, slots=True)
class Truth:
    """What the catalogue says: where datasets lie, and what they were declared to be made from."""

    datasets: Mapping[int, Located]
    declared: Mapping[int, tuple[Item, ...]]


class Repair:
    """Reads the whole catalogue; meant for the night, or after an accident."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._session = links.session
        self._store = links.store

    # --------------------------------------------------------------------------------------------------- check

    def check(self) -> list[Finding]:
        """Everything that is wrong; nothing is written."""
        truth = self.truth()
        with self._store.read() as connection:
            findings = [*self._locations(connection, truth), *self._declarations(connection, truth)]
            findings += self._resolutions(connection)
            dataset_ids = self._concerned(connection)
        shown_somewhere = {row[0] for row in self._session.rows(_derived_rows())}
        for portion in portions(sorted((dataset_ids | shown_somewhere) & truth.datasets.keys()), PORTION):
            findings += self._catalogue(portion)
        return [*findings, *self._stray_jobs(truth), *self._stray_collections()]

    def truth(self) -> Truth:
        """The catalogue's datasets and declarations, read in windows."""
        rows = self._session.rows(
            Select(
                "Dataset",
                ["id", "location", "investigation.id", "investigation.name", "name", "startDate", "type.name"],
            )
        )
        declared: dict[int, str] = dict(self._session.rows(_parameters(DECLARED)))
        declared |= self._whole_declarations(declared)
        long_locations = [row[0] for row in rows if row[1] and len(row[1]) == _CUT_LOCATION]
        full: dict[int, str] = dict(self._session.rows_for(_parameters("location"), "dataset.id", long_locations))
        datasets = {
            id_: Located(id_, place, self._links.key_of(place), investigation, proposal, name, start, id_ in declared)
            for id_, location, investigation, proposal, name, start, _ in rows
            if (place := full.get(id_) or location)
        }
        items = {
            id_: self._links.items(split_declared(text)) for id_, text in declared.items() if text and id_ in datasets
        }
        return Truth(datasets, items)

    def _whole_declarations(self, declared: Mapping[int, str]) -> dict[int, str]:
        table = dataset_long_value
        query = select(table.c.dataset_id, table.c.value).where(table.c.name == DECLARED)
        with self._store.read() as connection:
            return {
                row.dataset_id: row.value
                for row in connection.execute(query)
                if row.value[:LONGEST_VALUE].startswith(declared.get(row.dataset_id) or "\0")
            }

    def _locations(self, connection: Connection, truth: Truth) -> Iterator[Finding]:
        known = linktable.located(connection, connection.execute(select(dataset_location.c.dataset_id)).scalars().all())
        for id_ in sorted(known.keys() - truth.datasets.keys()):
            yield Finding(id_, "location", "is known here, but has gone from the catalogue")
        for id_, dataset in sorted(truth.datasets.items()):
            if id_ not in known:
                yield Finding(id_, "location", f"{dataset.location} is not known here")
            elif _place(known[id_]) != _place(dataset):
                yield Finding(id_, "location", f"is known here as {known[id_].location} ({known[id_].name})")

    def _declarations(self, connection: Connection, truth: Truth) -> Iterator[Finding]:
        outputs = connection.execute(select(dataset_link.c.output_id).distinct()).scalars().all()
        known = linktable.declared(connection, outputs)
        for id_ in sorted(known.keys() | truth.declared.keys()):
            if known.get(id_, ()) != truth.declared.get(id_, ()):
                yield Finding(id_, "declaration", "the link table does not have the declared inputs")

    def _resolutions(self, connection: Connection) -> Iterator[Finding]:
        outputs = connection.execute(select(dataset_link.c.output_id).distinct()).scalars().all()
        for portion in portions(sorted(outputs), PORTION):
            items, here = linktable.declared(connection, portion), linktable.located(connection, portion)
            wanted = set().union(*(places(some, self._links.key_of) for some in items.values()))
            known = linktable.lying_at(connection, wanted)
            before = linktable.resolved(connection, portion)
            for output in sorted(items.keys() & here.keys()):
                after = resolve(items[output], known, self._links.key_of, near=here[output])
                for item, old, new in zip(items[output], before[output], after, strict=True):
                    if old != new:
                        what = f"dataset {new.dataset_id}" if new else "nobody yet"
                        yield Finding(output, "link", f"{item.path} means {what}")

    def _concerned(self, connection: Connection) -> set[int]:
        """Datasets at either end of a link, and processed ones."""
        ends = connection.execute(select(dataset_link.c.output_id, dataset_link.c.input_id).distinct())
        found = {id_ for row in ends for id_ in (row.output_id, row.input_id) if id_ is not None}
        processed = select(dataset_location.c.dataset_id).where(dataset_location.c.processed)
        return found | set(connection.execute(processed).scalars())

    def _catalogue(self, dataset_ids: list[int]) -> Iterator[Finding]:
        with self._store.read() as connection:
            due = self._links.look(connection, dataset_ids, every_job=True)
        shown = self._links.shown(due.revisions)
        for id_ in sorted(due.revisions):
            have = shown.get(id_, Shown())
            for name, value in self._links.wanted(id_, due, have).items():
                if have.values.get(name) != value:
                    yield Finding(id_, "parameter", f"{name} is {_short(have.values.get(name))}, not {_short(value)}")
        jobs = self._links.jobs(due, shown)
        applications = self._links.applications().known((job.application, job.version) for job in jobs)
        found = provenance.find(self._session, due.jobs) if due.jobs else {}
        for job in jobs:
            application = applications.get((job.application, job.version))
            for text in provenance.differences(job, found.get(job.output_id), application):
                yield Finding(job.output_id, "job", text)

    def _stray_jobs(self, truth: Truth) -> list[Finding]:
        """Marked collections of datasets that were not made from anything."""
        rows = self._session.rows(
            Select(
                "DataCollectionDataset",
                ["dataset.id"],
                where=Eq("dataCollection.parameters.type.name", provenance.OUTPUT_MARK),
            )
        )
        processed = {id_ for id_, dataset in truth.datasets.items() if dataset.processed}
        return [
            Finding(id_, _STRAY_JOB, "has a Job, but no declared inputs") for (id_,) in rows if id_ not in processed
        ]

    def _stray_collections(self) -> list[Finding]:
        """Marked input collections whose Job has gone."""
        return [
            Finding(next(iter(read_ids(text)), 0), _STRAY_COLLECTION, f"its input collection {collection} has no Job")
            for collection, text in self._session.rows(_without_job())
        ]

    # ---------------------------------------------------------------------------------------------------- mend

    def mend(self) -> list[Finding]:
        """Put right what `check` finds, layer by layer; returns what was found."""
        findings = self.check()
        if not findings:
            return []
        truth = self.truth()
        self._mend_store(truth)
        with self._store.begin() as connection:
            outputs = connection.execute(select(dataset_link.c.output_id).distinct()).scalars().all()
            self._links.settle(connection, outputs)
            wrong = {finding.dataset_id for finding in findings}
            linktable.want_written(connection, wrong)
            linktable.want_jobs(connection, [i for i in wrong if i in truth.datasets and truth.datasets[i].processed])
        while self._links.write_due(PORTION):
            pass
        self._remove_stray(f.dataset_id for f in findings if f.kind == _STRAY_JOB)
        self._session.delete("DataCollection", [collection for collection, _ in self._session.rows(_without_job())])
        return findings

    def _mend_store(self, truth: Truth) -> None:
        with self._store.begin() as connection:
            known = connection.execute(select(dataset_location.c.dataset_id)).scalars().all()
            self._links.forget(connection, set(known) - truth.datasets.keys())
            before = linktable.located(connection, truth.datasets)
            different = [
                d for id_, d in truth.datasets.items() if id_ not in before or _place(before[id_]) != _place(d)
            ]
            linktable.put_locations(connection, different)
            outputs = connection.execute(select(dataset_link.c.output_id).distinct()).scalars().all()
            for output in sorted({*outputs, *truth.declared}):
                self._links.declare(connection, output, truth.declared.get(output, ()))

    def _remove_stray(self, dataset_ids: Iterable[int]) -> None:
        wanted = sorted(set(dataset_ids))
        found = provenance.find(self._session, wanted) if wanted else {}
        collections = {c for job in found.values() for c in (job.output_collection, *job.extra_collections)}
        sources = {job.input_collection for job in found.values() if job.input_collection is not None}
        self._session.delete("DataCollection", sorted(collections | sources))

    # --------------------------------------------------------------------------------------------------- adopt

    def adopt(self) -> int:
        """Before the first message on a catalogue that has datasets already: learn where they lie and what they were
        declared to be made from. Nothing is written to the catalogue (`mend` does that). Returns how many they are; 0
        when anything is known here."""
        with self._store.read() as connection:
            if connection.execute(select(dataset_location.c.dataset_id).limit(1)).first() is not None:
                return 0
        truth = self.truth()
        with self._store.begin() as connection:
            linktable.put_locations(connection, list(truth.datasets.values()))
            now = datetime.now(UTC)
            for output, items in truth.declared.items():
                linktable.declare(connection, output, items, now)
            linktable.settle(connection, truth.declared, self._links.key_of)
        return len(truth.datasets)

    # ------------------------------------------------------------------------------------------------- pending

    def pending(self) -> list[tuple[int, str, datetime]]:
        """Declared inputs that nobody has registered for a week: dataset, path, since when."""
        table = dataset_link
        query = (
            select(table.c.output_id, table.c.declared_path, table.c.since)
            .where(table.c.input_id.is_(None), table.c.since < datetime.now(UTC) - _OLD)
            .order_by(table.c.output_id, table.c.position)
        )
        with self._store.read() as connection:
            return [(row.output_id, row.declared_path, row.since) for row in connection.execute(query)]


def _place(dataset: Located) -> tuple[object, ...]:
    return (
        dataset.location,
        dataset.location_key,
        dataset.investigation_id,
        dataset.proposal,
        dataset.name,
        dataset.processed,
    )


def _without_job() -> Select:
    where = And(Eq("type.name", provenance.INPUT_MARK), Not(NotNull("dataCollection.jobsAsInput.id")))
    return Select("DataCollectionParameter", ["dataCollection.id", "stringValue"], where=where)


def _parameters(name: str) -> Select:
    return Select("DatasetParameter", ["dataset.id", "stringValue"], where=Eq("type.name", name))


def _derived_rows() -> Select:
    return Select("DatasetParameter", ["dataset.id"], where=In("type.name", list(DERIVED)), distinct=True)


def _short(value: str | None) -> str:
    if value is None:
        return "missing"
    return repr(value if len(value) <= 60 else value[:57] + "...")
