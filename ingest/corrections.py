"""One parameter of a dataset is set beside the messages of its producer (queue `icatUpdateDatasetMetadata`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from drac_plugins.core.links import linktable
from drac_plugins.core.links.records import Located
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import Eq
from icat_schema.gateway.errors import InvalidRequest
from ingest import memory
from ingest.competition import DECLARED_INPUTS, Correction, Decision, Offer, Origin
from ingest.datasets import carry_out, read_dataset
from ingest.domain import DatasetMessage, MetadataUpdate
from ingest.facility import Facility
from ingest.names import beamline_key, proposal_key
from ingest.outcome import Done, NotYet, Refused
from ingest.parameters import ParameterTypes, Sorted
from ingest.parse.dates import NotADate, read_instant
from ingest.parse.requests import location_of
from ingest.parse.values import input_paths, repaired_inputs
from ingest.plan import GALLERY_PATHS, Plan, Policy, Surroundings, Weighed, is_computed, known_origin, make_plan
from ingest.registration import Registration
from ingest.samples import find_or_make
from ingest.state import DatasetState
from ingest.techniques import technique_names
from ingest.writes import ChangeDataset, Write

STEP = "correct"
SAMPLE, START, END = "Sample_name", "startDate", "endDate"
FIXED = frozenset({"location", "proposal", "beamlineID", "investigationId", "complete"})
"""What identifies a dataset, or is decided by its messages; producers may not change it one by one."""
_STAGES = {GALLERY_PATHS: ("gallery",), SAMPLE: ("statistics",), START: ("statistics",), END: ("statistics",)}


@dataclass(frozen=True, slots=True)
class Found:
    """The dataset as it is, and which messages its values came from."""

    state: DatasetState
    location: str
    remembered: Origin | None
    origin: Origin


class Corrections:
    """One per process; thread-safe. Applying the same again changes nothing."""

    def __init__(
        self,
        settings: Settings,
        session: Session,
        store: Store,
        facility: Facility,
        registration: Registration,
        types: Callable[[], ParameterTypes],
    ) -> None:
        ingest = settings.ingest
        self._settings = settings
        self._session = session
        self._store = store
        self._facility = facility
        self._registration = registration
        self._links = registration.links
        self._types = types
        self._policy = Policy(
            lambda pids, definition: technique_names(pids, definition, ingest.definition_techniques),
            ingest.elapsed_time_unit,
        )

    def apply(self, update: MetadataUpdate, arrival: datetime, inbox_id: int) -> Done:
        """Set the value. Raises NotYet while there is no such dataset, Refused for names and values that cannot be set
        and for datasets of other sessions."""
        self._check_name(update.name)
        found = self._find(update)
        state = found.state
        sorted_ = self._types().sort([(update.name, self._stored(update))])
        if not sorted_.values:
            reason = next((reason for _, reason in sorted_.aside.values()), "names that nobody defined are not kept")
            raise Refused("values", f"{update.name} cannot be set: {reason}", STEP)
        name = next(iter(sorted_.values))
        serial = update.serial if update.serial is not None else inbox_id
        before = found.origin.corrected.get(name)
        if before is not None and (before.arrival, before.serial) > (arrival, serial):
            return Done(state.investigation_id, state.id, (f"{name} has been set again since; left as it is",), ())
        plan, message = self._plan(found, update, name, sorted_, arrival, serial)
        self._write(found, plan, sorted_, update.value if name == SAMPLE else None)
        self._link(found, plan, message, name)
        return Done(state.investigation_id, state.id, sorted_.warnings, _STAGES.get(name, ()))

    # ------------------------------------------------------------------------------------------------ checking

    def _check_name(self, name: str) -> None:
        if name in FIXED or is_computed(name) or name.startswith("__"):
            raise Refused("values", f"{name} cannot be set by itself: it follows from the dataset's messages", STEP)

    def _find(self, update: MetadataUpdate) -> Found:
        location = location_of(update, self._settings)
        self._registration.adopt()
        key = self._links.key_of(location)
        with self._store.read() as connection:
            known = linktable.lying_at(connection, [key]).get(key, [])
        states = [state for d in known if (state := read_dataset(self._session, d.dataset_id))]
        if not states:
            raise NotYet(
                "dataset",
                f"There is no dataset at {location}",
                STEP,
                give_up_after_seconds=self._settings.ingest.dataset_retry_minutes * 60,
                holds=False,  # the message that brings the dataset may be behind this one
            )
        state = next((s for s in states if self._same_proposal(s, update)), states[0])
        self._check_session(state, update)
        with self._store.read() as connection:
            remembered = memory.origin_of(connection, state.id)
        return Found(state, location, remembered, known_origin(state, remembered))

    def _same_proposal(self, state: DatasetState, update: MetadataUpdate) -> bool:
        aliases = self._settings.ingest.proposal_aliases
        return proposal_key(state.investigation_name, aliases) == proposal_key(update.proposal, aliases)

    def _check_session(self, state: DatasetState, update: MetadataUpdate) -> None:
        if not self._same_proposal(state, update):
            text = f"The dataset belongs to {state.investigation_name}, the message says {update.proposal}"
            raise Refused("session", text, STEP)
        query = Select("InvestigationInstrument", ["instrument.name"], Eq("investigation.id", state.investigation_id))
        measured = Select("DatasetInstrument", ["instrument.name"], Eq("dataset.id", state.id))
        names = {str(name) for q in (query, measured) for (name,) in self._session.rows(q)}
        aliases = self._settings.ingest.beamline_aliases
        if beamline_key(update.beamline, aliases) not in {beamline_key(name, aliases) for name in names}:
            text = f"The dataset belongs to {', '.join(sorted(names))}, the message says {update.beamline}"
            raise Refused("session", text, STEP)

    # ------------------------------------------------------------------------------------------------ planning

    def _stored(self, update: MetadataUpdate) -> str:
        return repaired_inputs(update.value)[0] if update.name == DECLARED_INPUTS else update.value

    def _plan(
        self, found: Found, update: MetadataUpdate, name: str, values: Sorted, arrival: datetime, serial: int
    ) -> tuple[Plan, DatasetMessage]:
        state, origin = found.state, found.origin
        start, end = self._period(state, origin, name, update.value)
        inputs = input_paths(self._stored(update)) if name == DECLARED_INPUTS else ()
        moment = {START: start, END: end}.get(name)
        changed = dataclasses.replace(
            origin,
            corrected={**origin.corrected, name: Correction(origin.top.index, arrival, serial, moment)},
            older={other: rank for other, rank in origin.older.items() if other != name},
            inputs=(origin.inputs or origin.top) if inputs else origin.inputs,
        )
        message = DatasetMessage(
            update.proposal, update.beamline, state.name, found.location, start, end, state.complete, input_paths=inputs
        )
        decision = Decision(frozenset({name}), frozenset(), False, state.complete, start, end, changed)
        weighed = Weighed(Offer(origin.top, start, frozenset({name})), decision, origin)
        around = Surroundings(state.investigation_id, None, 0, found.location, (state.name,))
        return make_plan(message, weighed, values.values, state, around, self._policy), message

    def _period(self, state: DatasetState, origin: Origin, name: str, text: str) -> tuple[datetime, datetime]:
        start, end = state.start or origin.start, state.end or origin.top.end
        if name not in (START, END):
            return start, end
        try:
            moment, _ = read_instant(text, self._settings.facility.timezone)
        except NotADate as error:
            raise Refused("dates", f"{name}: {error}", STEP) from error
        start, end = (moment, end) if name == START else (start, moment)
        if end < start:
            raise Refused("dates", f"{name} {text}: the dataset would end before it starts", STEP)
        return start, end

    # ------------------------------------------------------------------------------------------------- writing

    def _write(self, found: Found, plan: Plan, values: Sorted, sample: str | None) -> None:
        """The note comes first: a run that is killed in between does the same again."""
        state = found.state
        with self._store.begin() as connection:
            memory.keep_origin(connection, state.id, plan.origin)
            memory.keep_long_values(connection, state.id, values.values)
        pid = values.values.get("technique_pid") or state.parameters.get("technique_pid")
        pids = "" if pid is None else str(getattr(pid, "value", None) or getattr(pid, "text", ""))
        writes = [*self._sample_writes(state, sample), *plan.writes]
        try:
            carry_out(
                self._session,
                self._facility,
                writes,
                state.id,
                self._types().get(plan.parameter_names),
                self._registration.techniques.ids(plan.technique_names, pids),
            )
        except InvalidRequest:
            with self._store.begin() as connection:
                memory.keep_origin(connection, state.id, found.remembered)
            raise

    def _sample_writes(self, state: DatasetState, sample: str | None) -> list[Write]:
        if sample is None or not sample.strip():
            return []
        sample_id = find_or_make(self._session, state.investigation_id, sample.strip()[:255])
        return [] if sample_id == state.sample_id else [ChangeDataset({"sample": sample_id})]

    def _link(self, found: Found, plan: Plan, message: DatasetMessage, name: str) -> None:
        state = found.state
        located = Located(
            state.id,
            found.location,
            self._links.key_of(found.location),
            state.investigation_id,
            state.investigation_name,
            state.name,
            message.start,
            plan.type == "processed",
        )
        with self._store.begin() as connection:
            if name in _STAGES:
                memory.want_sums(connection, state.investigation_id)
            declared = message.input_paths if name == DECLARED_INPUTS else None
            left = self._links.register(connection, located, declared)
        self._links.arrive(state.id, left)
