"""The parameter vocabulary: the definitions of the installed package, plus the names only a catalogue knows.

The definitions are read from the package's NeXus template rather than from its models: same facts (a test compares
them one by one), without the second that building a thousand model fields costs every process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import icat_esrf_definitions
import yaml
from lxml import etree

from icat_schema.parameters.definition import Kind, ParameterDefinition

PACKAGE = "icat-esrf-definitions"
_PLACEHOLDER = re.compile(r"^\$\{(?P<name>[^}]+)\}$")
_REPLACEMENT = re.compile(r"Use \S+ \((?P<name>[^)]+)\) instead")
_LIST_OF = re.compile(r"\b(?P<how>space|comma|semicolon)-separated list", re.IGNORECASE)
_SEPARATORS = {"space": " ", "comma": ",", "semicolon": ";"}
_LISTS_BY_ANOTHER_WORDING = {"DOI_rights": ",", "Sample_categories": ",", "Compression_codec": ","}
_KINDS: Mapping[str, Kind] = {
    "NX_CHAR": "text",
    "NX_INT": "integer",
    "NX_FLOAT": "number",
    "NX_NUMBER": "number",
    "NX_BOOLEAN": "boolean",
    "NX_DATE_TIME": "date",
}

_COMPILED: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast, for our own file; deep nesting in those of others could end the process."""


class Vocabulary:
    """Parameter definitions by name; immutable. `version` goes into entity tags of whatever is derived from it."""

    def __init__(self, definitions: Iterable[ParameterDefinition], version: str) -> None:
        self._by_name = {definition.name: definition for definition in definitions}
        self.version = version

    def __iter__(self) -> Iterator[ParameterDefinition]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def get(self, name: str) -> ParameterDefinition | None:
        """The definition under exactly this name, current, deprecated or former; None if nobody defines it."""
        return self._by_name.get(name)

    def successor(self, name: str) -> str:
        """The name to use today for a parameter that may have been renamed (itself if it was not)."""
        seen: set[str] = set()
        while name not in seen and (definition := self._by_name.get(name)) and definition.replaced_by:
            seen.add(name)
            name = definition.replaced_by
        return name

    def namesakes(self, name: str) -> frozenset[str]:
        """All names, old and new, under which values of this parameter are met, as far as they are in the same unit
        and so can be compared; case does not matter. A name that nobody defines stands for itself."""
        return self._namesakes.get(name.casefold(), frozenset({name}))

    @cached_property
    def _namesakes(self) -> Mapping[str, frozenset[str]]:
        groups: dict[tuple[str, str | None], set[str]] = {}
        for definition in self:
            groups.setdefault((self.successor(definition.name), definition.units), set()).add(definition.name)
        return {name.casefold(): frozenset(group) for group in groups.values() for name in group}

    @cached_property
    def renames(self) -> Mapping[str, str]:
        """Old name -> name to use today, for saved filters and shared links."""
        return {d.name: self.successor(d.name) for d in self if d.replaced_by}

    def extended(self, additions: Iterable[ParameterDefinition], version: str) -> Vocabulary:
        """A vocabulary in which `additions` are known too and win over definitions of the same name. `version`
        identifies the additions (for instance a hash of their file)."""
        return Vocabulary([*self, *additions], f"{self.version}+{version}")


@cache
def vocabulary() -> Vocabulary:
    """The definitions of the installed package, the parameters that the ingester computes, and former names still
    found in catalogues. Read once per process."""
    own = resources.files("icat_schema.parameters").joinpath("additions.yaml").read_text(encoding="utf-8")
    defined = _read_template(Path(icat_esrf_definitions.DEFINITIONS_FILE).read_bytes())
    additions = _additions("additions.yaml", yaml.load(own, Loader=_COMPILED))  # noqa: S506 - a safe one
    return Vocabulary([*additions, *defined], metadata.version(PACKAGE))


def read_additions(source: str, text: str) -> list[ParameterDefinition]:
    """Parameter definitions from a YAML file: a mapping of name to any of `kind`, `units`, `description`,
    `separator`, `replaced_by`, `nexus_path`, `origin`. Raises ValueError naming `source` and the parameter."""
    try:
        document = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{source}: not valid YAML: {error}") from error
    return _additions(source, document)


def _additions(source: str, document: Any) -> list[ParameterDefinition]:
    if not isinstance(document, dict):
        raise ValueError(f"{source}: expected a mapping of parameter name to definition")
    return [_read_addition(source, str(name), body) for name, body in document.items()]


def _read_addition(source: str, name: str, body: Any) -> ParameterDefinition:
    accepted = {"kind", "units", "description", "separator", "replaced_by", "nexus_path", "origin"}
    if not isinstance(body, dict) or not set(body) <= accepted:
        raise ValueError(f"{source}: parameter {name!r}: give a mapping with any of {', '.join(sorted(accepted))}")
    if body.get("kind", "text") not in set(_KINDS.values()):
        raise ValueError(f"{source}: parameter {name!r}: kind must be one of {', '.join(sorted(set(_KINDS.values())))}")
    wrong = [key for key, value in body.items() if not isinstance(value, str)]
    if wrong:
        raise ValueError(f"{source}: parameter {name!r}: {wrong[0]} must be text")
    definition = replace(ParameterDefinition(name, origin=source), **body)
    if definition.replaced_by:
        return replace(definition, deprecated=f"{name} was renamed. Use {definition.replaced_by} instead.")
    return definition


def _read_template(content: bytes) -> list[ParameterDefinition]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    found: dict[str, ParameterDefinition] = {}
    for element in etree.fromstring(content, parser).iter(etree.Element):
        place = _PLACEHOLDER.match((element.text or "").strip())
        if place:
            definition = _definition(place["name"], element)
            if definition.name not in found or _names_its_place(definition):
                found[definition.name] = definition
    return list(found.values())


def _names_its_place(definition: ParameterDefinition) -> bool:
    """A NeXus link repeats the placeholder of its target; names are made from the path of the target."""
    return definition.nexus_path.replace(".", "").lower().endswith(definition.name.replace("_", "", 1).lower())


def _definition(name: str, element: etree._Element) -> ParameterDefinition:
    description = element.get("ESRF_description") or ""
    deprecated = element.get("ESRF_deprecated")
    successor = _REPLACEMENT.search(deprecated or "")
    listed = _LIST_OF.search(description)
    groups = [str(ancestor.get("groupName")) for ancestor in element.iterancestors()][::-1][1:]
    return ParameterDefinition(
        name=name,
        kind=_KINDS[element.get("NAPItype") or "NX_CHAR"],
        units=element.get("units"),
        description=description,
        nexus_path=".".join([*groups, str(element.tag)]),
        separator=_SEPARATORS[listed["how"].lower()] if listed else _LISTS_BY_ANOTHER_WORDING.get(name),
        deprecated=deprecated,
        replaced_by=successor["name"] if successor else None,
        required=element.get("ESRF_mandatory") is not None,
    )
