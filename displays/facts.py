"""What selection knows about a dataset, brought into comparable form once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from displays.records import Dataset, as_instant
from displays.selector import normalise_instrument
from icat_schema.techniques import Techniques

_APPLICATIONS = {"TOMO": "esrfet:XRCT", "FLUO": "esrfet:XRF", "HOLO": "esrfet:XHT", "HTXRPD": "esrfet:XRPD"}
"""Words of `definition` that name an application of the definitions but no technique, and what they are used for."""
_WORD = re.compile(r"[^\s,;()\[\]'\"]+")


@dataclass(frozen=True)
class Facts:
    """`instrument` is normalised, `instrument_name` as written. `techniques` are IRIs in force where known. `notes` say
    what could not be used, for the explanation. Dates are UTC instants; `acquired` falls back on `start`."""

    instrument: str | None
    instrument_name: str | None
    techniques: tuple[str, ...]
    definitions: tuple[str, ...]
    dataset_type: str
    scan_type: str | None
    project: str | None
    program: str | None
    content_schemas: tuple[str, ...]
    start: datetime | None
    acquired: datetime | None
    notes: tuple[str, ...] = ()

    def words(self, key: str) -> tuple[str, ...]:
        """Values for one of the selector's word keys."""
        single = {
            "dataset_types": self.dataset_type,
            "scan_types": self.scan_type,
            "projects": self.project,
            "programs": self.program,
        }
        if key == "content_schemas":
            return self.content_schemas
        value = single[key]
        return (value.strip(),) if value else ()


def definition_words(text: str | None) -> tuple[str, ...]:
    """Words of `definition`; a one-element list written as text, `('SAXS',)`, is read as its word."""
    return tuple(dict.fromkeys(_WORD.findall(text or "")))


def gather(dataset: Dataset, techniques: Techniques, zone: tzinfo, aliases: Mapping[str, str]) -> Facts:
    """The facts of one dataset. `aliases` maps normalised alias to normalised instrument name."""
    name = dataset.text("actualInstrument") or dataset.instrument or dataset.investigation_instrument
    definitions = definition_words(dataset.text("definition"))
    found, notes = _techniques(dataset, definitions, techniques)
    start = as_instant(dataset.start, zone) if dataset.start else None
    return Facts(
        instrument=normalise_instrument(name, aliases) if name else None,
        instrument_name=name,
        techniques=found,
        definitions=definitions,
        dataset_type=dataset.type,
        scan_type=dataset.scan_type,
        project=dataset.text("Project_name"),
        program=dataset.text("Process_program"),
        content_schemas=definition_words(dataset.text("content_schemas")),
        start=start,
        acquired=as_instant(dataset.acquired, zone) if dataset.acquired else start,
        notes=notes,
    )


def _techniques(
    dataset: Dataset, definitions: tuple[str, ...], techniques: Techniques
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    iris = [*dataset.techniques, *(dataset.text("technique_pid") or "").replace(",", " ").split()]
    if iris:
        return tuple(dict.fromkeys(techniques.canonical(iri) or iri for iri in iris)), ()
    found, notes = [], []
    for word in definitions:
        meant = techniques.resolve(word) or techniques.resolve(_APPLICATIONS.get(word.upper(), word))
        if len(meant) == 1:
            found.append(meant[0].iri)
        elif meant:
            names = " and ".join(term.acronym for term in meant)
            notes.append(f"The name {word} is not used: it may mean {names}.")
    if found:
        notes.append("The dataset has no technique identifiers; its definition is read instead.")
    return tuple(dict.fromkeys(found)), tuple(notes)
