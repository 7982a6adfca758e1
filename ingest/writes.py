"""The writes that a plan is made of. Printed, each is one line for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ingest.values import Value

DatasetType = Literal["acquisition", "processed"]


@dataclass(frozen=True, slots=True)
class CreateDataset:
    names: tuple[str, ...]
    investigation_id: int
    sample_id: int | None
    location: str
    type: DatasetType
    start: datetime
    end: datetime
    complete: bool
    description: str | None
    parameters: Mapping[str, Value]
    techniques: tuple[str, ...]
    instrument_id: int

    def __str__(self) -> str:
        return (
            f"create {self.type} dataset {self.names[0]} in investigation {self.investigation_id} "
            f"with {len(self.parameters)} parameters"
        )


@dataclass(frozen=True, slots=True)
class ChangeDataset:
    fields: Mapping[str, object]

    def __str__(self) -> str:
        return f"set {', '.join(sorted(self.fields))} of the dataset"


@dataclass(frozen=True, slots=True)
class SetParameter:
    """`row` None: the dataset has no such parameter yet."""

    name: str
    value: Value
    row: int | None

    def __str__(self) -> str:
        return f"set {self.name} = {str(self.value.value)[:60]!r}"


@dataclass(frozen=True, slots=True)
class RemoveRows:
    entity: Literal["DatasetParameter", "DatasetTechnique", "DatasetInstrument"]
    rows: tuple[int, ...]

    def __str__(self) -> str:
        return f"remove {len(self.rows)} {self.entity}"


@dataclass(frozen=True, slots=True)
class AddTechnique:
    """By the name under which techniques are unique in ICAT."""

    name: str

    def __str__(self) -> str:
        return f"add technique {self.name}"


@dataclass(frozen=True, slots=True)
class AddInstrument:
    instrument_id: int

    def __str__(self) -> str:
        return f"add instrument {self.instrument_id}"


Write = CreateDataset | ChangeDataset | SetParameter | RemoveRows | AddTechnique | AddInstrument
