"""The `parameters` filter, held against the catalogue.

A filter names parameters of an object, or of the objects around it (a dataset's sample and investigation). Existence
and texts are compared in the catalogue. Numbers are not: parameters are registered as text, and `"9" > "12.4"` as
text, so the values of the named parameters are fetched as bare rows, among the objects that the other criteria leave,
and compared here; what is no number does not match. Types that hold numbers or dates go the same way, because a filter
compares what the reader sees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from drac_plugins.core.reads.grammar import ParameterFilter
from drac_plugins.core.reads.lookups import named_parameter_types
from drac_plugins.core.reads.records import ParameterTypeRecord
from drac_plugins.core.reads.values import VALUE_COLUMNS, text_of
from drac_plugins.core.reads.view import View, prefixed
from icat_schema.gateway import Select
from icat_schema.gateway.conditions import And, Condition, Contains, Eq, In, InSelect, Or
from icat_schema.parameters import vocabulary

Subject = Literal["Dataset", "Sample", "Investigation"]

MAX_IN_QUERY = 200
"""More objects than these found by their values are not named in a query; then the answer is sifted here."""

_WAYS: Mapping[Subject, Mapping[Subject, tuple[str, str]]] = {
    "Dataset": {
        "Dataset": ("", ""),
        "Sample": ("sample.", "datasets."),
        "Investigation": ("investigation.", "datasets."),
    },
    "Sample": {
        "Sample": ("", ""),
        "Dataset": ("datasets.", "sample."),
        "Investigation": ("investigation.", "samples."),
    },
    "Investigation": {
        "Investigation": ("", ""),
        "Dataset": ("datasets.", "investigation."),
        "Sample": ("samples.", "investigation."),
    },
}
"""From the entity that is searched to the owner of a parameter, and back."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """Owners whose values satisfy a filter, per entity: an object must be one of them or belong to one of them."""

    owners: Mapping[Subject, frozenset[int]]

    @property
    def size(self) -> int:
        return sum(len(ids) for ids in self.owners.values())


def compiled(
    view: View, subject: Subject, filters: Sequence[ParameterFilter], where: Condition | None
) -> tuple[list[Condition], list[Sieve]] | None:
    """What `filters` ask for: conditions on `subject`, and sets of owners too large for a condition, which the
    caller has to sift by. None: nothing can match, because a parameter is unknown or no value fits. `where`: the
    other criteria.
    """
    names = [vocabulary().namesakes(name) for one in filters for name in one.names]
    types = named_parameter_types(view, names) if names else []
    conditions: list[Condition] = []
    sieves: list[Sieve] = []
    for one in filters:
        named = _named(types, one)
        if not named:
            return None
        if one.operator == "exists" or (not one.is_comparison and all(t.value_type == "STRING" for t in named)):
            conditions.append(textual(subject, one, named))
            continue
        sieve = _compared(view, subject, one, named, where)
        if not sieve.size:
            return None
        if sieve.size > MAX_IN_QUERY:
            sieves.append(sieve)
        else:
            conditions.append(_among(subject, sieve))
    return conditions, sieves


def _named(types: Iterable[ParameterTypeRecord], one: ParameterFilter) -> list[ParameterTypeRecord]:
    """Types of these names and of those that they had before or got since, so that saved filters and shared links keep
    finding data from both sides of a renaming."""
    known = vocabulary()
    wanted = {other.casefold() for name in one.names for other in known.namesakes(name)}
    return [kind for kind in types if kind.name.casefold() in wanted]


def _owners(subject: Subject, named: Iterable[ParameterTypeRecord]) -> list[tuple[Subject, list[int]]]:
    """Entities that can have one of these parameters, with the ids of the types; the searched entity first."""
    owners = [(owner, [kind.id for kind in named if owner in kind.applicable_to]) for owner in _WAYS[subject]]
    return [(owner, ids) for owner, ids in owners if ids]


def textual(subject: Subject, one: ParameterFilter, named: list[ParameterTypeRecord]) -> Condition:
    """Alternatives, one per owner. Each is a subquery of its own: two filters speak of two parameters, while
    conditions on the same relation side by side would speak of one."""
    alternatives: list[Condition] = []
    for owner, ids in _owners(subject, named):
        content = And(In("type.id", ids), *_value_conditions(one))
        mine = InSelect("id", Select(f"{owner}Parameter", [f"{owner.lower()}.id"], content))
        alternatives.append(prefixed(mine, _WAYS[subject][owner][0]))
    return Or(*alternatives)


def _value_conditions(one: ParameterFilter) -> list[Condition]:
    match one.operator:
        case "eq":
            return [Eq("stringValue", one.values[0])]
        case "in":
            return [In("stringValue", one.values)]
        case "like":
            return [Contains("stringValue", one.values[0])]
        case _:
            return []


def _compared(
    view: View, subject: Subject, one: ParameterFilter, named: list[ParameterTypeRecord], where: Condition | None
) -> Sieve:
    found: dict[Subject, frozenset[int]] = {}
    for owner, ids in _owners(subject, named):
        condition: Condition = In("type.id", ids)
        if where is not None:
            condition = And(condition, prefixed(where, f"{owner.lower()}.{_WAYS[subject][owner][1]}"))
        rows = view.session.rows(Select(f"{owner}Parameter", [f"{owner.lower()}.id", *VALUE_COLUMNS], condition))
        found[owner] = frozenset(
            key for key, string, number, instant in rows if one.holds(text_of(string, number, instant, view.zone))
        )
    return Sieve({owner: ids for owner, ids in found.items() if ids})


def _among(subject: Subject, sieve: Sieve) -> Condition:
    return Or(*(In(f"{_WAYS[subject][owner][0]}id", sorted(ids)) for owner, ids in sieve.owners.items()))


def sifted(
    view: View, subject: Subject, ids: Sequence[int], sieves: Iterable[Sieve], where: Condition | None
) -> list[int]:
    """Those of `ids`, which fulfil `where`, that pass every sieve, in their order. One call per kind of owner that is
    not the searched entity itself."""
    kept = list(ids)
    owned: dict[Subject, dict[int, set[int]]] = {}
    for sieve in sieves:
        for owner in sieve.owners:
            if owner not in owned:
                owned[owner] = _owned(view, subject, owner, where)
        kept = [
            key
            for key in kept
            if any(not owners.isdisjoint(owned[owner].get(key, ())) for owner, owners in sieve.owners.items())
            or key in sieve.owners.get(subject, ())
        ]
    return kept


def _owned(view: View, subject: Subject, owner: Subject, where: Condition | None) -> dict[int, set[int]]:
    """Ids of the owners around each object of the searched entity."""
    if owner == subject:
        return {}
    forth, back = _WAYS[subject][owner]
    if forth in ("datasets.", "samples."):
        select = Select(owner, [f"{back}id", "id"], prefixed(where, back) if where is not None else None)
    else:
        select = Select(subject, ["id", f"{forth}id"], where)
    found: dict[int, set[int]] = {}
    for key, other in view.session.rows(select):
        if other is not None:
            found.setdefault(key, set()).add(other)
    return found
