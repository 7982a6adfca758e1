"""From a message and what the catalogue says about its dataset to the list of writes. Pure.

A plan that is carried out and made again is empty. Printed, it is a short list for people.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from drac_plugins.core.links.lists import TRUNCATED, truncated
from ingest.competition import RECOVERED, Decision, Offer, Origin, Rank, assumed, decide
from ingest.domain import DatasetMessage
from ingest.state import DatasetState, Stored
from ingest.values import Value, same, whole_number
from ingest.writes import (
    AddInstrument,
    AddTechnique,
    ChangeDataset,
    CreateDataset,
    DatasetType,
    RemoveRows,
    SetParameter,
    Write,
)

COMPUTED_PREFIX = "__"
GALLERY_IDS, GALLERY_PATHS = "ResourcesGallery", "ResourcesGalleryFilePaths"
COMPUTED = frozenset(
    {
        "input_datasetIds",
        "input_datasetNames",
        "output_datasetIds",
        "output_datasets",
        "output_datasetNames",
        GALLERY_IDS,
    }
)
"""Names that the ingester writes itself, beside those with two leading underscores; producers' values are ignored."""
SEQUENCE_INDEX = "Process_sequence_index"
ELAPSED, FILE_COUNT, VOLUME = "__elapsedTime", "__fileCount", "__volume"
LONGEST_LOCATION = 255
LONGEST_DESCRIPTION = 255


def is_computed(name: str) -> bool:
    return (name.startswith(COMPUTED_PREFIX) and name != RECOVERED) or name in COMPUTED


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Ids that the message's names mean in the catalogue. `location`: what goes into `Dataset.location`; `names`:
    candidates for `Dataset.name`, best first."""

    investigation_id: int
    sample_id: int | None
    instrument_id: int
    location: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A message held against what has been applied to its dataset before (`before` None: nothing)."""

    offer: Offer
    decision: Decision
    before: Origin | None


@dataclass(frozen=True, slots=True)
class Plan:
    """`origin`: what to remember when the writes are done. `declares_inputs`: the message's inputs count."""

    writes: tuple[Write, ...]
    origin: Origin
    declares_inputs: bool
    lists_files: bool
    type: DatasetType

    @property
    def parameter_names(self) -> list[str]:
        """Parameters that the writes need a type for."""
        names: list[str] = []
        for write in self.writes:
            if isinstance(write, CreateDataset):
                names += write.parameters
            elif isinstance(write, SetParameter):
                names.append(write.name)
        return names

    @property
    def technique_names(self) -> list[str]:
        names: list[str] = []
        for write in self.writes:
            if isinstance(write, CreateDataset):
                names += write.techniques
            elif isinstance(write, AddTechnique):
                names.append(write.name)
        return names

    def __str__(self) -> str:
        return "\n".join(map(str, self.writes)) or "nothing to do"


def offer(message: DatasetMessage, values: Collection[str], arrival: datetime, serial: int) -> Offer:
    """A message as it competes with others about the same dataset."""
    index = whole_number(message.parameter(SEQUENCE_INDEX))
    return Offer(
        Rank(index, message.complete, message.end, arrival, serial),
        message.start,
        frozenset(name for name in values if not is_computed(name)),
        lists_files=bool(message.files),
    )


def present_names(state: DatasetState) -> frozenset[str]:
    """Parameters that messages compete for."""
    return frozenset(name for name in state.parameters if not is_computed(name))


def known_origin(state: DatasetState, remembered: Origin | None) -> Origin:
    """What was remembered, or what can be told from the catalogue about a dataset that somebody else registered."""
    if remembered is not None:
        return remembered
    index = state.parameters.get(SEQUENCE_INDEX)
    start = state.start or state.end or datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    found = assumed(whole_number(index.text if index else None), state.complete, start, state.end or start)
    return replace(found, inputs=found.top) if "input_datasets" in state.parameters else found


def weigh(offered: Offer, state: DatasetState | None, remembered: Origin | None) -> Weighed:
    """Which parts of a message count. Needs no ids, so that nothing is looked up or made for parts that do not."""
    before = known_origin(state, remembered) if state else None
    if before is not None and remembered is None and _same_message(offered, before):
        before = None
    return Weighed(offered, decide(offered, present_names(state) if state else (), before), before)


