"""Bringing the catalogue in line with the link table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Connection

from drac_plugins.core.errors import UpstreamBroken
from drac_plugins.core.events import outbox
from drac_plugins.core.events.records import NewEvent
from drac_plugins.core.leases import Leases
from drac_plugins.core.links import derive, linktable, provenance
from drac_plugins.core.links.closure import Graph, ancestors, descendants
from drac_plugins.core.links.lists import TRUNCATED
from drac_plugins.core.links.paths import location_key
from drac_plugins.core.links.records import Item, Located
from drac_plugins.core.links.resolve import places, resolve
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, In
from icat_schema.gateway.errors import ObjectExists

_READ = (*derive.DERIVED, TRUNCATED, derive.DECLARED, *provenance.PROCESS_NAMES)
_TRIES = 4


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """`foreign_names`: whether names and locations of datasets of other proposals may be written into parameters."""

    facility: str
    mount_prefixes: tuple[str, ...] = ()
    foreign_names: bool = False

    @classmethod
    def of(cls, settings: Settings) -> LinkSettings:
        """What the configuration says."""
        ingest = settings.ingest
        return cls(settings.facility.name, ingest.mount_prefixes, ingest.foreign_names)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the catalogue says about one dataset: value and id of each parameter that matters here."""

    values: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Due:
    """One consistent look at the store: what the catalogue must show, at which revision."""

    revisions: Mapping[int, int]
    graph: Graph
    known: Mapping[int, Located]
    jobs: frozenset[int]
    inferred: Mapping[int, set[int]]
    inside: Mapping[int, Sequence[tuple[int, str]]]
    """By output the inputs that were announced as something inside them, with the path of that in their folder."""


