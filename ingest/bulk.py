"""Registering many new datasets in few calls: what has been queued is written together.

Only what is plain: datasets that nobody knows yet, in sessions that exist. Everything else, and everything when a call
fails, is left to `ingest.registration`, one message after the other; that also completes what a run was killed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from drac_plugins.core.links import linktable
from drac_plugins.core.links.resolve import places
from drac_plugins.core.storage import Store
from icat_schema.gateway import Session
from ingest.datasets import Namesake, column_location, name_candidates, namesakes, new_dataset
from ingest.domain import DatasetMessage
from ingest.facility import Facility
from ingest.folders import holds_many
from ingest.investigations import Investigations
from ingest.outcome import Done, NotYet
from ingest.parameters import ParameterTypes
from ingest.plan import Plan, offer, weigh
from ingest.registration import Folders, Here, Registration, Written
from ingest.samples import add_parameters, find_or_make_all, sample_name
from ingest.sessions import Slot
from ingest.writes import CreateDataset

MOST_PARAMETERS = 3000
"""In one transaction of the catalogue, so that it does not keep others waiting."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message about a dataset as it lies in the inbox."""

    message: DatasetMessage
    moment: datetime
    inbox_id: int


@dataclass(frozen=True, slots=True)
class _Planned:
    arrival: Arrival
    here: Here
    plan: Plan
    creation: CreateDataset
    name: str


