"""Names in a query, resolved against the small tables of the catalogue: one call each, compared here.

Instruments, techniques and parameter types are few and rarely change, and their spellings differ in ways that a query
cannot express (case, dashes, old namespaces of techniques).
"""

from __future__ import annotations

from collections.abc import Iterable

from drac_plugins.core.reads.names import instrument_key, proposal_fragments, proposal_key
from drac_plugins.core.reads.records import ParameterTypeRecord
from drac_plugins.core.reads.view import View
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Contains, Or
from icat_schema.techniques import techniques

OWNERS = ("Dataset", "Sample", "Investigation")
"""Entities whose parameters a filter can name."""


def instrument_ids(view: View, names: Iterable[str]) -> tuple[int, ...]:
    """Instruments of these names, in any case and without regard to dashes."""
    keys = {instrument_key(name) for name in names}
    rows = view.session.rows(Select("Instrument", ["id", "name"]))
    return tuple(key for key, name in rows if instrument_key(name) in keys)


def technique_ids(view: View, iris: Iterable[str]) -> tuple[int, ...]:
    """Techniques of these IRIs, in any of the namespaces that ever named them."""
    wanted = {_canonical(iri) for iri in iris}
    rows = view.session.rows(Select("Technique", ["id", "pid"]))
    return tuple(key for key, pid in rows if pid and _canonical(pid) in wanted)


def _canonical(iri: str) -> str:
    return techniques().canonical(iri) or iri.strip()


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
