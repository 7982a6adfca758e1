"""Holding everything about links against what producers declared, and putting right what differs.

The declared paths stand in the catalogue (parameter `input_datasets`; the whole of a long one in our side table). From
them and from the locations of the datasets follow the link table, the derived parameters and the Jobs, in this order;
so the layers are gone through one after the other, each in windows of ids, and never more than a window is in memory.
Both may run beside the ingester: what looks wrong is looked at again before anything is said or done about it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select, union

from drac_plugins.core.links import adopting, linktable, provenance
from drac_plugins.core.links.derive import DERIVED
from drac_plugins.core.links.linktable import portions
from drac_plugins.core.links.lists import read_ids
from drac_plugins.core.links.records import Located
from drac_plugins.core.links.resolve import places, resolve
from drac_plugins.core.links.tables import dataset_link, dataset_location
from drac_plugins.core.links.truth import LAST_ID, WINDOW, Window, second_look, windows
from drac_plugins.core.links.writing import Links, Shown
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Between, Condition, Eq, Gt, In, Not, NotNull

PORTION = 200
"""Datasets whose families and Jobs are looked at together."""
_OLD = timedelta(days=7)

Progress = Callable[[str, int], None]
"""Told after every window: the layer, and how many datasets of it have been looked at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the declared paths say. `kind`: which layer is wrong."""

    dataset_id: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"dataset {self.dataset_id}: {self.kind}: {self.text}"


class Repair:
    """Reads the whole catalogue; meant for the night, or after an accident."""

    def __init__(self, links: Links, *, window: int = WINDOW, progress: Progress = lambda _layer, _done: None) -> None:
        self._links = links
        self._session = links.session
        self._store = links.store
        self._window = window
        self._progress = progress

    def check(self) -> list[Finding]:
        """Everything that is wrong; nothing is written."""
        return list(self.findings(mend=False))

    def mend(self) -> list[Finding]:
        """Put right what `check` finds; returns what was found."""
        return list(self.findings(mend=True))

    def adopt(self) -> int:
        """Learn what a catalogue holds that had datasets before us; see `adopting`."""
        return adopting.adopt(self._links)

    def findings(self, *, mend: bool) -> Iterator[Finding]:
        """What is wrong, layer by layer, as it is found. `mend`: each window is put right before its findings come; an
        interrupted run leaves what it has mended mended, and another one does the rest."""
        yield from self._known(mend=mend)
        yield from self._resolutions(mend=mend)
        if mend:
            while self._links.write_due(PORTION):
                pass
        yield from self._shown(mend=mend)
        yield from self._stray_jobs(mend=mend)
        yield from self._stray_collections(mend=mend)

    # ---------------------------------------------------------------------------- locations and declared inputs

    def _known(self, *, mend: bool) -> Iterator[Finding]:
        seen = 0
        for window in windows(self._links, self._window):
            with self._store.read() as connection:
                suspects = {f.dataset_id for f in _compared(connection, window, _range(connection, window))}
            if suspects:
                now = second_look(self._links, suspects)
                with self._store.read() as connection:
                    found = _compared(connection, now, suspects)
                if mend and found:
                    self._learn(now, {f.dataset_id for f in found})
                yield from found
            seen += len(window.datasets)
            self._progress("locations and declared inputs", seen)

    def _learn(self, truth: Window, wrong: Collection[int]) -> None:
        with self._store.begin() as connection:
            self._links.forget(connection, [id_ for id_ in wrong if id_ not in truth.datasets])
            linktable.put_locations(connection, [truth.datasets[id_] for id_ in wrong if id_ in truth.datasets])
            for id_ in sorted(wrong):
                self._links.declare(connection, id_, truth.declared.get(id_, ()))
            self._links.settle(connection, wrong)

    # --------------------------------------------------------------------------------- what declared paths mean

    def _resolutions(self, *, mend: bool) -> Iterator[Finding]:
        for seen, outputs in self._outputs():
            with self._store.read() as connection:
                found = list(self._resolved_wrongly(connection, outputs))
            if mend and found:
                with self._store.begin() as connection:
                    self._links.settle(connection, {f.dataset_id for f in found})
            yield from found
            self._progress("meaning of declared inputs", seen)

    def _outputs(self) -> Iterator[tuple[int, list[int]]]:
        """Datasets that declare inputs, in portions, with how many there were so far."""
        table, last, seen = dataset_link, 0, 0
        while True:
            query = select(table.c.output_id).where(table.c.output_id > last).distinct().order_by(table.c.output_id)
            with self._store.read() as connection:
                outputs = list(connection.execute(query.limit(PORTION)).scalars())
            if not outputs:
                return
            last, seen = outputs[-1], seen + len(outputs)
            yield seen, outputs

    def _resolved_wrongly(self, connection: Connection, outputs: list[int]) -> Iterator[Finding]:
        items, here = linktable.declared(connection, outputs), linktable.located(connection, outputs)
        known = linktable.lying_at(connection, set().union(*(places(i, self._links.key_of) for i in items.values())))
        before = linktable.resolved(connection, outputs)
        for output in sorted(items.keys() & here.keys()):
            after = resolve(items[output], known, self._links.key_of, near=here[output])
            for item, old, new in zip(items[output], before[output], after, strict=True):
                if old != new:
                    what = f"dataset {new.dataset_id}" if new else "nobody yet"
                    yield Finding(output, "link", f"{item.path} means {what}")

    # ----------------------------------------------------------------------- what the catalogue shows of links

    def _shown(self, *, mend: bool) -> Iterator[Finding]:
        first, seen = 1, 0
        while first <= LAST_ID:
            with self._store.read() as connection:
                last, some = _next_datasets(connection, first, self._window)
                concerned = _concerned(connection, first, last)
            concerned |= self._listing_something(first, last)
            for portion in portions(sorted(concerned), PORTION):
                found = self._shown_wrongly(portion)
                if mend and found:
                    self._show_again({f.dataset_id for f in found})
                yield from found
            first, seen = last + 1, seen + some
            self._progress("lists and Jobs", seen)

    def _listing_something(self, first: int, last: int) -> set[int]:
        where = And(In("type.name", list(DERIVED)), Between("dataset.id", first, last))
        return {row[0] for row in self._session.rows(Select("DatasetParameter", ["dataset.id"], where, distinct=True))}

    def _shown_wrongly(self, dataset_ids: Collection[int]) -> list[Finding]:
        suspects = {finding.dataset_id for finding in self._compare_shown(dataset_ids)}
        return list(self._compare_shown(suspects)) if suspects else []

    def _compare_shown(self, dataset_ids: Collection[int]) -> Iterator[Finding]:
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

    def _show_again(self, wrong: Collection[int]) -> None:
        with self._store.begin() as connection:
            linktable.alone(connection)
            linktable.want_written(connection, wrong)
            made = [d.dataset_id for d in linktable.located(connection, wrong).values() if d.processed]
            linktable.want_jobs(connection, made)
        self._links.write(wrong)

    # ------------------------------------------------------------------------------------ Jobs without a result

    def _stray_jobs(self, *, mend: bool) -> Iterator[Finding]:
        """Marked output collections of datasets that were not made from anything, or have gone."""
        for seen, marked in self._marked(Eq("type.name", provenance.OUTPUT_MARK)):
            truth = second_look(self._links, set(marked.values())).datasets
            stray = {c: id_ for c, id_ in marked.items() if id_ not in truth or not truth[id_].processed}
            if mend and stray:
                self._session.delete("DataCollection", provenance.with_inputs(self._session, stray))
            yield from (Finding(id_, "stray job", "has a Job, but no declared inputs") for id_ in stray.values())
            self._progress("Jobs without declared inputs", seen)

    def _stray_collections(self, *, mend: bool) -> Iterator[Finding]:
        """Marked input collections whose Job has gone."""
        where = And(Eq("type.name", provenance.INPUT_MARK), Not(NotNull("dataCollection.jobsAsInput.id")))
        for _, stray in self._marked(where):
            if mend:
                self._session.delete("DataCollection", stray)
            for collection, id_ in stray.items():
                yield Finding(id_, "stray collection", f"its input collection {collection} has no Job")

    def _marked(self, where: Condition) -> Iterator[tuple[int, dict[int, int]]]:
        """Marked collections with the dataset that they were made for, in windows, with how many there were so far."""
        last, seen = 0, 0
        columns = ["id", "dataCollection.id", "stringValue"]
        while True:
            query = Select("DataCollectionParameter", columns, And(where, Gt("id", last)), [("id", "ASC")])
            rows = self._session.page(Select(query.entity, query.columns, query.where, query.order, limit=self._window))
            if not rows:
                return
            last, seen = rows[-1][0], seen + len(rows)
            yield seen, {collection: next(iter(read_ids(text)), 0) for _, collection, text in rows}

    # ------------------------------------------------------------------------------------------------- pending

    def pending(self) -> Iterator[tuple[int, str, datetime]]:
        """Declared inputs that nobody has registered for a week: dataset, path, since when."""
        table = dataset_link
        query = (
            select(table.c.output_id, table.c.declared_path, table.c.since)
            .where(table.c.input_id.is_(None), table.c.since < datetime.now(UTC) - _OLD)
            .order_by(table.c.output_id, table.c.position)
        )
        with self._store.read() as connection:
            for row in connection.execution_options(yield_per=1000).execute(query):
                yield row.output_id, row.declared_path, row.since


def _range(connection: Connection, window: Window) -> set[int]:
    """Everything that our store says about the ids of this window."""
    outputs, ids = dataset_link.c.output_id, dataset_location.c.dataset_id
    query = union(
        select(outputs).where(outputs.between(window.first, window.last)),
        select(ids).where(ids.between(window.first, window.last)),
    )
    return set(connection.execute(query).scalars()) | window.datasets.keys()


def _compared(connection: Connection, truth: Window, dataset_ids: Collection[int]) -> list[Finding]:
    """What our store has wrong about these datasets."""
    known, declared = linktable.located(connection, dataset_ids), linktable.declared(connection, dataset_ids)
    found = []
    for id_ in sorted(dataset_ids):
        text = _wrong_location(known.get(id_), truth.datasets.get(id_))
        if text:
            found.append(Finding(id_, "location", text))
        if declared.get(id_, ()) != truth.declared.get(id_, ()):
            found.append(Finding(id_, "declaration", "the link table does not have the declared inputs"))
    return found


def _wrong_location(known: Located | None, truth: Located | None) -> str | None:
    if truth is None:
        return None if known is None else "is known here, but has gone from the catalogue"
    if known is None:
        return f"{truth.location} is not known here"
    return None if _place(known) == _place(truth) else f"is known here as {known.location} ({known.name})"


def _place(dataset: Located) -> tuple[object, ...]:
    return (
        dataset.location,
        dataset.location_key,
        dataset.investigation_id,
        dataset.proposal,
        dataset.name,
        dataset.processed,
    )


def _next_datasets(connection: Connection, first: int, size: int) -> tuple[int, int]:
    """The id with which the next window ends, and how many known datasets are in it."""
    ids = dataset_location.c.dataset_id
    found = connection.execute(select(ids).where(ids >= first).order_by(ids).limit(size)).scalars().all()
    return (found[-1] if len(found) == size else LAST_ID), len(found)


def _concerned(connection: Connection, first: int, last: int) -> set[int]:
    """Datasets at either end of a link, and processed ones."""
    ids = dataset_location.c.dataset_id
    ends: Iterable[int] = connection.execute(
        union(
            select(dataset_link.c.output_id).where(dataset_link.c.output_id.between(first, last)),
            select(dataset_link.c.input_id).where(dataset_link.c.input_id.between(first, last)),
            select(ids).where(ids.between(first, last), dataset_location.c.processed),
        )
    ).scalars()
    return set(ends)


def _short(value: str | None) -> str:
    if value is None:
        return "missing"
    return repr(value if len(value) <= 60 else value[:57] + "...")
