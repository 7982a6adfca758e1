"""Techniques of ESRFET and PaNET: what an identifier means, and what is a kind of what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from typing import Any

import yaml
from esrf_ontologies.db import load_techniques

from icat_schema.techniques.names import ESRFET, PANET, PREFIXES, IriState, fold, spellings, split

PACKAGE = "esrf-ontologies"
_DATA = "icat_schema.techniques"
_COMPILED: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Technique:
    """One term. `acronym` is the preferred short name, `label` the longest official one, `names` all of them."""

    iri: str
    acronym: str
    label: str
    description: str
    names: tuple[str, ...]


class Techniques:
    """All terms and their descent; immutable. `version` goes into entity tags of whatever depends on descent."""

    def __init__(self, terms: Mapping[str, Technique], parents: Mapping[str, frozenset[str]], version: str) -> None:
        """`parents` holds the direct parents *and* equivalents of every known IRI, named or not."""
        self._terms = terms
        self._parents = parents
        self.version = version
        self._ancestors: dict[str, frozenset[str]] = {}
        self._by_local = {form: iri for iri in parents for form in _local_forms(iri)}
        self._by_name: dict[str, list[str]] = {}
        for term in terms.values():
            for form in {form for name in term.names for form in spellings(name)}:
                self._by_name.setdefault(form, []).append(term.iri)

    def __iter__(self) -> Iterator[Technique]:
        return iter(self._terms.values())

    def get(self, iri: str) -> Technique | None:
        """The term with any spelling of its IRI; None if unknown or an inner node without published text."""
        canonical = self.canonical(iri)
        return self._terms.get(canonical) if canonical else None

    def canonical(self, iri: str) -> str | None:
        """The IRI in force for any spelling of it (old or versioned namespace, CURIE, ASCII look-alikes, percent
        signs); None if it names no known technique."""
        parts = split(iri)
        return self._by_local.get((parts[0], fold(parts[1]))) if parts else None

    def state(self, iri: str) -> IriState:
        """How `iri` is spelt compared with the one in force; for lints."""
        parts, canonical = split(iri), self.canonical(iri)
        if parts is None or canonical is None:
            return "unknown"
        return "other spelling" if parts[2] == "current" and parts[0] + parts[1] != canonical else parts[2]

    def expand(self, curie: str) -> str:
        """`esrfet:MX` or `panet:PaNET01207` -> full IRI; an IRI stays as it is. ValueError for another prefix."""
        prefix, _, name = curie.partition(":")
        if name.startswith("//"):
            return curie
        if prefix.casefold() not in PREFIXES or not name:
            raise ValueError(f"{curie!r} is neither an IRI nor one of {', '.join(f'{p}:NAME' for p in PREFIXES)}")
        return self.canonical(curie) or PREFIXES[prefix.casefold()] + name

    def is_a(self, iri: str, ancestor: str) -> bool:
        """Is `iri` the technique `ancestor`, an equivalent, or a kind of it? Unknown IRIs are only themselves."""
        child, wanted = self.canonical(iri) or iri, self.canonical(ancestor) or ancestor
        return child == wanted or wanted in self.ancestors(child)

    def ancestors(self, iri: str) -> frozenset[str]:
        """Everything that `iri` is a kind of, equivalents included, itself not."""
        start = self.canonical(iri) or iri
        if start not in self._ancestors:
            seen: set[str] = set()
            waiting = [start]
            while waiting:
                fresh = self._parents.get(waiting.pop(), frozenset()) - seen
                seen |= fresh
                waiting.extend(fresh)
            self._ancestors[start] = frozenset(seen - {start})
        return self._ancestors[start]

    def depth(self, iri: str) -> int:
        """Length of the longest path to a root; deeper is more specific. Equivalents are equally deep; unknown is 0."""
        start = self.canonical(iri) or iri
        group = self._group(start)
        above = {parent for member in group for parent in self._parents.get(member, ())} - group
        return max((self.depth(parent) + 1 for parent in above), default=0)

    def _group(self, iri: str) -> frozenset[str]:
        return frozenset({iri, *(a for a in self.ancestors(iri) if iri in self.ancestors(a))})

    def resolve(self, text: str) -> tuple[Technique, ...]:
        """Techniques that an IRI, CURIE or name may mean. More than one: the name is ambiguous and must not be used
        without asking; those whose acronym it is come first. A name in ESRFET is not looked up in PaNET."""
        if found := self.get(text):
            return (found,)
        terms = [self._terms[iri] for iri in self._by_name.get(fold(text), ())]
        terms = [term for term in terms if term.iri.startswith(ESRFET)] or terms
        return tuple(sorted(terms, key=lambda term: (fold(term.acronym) != fold(text), term.iri)))


@cache
def techniques() -> Techniques:
    """The terms of the installed package with our table of descent; read once per process."""
    package = [term for ontology in ("ESRFET", "PaNET") for term in load_techniques(ontology)]
    terms = {term["iri"]: _technique(term["iri"], tuple(term["names"]), term["description"]) for term in package}
    ontology = max((term["ontology_version"] for term in package if "ontology_version" in term), default="")
    return Techniques(terms, _parents(), f"{metadata.version(PACKAGE)}/{ontology}/{_table()['esrfet_version']}")


def _technique(iri: str, names: tuple[str, ...], description: str) -> Technique:
    return Technique(iri, names[0], max(names, key=len), description, names)


def _table() -> dict[str, dict[str, dict[str, list[str]]]]:
    text = resources.files(_DATA).joinpath("descent.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, dict[str, list[str]]]] = json.loads(text)
    return table


def _parents() -> dict[str, frozenset[str]]:
    table = _table()
    parents = {
        _full(curie): frozenset(map(_full, [*row["parents"], *row.get("equivalent", [])]))
        for section in ("named", "unnamed")
        for curie, row in table[section].items()
    }
    for row in kept_by_hand():
        iri = _full(str(row["technique"]))
        parents[iri] = parents[iri] | frozenset(map(_full, row["of"]))
    return parents


def kept_by_hand() -> list[dict[str, list[str]]]:
    """The rows of descent that we add to the reasoner's, each with `technique`, `of` and `reason`."""
    text = resources.files(_DATA).joinpath("treated_as_kinds.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, list[str]]] = yaml.load(text, Loader=_COMPILED)  # noqa: S506 - a safe one
    return rows


def _full(curie: str) -> str:
    prefix, _, name = curie.partition(":")
    return PREFIXES[prefix] + name


def _local_forms(iri: str) -> set[tuple[str, str]]:
    namespace = ESRFET if iri.startswith(ESRFET) else PANET
    return {(namespace, form) for form in spellings(iri.removeprefix(namespace))}