class Bulk:
    """Thread-safe. Messages of one call have different locations."""

    def __init__(
        self,
        session: Session,
        store: Store,
        facility: Facility,
        investigations: Investigations,
        registration: Registration,
        types: ParameterTypes,
        roots: Collection[str],
    ) -> None:
        self._roots = roots
        self._session = session
        self._store = store
        self._facility = facility
        self._investigations = investigations
        self._registration = registration
        self._links = registration.links
        self._types = types

    def register(self, arrivals: Sequence[Arrival]) -> dict[int, Done]:
        """What has been applied, by number in the inbox. Raises what the catalogue and the store raise; then it is
        unknown which of the messages have been applied, and applying them again is safe."""
        self._registration.adopt()
        slots: dict[str, list[Slot]] = {}
        done: dict[int, Done] = {}
        for wave in self._waves(self._unknown(arrivals)):
            for arrival in wave:
                proposal = arrival.message.proposal
                if proposal not in slots:
                    slots[proposal] = self._investigations.of_proposal(proposal)
            planned = self._plans(wave, slots)
            if planned:
                done |= self._write(planned)
        return done

    def _unknown(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Those whose dataset nobody has registered."""
        keys = [self._links.key_of(arrival.message.location) for arrival in arrivals]
        with self._store.read() as connection:
            known = linktable.lying_at(connection, keys)
        fresh = [arrival for arrival, key in zip(arrivals, keys, strict=True) if key not in known]
        return [a for a in fresh if a.message.dataset_id is None and not holds_many(a.message.location, self._roots)]

    def _waves(self, arrivals: Sequence[Arrival]) -> Iterator[list[Arrival]]:
        """What was computed from others comes after them, since its session depends on theirs."""
        waiting = list(arrivals)
        while waiting:
            here = {self._links.key_of(arrival.message.location) for arrival in waiting}
            free = [arrival for arrival in waiting if not self._inputs(arrival.message) & here]
            wave = _bounded(free or waiting)
            yield wave
            waiting = [arrival for arrival in waiting if arrival not in wave]

    def _inputs(self, message: DatasetMessage) -> set[str]:
        itself = {self._links.key_of(message.location)}
        return places(self._links.items(message.input_paths), self._links.key_of) - itself

    # ------------------------------------------------------------------------------------------------- planning

    def _plans(self, wave: Sequence[Arrival], slots: Mapping[str, list[Slot]]) -> list[_Planned]:
        folders: Folders = {}
        looked = [(arrival, self._look(arrival, slots[arrival.message.proposal], folders)) for arrival in wave]
        found = [(arrival, here) for arrival, here in looked if here]
        others = self._namesakes([arrival for arrival, _ in found], slots)
        at_work = {other.location for other in others}
        found = [(a, here) for a, here in found if column_location(a.message.location) not in at_work]
        samples = find_or_make_all(
            self._session, [(here.found.id, name) for a, here in found if (name := sample_name(a.message))]
        )
        taken = {(other.investigation_id, other.name) for other in others}
        planned = []
        for arrival, here in found:
            sample_id = samples.get((here.found.id, sample_name(arrival.message) or ""))
            if sample_id is not None:
                add_parameters(self._session, self._types, sample_id, arrival.message)
            plan = self._registration.plan_with(arrival.message, here, sample_id)
            if one := _named(arrival, here, plan, taken):
                planned.append(one)
        return planned

    def _look(self, arrival: Arrival, slots: list[Slot], folders: Folders) -> Here | None:
        """None: this message needs somebody who looks closer."""
        message = arrival.message
        try:
            instrument = self._registration.instrument(message.beamline)
        except NotYet:
            return None
        found = self._investigations.standing(self._registration.wish(message, instrument, folders), slots)
        if found is None:
            return None
        named = self._types.sort(message.parameters)
        weighed = weigh(offer(message, named.values, arrival.moment, arrival.inbox_id), None, None)
        measured = self._registration.measured(message, instrument)
        return Here(measured, found, None, weighed, named, None, (*message.warnings, *named.warnings))

    def _namesakes(self, arrivals: Iterable[Arrival], slots: Mapping[str, list[Slot]]) -> list[Namesake]:
        messages = [arrival.message for arrival in arrivals]
        names = {name for m in messages for name in name_candidates(m.name, m.location)}
        sessions = {slot.id for m in messages for slot in slots[m.proposal]}
        return namesakes(self._session, sessions, sorted(names)) if names else []

    # -------------------------------------------------------------------------------------------------- writing

    def _write(self, planned: Sequence[_Planned]) -> dict[int, Done]:
        types = self._types.get({name for one in planned for name in one.plan.parameter_names})
        datasets = []
        for one in planned:
            pids = one.arrival.message.parameter("technique_pid") or ""
            techniques = self._registration.techniques.ids(one.plan.technique_names, pids)
            datasets.append(new_dataset(self._facility, one.creation, one.name, types, techniques))
        made = self._session.write(datasets)
        written = [
            Written(one.arrival.message, one.here, one.plan, dataset_id, one.name)
            for one, dataset_id in zip(planned, made, strict=True)
        ]
        with self._store.begin() as connection:
            left = self._registration.remember_in(connection, written)
        self._arrive(made, left)
        return {
            one.arrival.inbox_id: Done(one.here.found.id, dataset_id, one.here.warnings)
            for one, dataset_id in zip(planned, made, strict=True)
        }

    def _arrive(self, dataset_ids: Collection[int], left: Collection[int]) -> None:
        """The links of all of them, in both directions."""
        links = self._links
        with self._store.begin() as connection:
            linktable.alone(connection)
            here = linktable.located(connection, dataset_ids).values()
            outputs = {d.dataset_id for d in here if d.processed}
            for dataset in here:
                outputs |= linktable.interested_in(connection, dataset.location_key)
            affected = links.settle(connection, outputs)
            pending = linktable.due_among(connection, {*dataset_ids, *affected})
        links.write({*affected, *pending, *left})


def _bounded(arrivals: Sequence[Arrival]) -> list[Arrival]:
    wave: list[Arrival] = []
    parameters = 0
    for arrival in arrivals:
        parameters += len(arrival.message.parameters)
        if wave and parameters > MOST_PARAMETERS:
            break
        wave.append(arrival)
    return wave


def _named(arrival: Arrival, here: Here, plan: Plan, taken: set[tuple[int, str]]) -> _Planned | None:
    """Gives the dataset the first name that is free in its investigation."""
    creation = plan.writes[0]
    if not isinstance(creation, CreateDataset):
        return None
    for name in creation.names:
        if (here.found.id, name) not in taken:
            taken.add((here.found.id, name))
            return _Planned(arrival, here, plan, creation, name)
    return None
