"""What a catalogue must contain before the ingester can work with it. Creates what is missing, changes no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from drac_plugins.core.links.derive import DERIVED
from drac_plugins.core.links.lists import TRUNCATED
from drac_plugins.core.links.provenance import MARKS
from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import Eq
from icat_schema.parameters import Vocabulary, vocabulary
from ingest.plan import ELAPSED, FILE_COUNT, GALLERY_IDS, GALLERY_PATHS, VOLUME
from ingest.reschedule import ACTUAL_END, ACTUAL_START
from ingest.statistics import INVESTIGATION_SUMS, SAMPLE_SUMS

DATASET_TYPES = ("acquisition", "processed")
BATCH = 500
_LONGEST_DESCRIPTION = 255  # bytes, as on databases that count them

_ON_DATASET = (
    *DERIVED,
    TRUNCATED,
    FILE_COUNT,
    VOLUME,
    ELAPSED,
    GALLERY_IDS,
    GALLERY_PATHS,
    "__recovered",
    "__archiveStatus",
    "__restoreStatus",
)
_ON_INVESTIGATION = (*INVESTIGATION_SUMS, "Id", ACTUAL_START, ACTUAL_END)


@dataclass(frozen=True, slots=True)
class Instrument:
    name: str
    full_name: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """How many objects of each entity were made."""

    made: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"{count} {entity}" for entity, count in self.made.items() if count]
        return f"created {', '.join(parts)}" if parts else "nothing was missing"


@dataclass(frozen=True, slots=True)
class TypeWanted:
    name: str
    units: str
    description: str | None
    applicable: frozenset[str]


def types_wanted(definitions: Vocabulary) -> list[TypeWanted]:
    """Every ParameterType that the ingester writes: the vocabulary (text, whatever the definition says, as the readers
    in service expect), and the names that it computes itself."""
    applicable: dict[str, set[str]] = {}
    for holder, names in (
        ("Dataset", _ON_DATASET),
        ("Sample", SAMPLE_SUMS),
        ("Investigation", _ON_INVESTIGATION),
        ("DataCollection", MARKS),
    ):
        for name in names:
            applicable.setdefault(name, set()).add(holder)
    for definition in definitions:
        if definition.origin == "icat-esrf-definitions":
            applicable.setdefault(definition.name, set()).add("Dataset")
    return [_wanted(name, frozenset(holders), definitions) for name, holders in applicable.items()]


def _wanted(name: str, holders: frozenset[str], definitions: Vocabulary) -> TypeWanted:
    definition = definitions.get(name)
    measured = definition is not None and definition.origin == "icat-esrf-definitions"
    units = definition.units if definition and measured and definition.units else "NA"
    text = (definition.description if definition else "").encode()[:_LONGEST_DESCRIPTION].decode("utf-8", "ignore")
    return TypeWanted(name, units, text or None, holders)


def prepare(
    session: Session,
    facility: str,
    *,
    instruments: Iterable[Instrument] = (),
    investigation_types: Sequence[str] = ("MX",),
    definitions: Vocabulary | None = None,
) -> Prepared:
    """Create the facility, dataset types, parameter types, investigation types and instruments that are missing, in
    batches. The session must be allowed to create them. Running it again does nothing."""
    facility_id, made = _facility(session, facility)
    counts = {"Facility": made}
    for entity, names in (("DatasetType", DATASET_TYPES), ("InvestigationType", tuple(investigation_types))):
        present = {name for (name,) in session.rows(Select(entity, ["name"], where=Eq("facility.id", facility_id)))}
        new = [New(entity, {"facility": Ref(facility_id), "name": name}) for name in names if name not in present]
        counts[entity] = _write(session, new)
    query = Select("Instrument", ["name"], where=Eq("facility.id", facility_id))
    present = {name for (name,) in session.rows(query)}
    new = [
        New("Instrument", {"facility": Ref(facility_id), "name": i.name, "fullName": i.full_name or i.name})
        for i in instruments
        if i.name not in present
    ]
    counts["Instrument"] = _write(session, new)
    counts["ParameterType"] = _types(session, facility_id, types_wanted(definitions or vocabulary()))
    return Prepared(counts)


def _facility(session: Session, name: str) -> tuple[int, int]:
    rows = session.rows(Select("Facility", ["id"], where=Eq("name", name)))
    if rows:
        return int(rows[0][0]), 0
    return session.write([New("Facility", {"name": name})])[0], 1


def _types(session: Session, facility_id: int, wanted: Sequence[TypeWanted]) -> int:
    """Types that exist, with whatever unit, are only made applicable where we need them."""
    holders = ("Dataset", "Sample", "Investigation", "DataCollection")
    rows = session.rows(
        Select(
            "ParameterType",
            ["id", "name", *(f"applicableTo{holder}" for holder in holders)],
            where=Eq("facility.id", facility_id),
            order=[("id", "DESC")],
        )
    )
    present = {name: (id_, {h for h, flag in zip(holders, flags, strict=True) if flag}) for id_, name, *flags in rows}
    for type_ in wanted:
        if type_.name in present and (missing := type_.applicable - present[type_.name][1]):
            flags = {f"applicableTo{holder}": True for holder in sorted(missing)}
            session.write([Change("ParameterType", present[type_.name][0], flags)])
    return _write(session, [_new_type(facility_id, type_) for type_ in wanted if type_.name not in present])


def _new_type(facility_id: int, wanted: TypeWanted) -> New:
    return New(
        "ParameterType",
        {
            "facility": Ref(facility_id),
            "name": wanted.name,
            "units": wanted.units,
            "valueType": "STRING",
            "description": wanted.description,
            "enforced": False,
            **{f"applicableTo{holder}": True for holder in sorted(wanted.applicable)},
        },
    )


def _write(session: Session, operations: Sequence[New]) -> int:
    for first in range(0, len(operations), BATCH):
        session.write(operations[first : first + BATCH])
    return len(operations)
