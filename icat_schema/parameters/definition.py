"""The record of one parameter definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "number", "boolean", "date"]
"""What a value should be once its text is read; the catalogue itself holds every value as text."""


@dataclass(frozen=True, slots=True)
class ParameterDefinition:
    """One parameter of the vocabulary.

    `units` is None when the definition gives none (the catalogue writes `NA` there). `nexus_path` is dotted, without
    the entry (`EM.voltage`), empty for parameters that the ingester computes. `separator` is set for lists. A
    definition is `deprecated` when producers should stop writing it; `replaced_by` names its successor, if any.
    `origin` says who defines it: the vocabulary package, this project ("computed", "former") or a facility file.
    """

    name: str
    kind: Kind = "text"
    units: str | None = None
    description: str = ""
    nexus_path: str = ""
    separator: str | None = None
    deprecated: str | None = None
    replaced_by: str | None = None
    required: bool = False
    origin: str = "icat-esrf-definitions"

    @property
    def is_numeric(self) -> bool:
        return self.kind in ("integer", "number")
