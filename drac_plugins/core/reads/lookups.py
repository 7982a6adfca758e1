"""Names in a query, resolved against the small tables of the catalogue: one call each, compared here.

Instruments, techniques and parameter types are few and rarely change, and their spellings differ in ways that a query
cannot express (case, dashes, old namespaces of techniques). So the tables are kept for a while, per session; a name
that is not in what is kept is looked for in the catalogue. What is found here only becomes a condition: the catalogue
is asked under it by the same session, which has to be valid then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from drac_plugins.core.caches import Kept
from drac_plugins.core.reads.names import instrument_key, proposal_fragments, proposal_key
from drac_plugins.core.reads.records import ParameterTypeRecord
from drac_plugins.core.reads.view import View
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Contains, Or
from icat_schema.techniques import techniques

T = TypeVar("T")

_REASON = "searches by {} would read the whole table each time"
INSTRUMENTS: Kept[dict[int, str]] = Kept("instrument names", _REASON.format("instrument"))
TECHNIQUES: Kept[dict[int, str]] = Kept("technique identifiers", _REASON.format("technique"))
PARAMETER_TYPES: Kept[tuple[ParameterTypeRecord, ...]] = Kept(
    "parameter types", _REASON.format("parameter"), session_bytes=4 * 1024 * 1024, sessions=32
)

OWNERS = ("Dataset", "Sample", "Investigation")
"""Entities whose parameters a filter can name."""


def instrument_ids(view: View, names: Iterable[str]) -> tuple[int, ...]:
    """Instruments of these names, in any case and without regard to dashes."""
    keys = {instrument_key(name) for name in names}

    def load() -> dict[int, str]:
        return {key: instrument_key(name) for key, name in view.session.rows(Select("Instrument", ["id", "name"]))}

    found = _kept(view, INSTRUMENTS, load, lambda known: keys <= set(known.values()))
    return tuple(key for key, name in found.items() if name in keys)


def technique_ids(view: View, iris: Iterable[str]) -> tuple[int, ...]:
    """Techniques of these IRIs, in any of the namespaces that ever named them."""
    wanted = {_canonical(iri) for iri in iris}

    def load() -> dict[int, str]:
        return {key: _canonical(pid) for key, pid in view.session.rows(Select("Technique", ["id", "pid"])) if pid}

    found = _kept(view, TECHNIQUES, load, lambda known: wanted <= set(known.values()))
    return tuple(key for key, iri in found.items() if iri in wanted)


def _canonical(iri: str) -> str:
    return techniques().canonical(iri) or iri.strip()


def named_parameter_types(view: View, names: Iterable[Iterable[str]]) -> list[ParameterTypeRecord]:
    """Those of these names, each with all that mean the same, in any case; several types can have one name."""
    wanted = [{name.strip().casefold() for name in same} for same in names]

    def suffices(known: tuple[ParameterTypeRecord, ...]) -> bool:
        there = {kind.name.casefold() for kind in known}
        return not any(same.isdisjoint(there) for same in wanted)

    found = _kept(view, PARAMETER_TYPES, lambda: parameter_types(view), suffices)
    return [kind for kind in found if any(kind.name.casefold() in same for same in wanted)]


def _kept(view: View, kept: Kept[T], load: Callable[[], T], suffices: Callable[[T], bool]) -> T:
    if view.caches is None:
        return load()
    found = view.caches.of(kept).value(view.session.id, "all", load)
    return found if suffices(found) else load()


def parameter_types(view: View) -> tuple[ParameterTypeRecord, ...]:
    """All parameter types in the order of their ids."""
    flags = [f"applicableTo{owner}" for owner in OWNERS]
    columns = ["id", "name", "units", "valueType", "description", *flags]
    return tuple(
        ParameterTypeRecord(
            id=row[0],
            name=row[1],
            units=row[2],
            value_type=row[3],
            description=row[4],
            applicable_to=frozenset(owner for owner, applicable in zip(OWNERS, row[5:], strict=True) if applicable),
        )
        for row in view.session.rows(Select("ParameterType", columns))
    )


def proposal_names(view: View, texts: Iterable[str]) -> tuple[str, ...]:
    """The names of investigations that are spellings of one of these proposals, as they are stored."""
    fragments = {text: proposal_fragments(text) for text in texts}
    alternatives = [And(*(Contains("name", part) for part in parts)) for parts in fragments.values() if parts]
    if not alternatives:
        return ()
    keys = {proposal_key(text) for text in fragments}
    rows = view.session.rows(Select("Investigation", ["name"], Or(*alternatives), distinct=True))
    return tuple(name for (name,) in rows if proposal_key(name) in keys)
