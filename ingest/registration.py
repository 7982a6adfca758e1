"""Registering the datasets that messages announce: look at what there is, plan, write, remember, link.

Everything here may be done again at any moment, also halfway: each step looks for what is there and adds what is
missing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection

from drac_plugins.core.leases import Leases
from drac_plugins.core.links import linktable
from drac_plugins.core.links.records import Located
from drac_plugins.core.links.repair import Repair
from drac_plugins.core.links.writing import Links
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from icat_schema.gateway import Session
from icat_schema.gateway.errors import InvalidRequest
from ingest import memory
from ingest.competition import Origin
from ingest.datasets import Namesake, carry_out, column_location, name_candidates, namesakes, read_dataset
from ingest.domain import DatasetMessage
from ingest.facility import Facility
from ingest.folders import holds_many
from ingest.investigations import Found, Investigations
from ingest.names import place
from ingest.outcome import Done, NotYet, Refused
from ingest.parameters import ParameterTypes, Sorted
from ingest.plan import Plan, Policy, Surroundings, Weighed, make_plan, offer, weigh
from ingest.samples import add_parameters, find_or_make, sample_name
from ingest.sessions import Slot, Wish
from ingest.state import DatasetState
from ingest.techniques import Techniques, technique_names
from ingest.values import Value, whole_number

_FOLDER_LOOK = 200  # datasets of a session folder that are looked at to find its investigation


@dataclass(frozen=True, slots=True)
class Here:
    """Where a message leads: `state` None when its dataset does not exist yet. `remembered`: of the messages before.
    `taken`: names that other datasets of the session have."""

    instrument: tuple[int, str]
    found: Found
    state: DatasetState | None
    weighed: Weighed
    sorted: Sorted
    remembered: Origin | None = None
    warnings: tuple[str, ...] = ()
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Written:
    """A dataset that stands in the catalogue as planned. `created`: the name that it got when it was made now."""

    message: DatasetMessage
    here: Here
    plan: Plan
    dataset_id: int
    created: str | None


Folders = dict[str, tuple[int, ...]]
"""By session folder the investigations of the raw datasets in it."""


class Registration:
    """One per process; thread-safe. `types`: the catalogue's parameter types, read when first needed."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        store: Store,
        facility: Facility,
        investigations: Investigations,
        leases: Leases,
        links: Links,
        types: Callable[[], ParameterTypes],
        *,
        now: Callable[[], datetime],
    ) -> None:
        ingest = settings.ingest
        self._settings = settings
        self._session = session
        self._store = store
        self._facility = facility
        self._investigations = investigations
        self._leases = leases
        self.links = links
        self._types = types
        self._now = now
        self.techniques = Techniques(session)
        self._adopting = threading.Lock()
        self._adopted = False
        self._policy = Policy(
            lambda pids, definition: technique_names(pids, definition, ingest.definition_techniques),
            ingest.elapsed_time_unit,
        )

    def instrument(self, beamline: str) -> tuple[int, str]:
        """Id and name of the instrument that a message names. Raises NotYet."""
        found = self._facility.instrument(beamline)
        if found is None:
            settings = self._settings.ingest
            raise NotYet(
                "instrument",
                f"The catalogue has no instrument {beamline}; create it, or map the name in ingest.beamline_aliases",
                "instrument",
                give_up_after_seconds=settings.instrument_retry_minutes * 60,
                pause_seconds=settings.instrument_retry_pause_minutes * 60,
            )
        return found

    def register(self, message: DatasetMessage, arrival: datetime, inbox_id: int) -> Done:
        here = self.look(message, arrival, inbox_id)
        plan = self.plan(message, here)
        pids = message.parameter("technique_pid") or ""
        types, techniques = (
            self._types().get(plan.parameter_names),
            self.techniques.ids(plan.technique_names, pids),
        )
        known = here.state.id if here.state else None
        with self._noted(known, here, plan):
            dataset_id, name = carry_out(
                self._session, self._facility, plan.writes, known, types, techniques, here.taken
            )
        with self._store.begin() as connection:
            left = self.remember_in(connection, [Written(message, here, plan, dataset_id, name)])
        self.links.arrive(dataset_id, left)
        return Done(here.found.id, dataset_id, here.warnings)

    @contextmanager
    def _noted(self, known: int | None, here: Here, plan: Plan) -> Iterator[None]:
        """Take the note about an update before it is written: a run that is killed in between then does the same again,
        although the dataset has the new parameters already. What the catalogue does not accept is taken back."""
        if known is None:
            yield
            return
        with self._store.begin() as connection:
            memory.keep_origin(connection, known, plan.origin)
            memory.keep_long_values(connection, known, _taken(here))
        try:
            yield
        except InvalidRequest:
            with self._store.begin() as connection:
                memory.keep_origin(connection, known, here.remembered)
            raise

    def look(self, message: DatasetMessage, arrival: datetime, inbox_id: int) -> Here:
        if holds_many(message.location, self._settings.ingest.data_roots):
            raise Refused(
                "location", f"{message.location} holds many datasets, it is not the folder of one", "location"
            )
        instrument = self.instrument(message.beamline)
        self.adopt()
        slots = self._investigations.of_proposal(message.proposal)
        state, others, warnings = self._existing(message, slots)
        found = self._place(message, instrument, state, slots)
        named = self._types().sort(message.parameters)
        remembered = None
        if state:
            with self._store.read() as connection:
                remembered = memory.origin_of(connection, state.id)
        weighed = weigh(offer(message, named.values, arrival, inbox_id), state, remembered)
        measured = self.measured(message, instrument)
        taken = frozenset(other.name for other in others if other.investigation_id == found.id)
        return Here(
            measured, found, state, weighed, named, remembered, (*message.warnings, *warnings, *named.warnings), taken
        )

    def measured(self, message: DatasetMessage, instrument: tuple[int, str]) -> tuple[int, str]:
        """The instrument that measured: it may be another one than the session was scheduled on."""
        return self._facility.instrument(message.parameter("actualInstrument") or "") or instrument

    def adopt(self) -> None:
        """Once per process: learn about datasets that were in the catalogue before us."""
        with self._adopting:
            if not self._adopted:
                with self._leases.hold(["adopt"], wait_seconds=600):  # two ingesters would insert the same rows
                    Repair(self.links).adopt()
                self._adopted = True

    def _existing(
        self, message: DatasetMessage, slots: Collection[Slot]
    ) -> tuple[DatasetState | None, list[Namesake], list[str]]:
        """The dataset at this place (in the proposal's sessions, else anywhere); what else has its names; warnings."""
        ours = {slot.id for slot in slots}
        state = self._registered(message.location, ours)
        if state is not None:
            return state, [], []
        warnings: list[str] = []
        column = column_location(message.location)
        if message.dataset_id is not None:
            state = read_dataset(self._session, message.dataset_id)
            if state and state.location == column:
                return state, [], []
            warnings.append(f"datasetId {message.dataset_id} is no dataset at {message.location}; ignored")
        others = namesakes(self._session, ours, name_candidates(message.name, message.location))
        unfinished = next((other.id for other in others if other.location == column), None)
        state = read_dataset(self._session, unfinished) if unfinished is not None else None
        return state, others, warnings

    def _registered(self, location: str, ours: Collection[int]) -> DatasetState | None:
        """The dataset that our own table knows at this place, if the catalogue still has it."""
        key = self.links.key_of(location)
        with self._store.read() as connection:
            known = linktable.lying_at(connection, [key]).get(key, [])
        for candidate in sorted(known, key=lambda k: (k.investigation_id not in ours, k.dataset_id)):
            if state := read_dataset(self._session, candidate.dataset_id):
                return state
            with self._store.begin() as connection:
                orphaned = self.links.forget(connection, [candidate.dataset_id])
            self.links.write(orphaned)
        return None

    def wish(self, message: DatasetMessage, instrument: tuple[int, str], folders: Folders | None = None) -> Wish:
        """What the message of a new dataset says about the session that it belongs to. `folders`: what has been looked
        up for others in the same round."""
        wish = Wish(instrument[0], message.start, whole_number(message.parameter("investigationId")))
        return (
            self._wish_of_processed(message, wish, {} if folders is None else folders) if message.input_paths else wish
        )

    def _place(
        self, message: DatasetMessage, instrument: tuple[int, str], state: DatasetState | None, slots: list[Slot]
    ) -> Found:
        if state is not None:
            if state.investigation_id not in {slot.id for slot in slots}:
                return Found(state.investigation_id, state.investigation_name, "location")
            wish = Wish(instrument[0], message.start, existing=state.investigation_id)
            return self._investigations.place(message.proposal, instrument, wish, slots)
        return self._investigations.place(message.proposal, instrument, self.wish(message, instrument), slots)

    def _wish_of_processed(self, message: DatasetMessage, wish: Wish, folders: Folders) -> Wish:
        where = place(message.location, self._settings.ingest.data_roots)
        session = where.session if where else None
        with self._store.read() as connection:
            inputs = self.links.investigations_of(connection, message.location, message.input_paths)
            if session and session not in folders:
                inside = linktable.lying_inside(connection, session, limit=_FOLDER_LOOK)
                folders[session] = tuple(dict.fromkeys(d.investigation_id for d in inside if not d.processed))
        folder = folders[session] if session else ()
        day = self._day(where.day) if where and where.day else None
        return Wish(wish.instrument_id, wish.moment, wish.investigation_id, None, inputs, folder, day)

    def _day(self, text: str) -> tuple[datetime, datetime] | None:
        try:
            day = datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a date, its zone comes below
        except ValueError:
            return None
        first = datetime.combine(day, time.min, tzinfo=self._settings.facility.timezone)
        following = datetime.combine(day + timedelta(days=1), time.min, tzinfo=self._settings.facility.timezone)
        return first.astimezone(UTC), following.astimezone(UTC) - timedelta(milliseconds=1)

    def plan(self, message: DatasetMessage, here: Here) -> Plan:
        sample_id = None
        name = sample_name(message)
        if name and here.weighed.decision.leads:
            sample_id = find_or_make(self._session, here.found.id, name)
            add_parameters(self._session, self._types(), sample_id, message)
        return self.plan_with(message, here, sample_id)

    def plan_with(self, message: DatasetMessage, here: Here, sample_id: int | None) -> Plan:
        """The plan when the sample is known already."""
        around = Surroundings(
            here.found.id,
            sample_id,
            here.instrument[0],
            column_location(message.location),
            name_candidates(message.name, message.location),
        )
        return make_plan(message, here.weighed, here.sorted.values, here.state, around, self._policy)

    def remember_in(self, connection: Connection, datasets: Sequence[Written]) -> set[int]:
        """Take notes about datasets that have been written, and declare their inputs. Returns the datasets whose links
        have to be written again besides."""
        made = [one for one in datasets if one.here.state is None]
        memory.keep_origins(connection, {one.dataset_id: one.plan.origin for one in made})
        for one in made:
            memory.keep_long_values(connection, one.dataset_id, _taken(one.here), fresh=True)
        for one in datasets:
            memory.keep_aside(connection, one.dataset_id, one.here.sorted.aside, self._now())
        for investigation_id in sorted({one.here.found.id for one in datasets}):
            memory.want_sums(connection, investigation_id)
        declared = [(self._located(o), o.message.input_paths if o.plan.declares_inputs else None) for o in datasets]
        left = self.links.register_all(connection, declared)
        unknown = [one.dataset_id for one in datasets if not one.here.remembered]
        return left | self.links.want_relatives(connection, unknown) if unknown else left

    def _located(self, one: Written) -> Located:
        message, state = one.message, one.here.state
        return Located(
            one.dataset_id,
            message.location,
            self.links.key_of(message.location),
            one.here.found.id,
            one.here.found.name,
            one.created or (state.name if state else message.name),
            one.plan.origin.start,
            one.plan.type == "processed",
        )


def _taken(here: Here) -> dict[str, Value]:
    return {name: here.sorted.values[name] for name in here.weighed.decision.values}