def _same_message(offered: Offer, found: Origin) -> bool:
    """Whether a dataset of which nothing is remembered looks as this message would have left it. Then it did: the run
    that made it was killed before it could take a note."""
    mine, theirs = offered.rank, found.top
    return (
        (mine.index, mine.complete) == (theirs.index, theirs.complete)
        and not _differ(found.start, offered.start)
        and not _differ(theirs.end, mine.end)
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """How the facility wants some values. `techniques`: names of the techniques that the parameters `technique_pid` and
    `definition` mean."""

    techniques: Callable[[str, str], tuple[str, ...]]
    elapsed_unit: Literal["ms", "s"] = "ms"


def make_plan(
    message: DatasetMessage,
    weighed: Weighed,
    values: Mapping[str, Value],
    state: DatasetState | None,
    around: Surroundings,
    policy: Policy,
) -> Plan:
    """`values`: the message's parameters as they can be stored (empty and unfit ones left out)."""
    decision, rank = weighed.decision, weighed.offer.rank
    kind: DatasetType = "processed" if decision.origin.inputs else "acquisition"
    taken = {name: values[name] for name in sorted(decision.values)}
    lists_files = bool(message.files) and decision.origin.files == rank
    origin = replace(
        decision.origin,
        listed=_listed(message) if lists_files else decision.origin.listed,
        gallery=_gallery(taken, decision, weighed.before),
    )
    if state is None:
        writes = _creation(message, decision, kind, taken, around, policy)
    else:
        writes = _update(message, decision, kind, _without_kept_gallery(taken, weighed.before), state, around, policy)
    return Plan(writes, origin, decision.origin.inputs == rank, lists_files, kind)


def _listed(message: DatasetMessage) -> tuple[Mapping[str, object], ...]:
    return tuple(
        {"location": f.location, "size": f.size, "parameters": [list(p) for p in f.parameters]} for f in message.files
    )


def _gallery(taken: Mapping[str, Value], decision: Decision, origin: Origin | None) -> str | None:
    if GALLERY_PATHS in taken:
        return _whole(taken[GALLERY_PATHS])
    if origin is None or GALLERY_PATHS in decision.remove:
        return None
    return origin.gallery


def _without_kept_gallery(taken: dict[str, Value], origin: Origin | None) -> dict[str, Value]:
    """The gallery run may have shortened the list; the same list sent again does not undo that."""
    if origin and GALLERY_PATHS in taken and _whole(taken[GALLERY_PATHS]) == origin.gallery:
        return {name: value for name, value in taken.items() if name != GALLERY_PATHS}
    return taken


def _whole(value: Value) -> str:
    return value.whole or str(value.value)


def _creation(
    message: DatasetMessage,
    decision: Decision,
    kind: DatasetType,
    taken: Mapping[str, Value],
    around: Surroundings,
    policy: Policy,
) -> tuple[Write, ...]:
    zero = Value("stringValue", "0")
    parameters = {
        **taken,
        FILE_COUNT: zero,
        VOLUME: zero,
        ELAPSED: elapsed(decision.start, decision.end, policy.elapsed_unit),
    }
    if cut := truncated(None, (), (name for name, value in taken.items() if value.whole is not None)):
        parameters[TRUNCATED] = Value("stringValue", cut)
    return (
        CreateDataset(
            around.names,
            around.investigation_id,
            around.sample_id,
            around.location,
            kind,
            decision.start,
            decision.end,
            decision.complete,
            _description(message),
            parameters,
            _techniques(taken, {}, frozenset(), policy) or (),
            around.instrument_id,
        ),
    )


def _update(
    message: DatasetMessage,
    decision: Decision,
    kind: DatasetType,
    taken: Mapping[str, Value],
    state: DatasetState,
    around: Surroundings,
    policy: Policy,
) -> tuple[Write, ...]:
    writes: list[Write] = _outdated_gallery(taken, state)
    if fields := _changed_fields(message, decision, kind, state, around):
        writes.append(ChangeDataset(fields))
    wanted = {**taken, ELAPSED: elapsed(decision.start, decision.end, policy.elapsed_unit)}
    for name in (FILE_COUNT, VOLUME):
        if name not in state.parameters:
            wanted[name] = Value("stringValue", "0")
    before = state.parameters.get(TRUNCATED)
    cut = truncated(
        before.text if before else None,
        {*taken, *decision.remove},
        (name for name, value in taken.items() if value.whole is not None),
    )
    if cut:
        wanted[TRUNCATED] = Value("stringValue", cut)
    writes += _set(wanted, state)
    gone = _gone(decision, state)
    if before and not cut:
        gone.append(before.id)
    surplus: list[RemoveRows] = []
    final = _techniques(taken, state.parameters, decision.remove, policy)
    if final is not None:
        writes += [AddTechnique(name) for name in final if name not in state.techniques]
        surplus += _surplus("DatasetTechnique", state.techniques, final)
    if decision.leads:
        writes += [AddInstrument(i) for i in (around.instrument_id,) if i not in state.instruments]
        surplus += _surplus("DatasetInstrument", state.instruments, (around.instrument_id,))
    if gone:  # last, because the techniques are found out from the parameters
        surplus.append(RemoveRows("DatasetParameter", tuple(gone)))
    return (*writes, *surplus)


def _outdated_gallery(taken: Mapping[str, Value], state: DatasetState) -> list[Write]:
    """The ids of gallery files go before a new list of paths comes, since readers pair the two; the gallery run writes
    them again."""
    ids, paths = state.parameters.get(GALLERY_IDS), state.parameters.get(GALLERY_PATHS)
    value = taken.get(GALLERY_PATHS)
    if ids is None or value is None or (paths is not None and same(paths.columns, value)):
        return []
    return [RemoveRows("DatasetParameter", (ids.id,))]


def _gone(decision: Decision, state: DatasetState) -> list[int]:
    """Rows of the parameters that nothing supports any more."""
    removed = set(decision.remove)
    if GALLERY_PATHS in removed:
        removed.add(GALLERY_IDS)
    return [state.parameters[name].id for name in sorted(removed) if name in state.parameters]


def _techniques(
    taken: Mapping[str, Value], present: Mapping[str, Stored], removed: Collection[str], policy: Policy
) -> tuple[str, ...] | None:
    """Techniques of the dataset when all is done; None: the parameters say nothing, so what is there stays."""
    texts = []
    for name in ("technique_pid", "definition"):
        old = present.get(name)
        if name in taken:
            texts.append(_whole(taken[name]))
        else:
            texts.append((old.text or "") if old and name not in removed else "")
    names = policy.techniques(*texts)
    return names if names or "technique_pid" in {*taken, *removed} else None


def _set(wanted: Mapping[str, Value], state: DatasetState) -> Iterable[Write]:
    for name, value in wanted.items():
        stored = state.parameters.get(name)
        if stored is None or not same(stored.columns, value):
            yield SetParameter(name, value, stored.id if stored else None)


_Key = TypeVar("_Key", str, int)


def _surplus(
    entity: Literal["DatasetTechnique", "DatasetInstrument"], present: Mapping[_Key, int], wanted: Collection[_Key]
) -> list[RemoveRows]:
    rows = tuple(row for key, row in present.items() if key not in wanted)
    return [RemoveRows(entity, rows)] if rows else []


def _changed_fields(
    message: DatasetMessage, decision: Decision, kind: DatasetType, state: DatasetState, around: Surroundings
) -> dict[str, object]:
    fields: dict[str, object] = {}
    if _differ(state.start, decision.start):
        fields["startDate"] = decision.start
    if _differ(state.end, decision.end):
        fields["endDate"] = decision.end
    if state.complete != decision.complete:
        fields["complete"] = decision.complete
    if kind == "processed" and state.type_name == "acquisition":
        fields["type"] = kind
    if decision.leads:
        if message.comment and state.description != _description(message):
            fields["description"] = _description(message)
        moved = around.sample_id is not None and around.sample_id != state.sample_id
        if moved and "Sample_name" not in decision.origin.corrected:
            fields["sample"] = around.sample_id
    return fields


def _differ(old: datetime | None, new: datetime) -> bool:
    return old is None or abs(old - new) >= timedelta(seconds=1)  # databases may cut fractions


def _description(message: DatasetMessage) -> str | None:
    return message.comment[:LONGEST_DESCRIPTION] if message.comment else None


def elapsed(start: datetime, end: datetime, unit: Literal["ms", "s"]) -> Value:
    """`__elapsedTime`: a whole number; milliseconds unless the facility's portals want seconds."""
    duration = end - start
    one = timedelta(milliseconds=1) if unit == "ms" else timedelta(seconds=1)
    return Value("stringValue", str(max(0, round(duration / one))))