class Links:
    """One per process; thread-safe. `session` is the writing account."""

    def __init__(
        self,
        session: Session,
        store: Store,
        settings: LinkSettings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        leases: Leases | None = None,
    ) -> None:
        self.session = session
        self.store = store
        self.settings = settings
        self._now = now
        self.leases = leases or Leases(store, now=now)
        self._types: dict[str, int] = {}
        self._applications: provenance.Applications | None = None

    # -------------------------------------------------------------------------------------------------- store

    def key_of(self, path: str) -> str:
        return location_key(path, self.settings.mount_prefixes)

    def items(self, paths: Sequence[str]) -> tuple[Item, ...]:
        return tuple(Item(path, self.key_of(path)) for path in paths)

    def register(self, connection: Connection, dataset: Located, declared: Sequence[str] | None) -> set[int]:
        """Remember a dataset and, unless `declared` is None, its inputs. Commit this before `arrive`: of two datasets
        that arrive at the same time, at least the later one then sees the other. Returns what `arrive` has to write
        besides, because the dataset does not come from there any more."""
        return self.register_all(connection, [(dataset, declared)])

    def register_all(
        self, connection: Connection, datasets: Sequence[tuple[Located, Sequence[str] | None]]
    ) -> set[int]:
        """The same for several datasets, each with what it declares."""
        linktable.alone(connection)
        linktable.put_locations(connection, [dataset for dataset, _ in datasets])
        declared = {one.dataset_id: self.items(paths) for one, paths in datasets if paths is not None}
        left = self._declare(connection, declared)
        linktable.want_jobs(connection, [dataset.dataset_id for dataset, _ in datasets if dataset.processed])
        return left

    def declare(self, connection: Connection, output: int, items: Sequence[Item]) -> set[int]:
        """Make these the declared inputs of a dataset. Returns those that it was linked with before, whose lists
        have to be written again."""
        return self._declare(connection, {output: items})

    def _declare(self, connection: Connection, wanted: Mapping[int, Sequence[Item]]) -> set[int]:
        linktable.alone(connection)
        before = linktable.family(connection, wanted)
        changed = linktable.declare_all(connection, wanted, self._now())
        left: set[int] = set()
        for output in changed & before.inputs.keys():
            left.update((output,), ancestors(before, output), descendants(before, output))
        linktable.want_written(connection, left)
        return left

    def want_relatives(self, connection: Connection, dataset_ids: Collection[int]) -> set[int]:
        """Look again at the lists of datasets whose links were taken over from the catalogue, and of those that they
        are linked with. Returns them; nobody when there are no links."""
        linktable.alone(connection)
        links = linktable.family(connection, dataset_ids)
        found: set[int] = set()
        for dataset_id in dataset_ids:
            relatives = {*ancestors(links, dataset_id), *descendants(links, dataset_id)}
            found |= {dataset_id, *relatives} if relatives else set()
        linktable.want_written(connection, found)
        return found

    def investigations_of(self, connection: Connection, location: str, paths: Sequence[str]) -> tuple[int, ...]:
        """Investigations of the inputs that are known already, in order, for a dataset that is not registered yet."""
        items = self.items(paths)
        known = linktable.lying_at(connection, places(items, self.key_of))
        itself = Located(0, location, self.key_of(location), 0, "", "", None, processed=True)
        found = [r.dataset_id for r in resolve(items, known, self.key_of, near=itself) if r is not None]
        by_id = {d.dataset_id: d.investigation_id for some in known.values() for d in some}
        return tuple(dict.fromkeys(by_id[dataset_id] for dataset_id in found))

    def forget(self, connection: Connection, dataset_ids: Collection[int]) -> set[int]:
        """These datasets have gone from the catalogue. Returns those whose lists or Jobs have to be written again."""
        linktable.alone(connection)
        links = linktable.family(connection, dataset_ids)
        affected: set[int] = set()
        for dataset_id in dataset_ids:
            affected.update(ancestors(links, dataset_id), descendants(links, dataset_id))
        affected -= set(dataset_ids)
        direct = {output for dataset_id in dataset_ids for output in links.outputs.get(dataset_id, ())}
        linktable.forget(connection, dataset_ids)
        linktable.want_written(connection, affected)
        linktable.want_jobs(connection, direct & affected)
        return affected

    def arrive(self, dataset_id: int, also: Collection[int] = ()) -> None:
        """Complete the links of a registered dataset in both directions and write them to the catalogue. Repeatable:
        what an interrupted run of the same left unwritten among its relatives is written too, so that the catalogue
        shows all of it when this returns."""
        with self.store.read() as connection:
            here = linktable.located(connection, [dataset_id]).get(dataset_id)
            if here is None or not (also or here.processed or self._linked(connection, here)):
                return
        with self.store.begin() as connection:
            linktable.alone(connection)
            outputs = linktable.interested_in(connection, here.location_key) | {dataset_id}
            affected = self.settle(connection, outputs)
            links = linktable.family(connection, [dataset_id])
            relatives = {dataset_id, *ancestors(links, dataset_id), *descendants(links, dataset_id)}
            pending = linktable.due_among(connection, relatives)
        self.write({*affected, *pending, *also})

    def files_came(self, dataset_ids: Collection[int]) -> None:
        """Files of these datasets have been registered: name those that were declared as inputs in the Jobs."""
        with self.store.read() as connection:
            outputs = linktable.declared_inside(connection, dataset_ids)
        if outputs:
            with self.store.begin() as connection:
                linktable.alone(connection)
                linktable.want_jobs(connection, outputs)
            self.write(outputs)

    def _linked(self, connection: Connection, here: Located) -> bool:
        """Whether anybody declared the dataset, or something in it, as an input, or it has inputs itself."""
        if linktable.interested_in(connection, here.location_key):
            return True
        links = linktable.family(connection, [here.dataset_id])
        return bool(links.inputs or links.outputs or linktable.declared(connection, [here.dataset_id]))

    def settle(self, connection: Connection, outputs: Collection[int]) -> set[int]:
        """Resolve again, and note everything whose lists change with it."""
        linktable.alone(connection)
        changed = linktable.settle(connection, outputs, self.key_of)
        touched = set(changed).union(*changed.values()) if changed else set()
        links = linktable.family(connection, touched)
        affected = set(touched)
        for dataset_id in touched:
            affected.update(ancestors(links, dataset_id), descendants(links, dataset_id))
        linktable.want_written(connection, affected)
        linktable.want_jobs(connection, changed)
        return affected

    # ---------------------------------------------------------------------------------------------- catalogue

    def write_due(self, limit: int = 500) -> int:
        """Write what an interrupted run left behind; returns how many datasets were looked at."""
        with self.store.read() as connection:
            dataset_ids = linktable.due(connection, limit)
        self.write(dataset_ids)
        return len(dataset_ids)

    def write(self, dataset_ids: Collection[int]) -> None:
        """Make parameters and Jobs of these datasets say what the link table says; only differences are written."""
        if not dataset_ids:
            return
        with self.leases.hold([f"links:{dataset_id}" for dataset_id in dataset_ids]):
            for _ in range(_TRIES):
                with self.store.read() as connection:
                    due = self.look(connection, dataset_ids)
                try:
                    changed = self._show(due)
                    break
                except ObjectExists:  # somebody else made the parameter meanwhile; look again
                    continue
            else:
                raise UpstreamBroken(f"The lists of datasets {sorted(dataset_ids)[:5]} keep changing under us")
            with self.store.begin() as connection:
                linktable.alone(connection)
                linktable.written(connection, due.revisions, due.jobs)
                outbox.put(connection, [NewEvent("links", dataset_id) for dataset_id in sorted(changed)], self._now())

    def look(self, connection: Connection, dataset_ids: Collection[int], *, every_job: bool = False) -> Due:
        """What the catalogue must show about these datasets. `every_job`: also Jobs that nobody asked to look at."""
        revisions = linktable.revisions(connection, dataset_ids)
        links = linktable.family(connection, revisions)
        everybody = {*revisions, *links.inputs, *links.outputs}
        jobs = linktable.jobs_wanted(connection, revisions)
        if every_job:
            jobs = {d.dataset_id for d in linktable.located(connection, revisions).values() if d.processed}
        return Due(
            revisions,
            links,
            linktable.located(connection, everybody),
            frozenset(jobs),
            linktable.inferred_inputs(connection, jobs),
            linktable.inferred_items(connection, jobs),
        )

    def _show(self, due: Due) -> set[int]:
        """Returns the datasets whose lists were different."""
        shown = self.shown(due.revisions)
        writes, surplus, changed = self.parameter_writes(due, shown)
        if writes:
            self.session.write(writes)
        if surplus:
            self.session.delete("DatasetParameter", surplus)
        if due.jobs:
            found = provenance.find(self.session, due.jobs)
            types = self.types()
            provenance.bring_in_line(self.session, self.applications(), types, self.jobs(due, shown), found)
        return changed

    def shown(self, dataset_ids: Collection[int]) -> dict[int, Shown]:
        """Parameters about links and processing as the catalogue has them, in one query."""
        rows = self.session.rows_for(
            Select(
                "DatasetParameter",
                ["dataset.id", "type.name", "id", "stringValue"],
                where=In("type.name", list(_READ)),
            ),
            "dataset.id",
            sorted(dataset_ids),
        )
        values: dict[int, dict[str, str]] = {}
        ids: dict[int, dict[str, int]] = {}
        for dataset_id, name, row, text in rows:
            values.setdefault(dataset_id, {})[name] = text or ""
            ids.setdefault(dataset_id, {})[name] = row
        return {dataset_id: Shown(values[dataset_id], ids[dataset_id]) for dataset_id in values}

    def wanted(self, dataset_id: int, due: Due, shown: Shown) -> dict[str, str | None]:
        return derive.wanted(
            due.known[dataset_id],
            due.graph,
            due.known,
            foreign_names=self.settings.foreign_names,
            truncated_before=shown.values.get(TRUNCATED),
        )

    def parameter_writes(self, due: Due, shown: Mapping[int, Shown]) -> tuple[list[New | Change], list[int], set[int]]:
        """What to write, the ids of parameters to delete, and the datasets that these belong to."""
        writes: list[New | Change] = []
        surplus: list[int] = []
        changed: set[int] = set()
        types = self.types()
        for dataset_id in sorted(due.revisions):
            have = shown.get(dataset_id, Shown())
            before = len(writes) + len(surplus)
            for name, value in self.wanted(dataset_id, due, have).items():
                if value is None:
                    if name in have.ids:
                        surplus.append(have.ids[name])
                elif name not in have.ids:
                    values = {"dataset": Ref(dataset_id), "type": Ref(types[name]), "stringValue": value}
                    writes.append(New("DatasetParameter", values))
                elif have.values[name] != value:
                    writes.append(Change("DatasetParameter", have.ids[name], {"stringValue": value}))
            if len(writes) + len(surplus) > before:
                changed.add(dataset_id)
        return writes, surplus, changed

    def jobs(self, due: Due, shown: Mapping[int, Shown]) -> list[provenance.JobWanted]:
        files = provenance.datafiles(self.session, {item for some in due.inside.values() for item in some})
        return [
            provenance.job_wanted(
                dataset_id,
                shown.get(dataset_id, Shown()).values,
                (i for i in due.graph.inputs.get(dataset_id, ()) if i in due.known),
                due.inferred.get(dataset_id, set()) - {dataset_id},
                (files[item] for item in due.inside.get(dataset_id, ()) if item in files and item[0] != dataset_id),
            )
            for dataset_id in sorted(due.jobs)
        ]

    # ---------------------------------------------------------------------------------------------- reference

    def types(self) -> Mapping[str, int]:
        """Ids of the ParameterTypes that links need. Raises UpstreamBroken when the installation lacks one."""
        needed = {*derive.DERIVED, TRUNCATED, *provenance.MARKS}
        if not self._types.keys() >= needed:
            rows = self.session.rows(
                Select(
                    "ParameterType",
                    ["name", "id"],
                    where=And(Eq("facility.name", self.settings.facility), In("name", sorted(needed))),
                    order=[("id", "DESC")],
                )
            )
            self._types = dict(rows)
            if missing := sorted(needed - self._types.keys()):
                names = ", ".join(missing)
                raise UpstreamBroken(f"The catalogue lacks ParameterTypes {names}; run: drac ingest prepare")
        return self._types

    def applications(self) -> provenance.Applications:
        if self._applications is None:
            rows = self.session.rows(Select("Facility", ["id"], where=Eq("name", self.settings.facility)))
            if not rows:
                raise UpstreamBroken(f"The catalogue has no Facility {self.settings.facility}")
            self._applications = provenance.Applications(self.session, rows[0][0])
        return self._applications
