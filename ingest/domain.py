"""What producers announce, in our own frozen records: no XML, no JSON, no catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A datafile that the message names; `location` as sent (absolute, or relative to the dataset)."""

    location: str
    size: int | None = None
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SampleMessage:
    name: str
    type: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetMessage:
    """Root `dataset` of queue icatIngest, normalised (dossier section 5.2) but not yet held against the catalogue.

    `start` and `end` are aware (naive ones were read in the facility's zone). `parameters` are in order of the message,
    values as sent; root values that old producers do not repeat as parameters have been added. `input_paths` are the
    declared inputs in order, repaired where a producer's defect was recognised; empty for raw data.
    `location` is exactly what was announced, apart from normalisation. `warnings` say what was repaired.
    """

    proposal: str
    beamline: str
    name: str
    location: str
    start: datetime
    end: datetime
    complete: bool = True
    dataset_id: int | None = None
    comment: str | None = None
    sample: SampleMessage | None = None
    files: tuple[ListedFile, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    input_paths: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def parameter(self, name: str) -> str | None:
        """Value of the last parameter of this name, None when absent."""
        found = None
        for key, value in self.parameters:
            if key == name:
                found = value
        return found


@dataclass(frozen=True, slots=True)
class InvestigationMessage:
    """Root `investigation`: a session starts (queue icatIngest), or one is to be rescheduled (`investigation_id`)."""

    proposal: str
    beamline: str
    start: datetime
    investigation_id: int | None = None
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class MetadataUpdate:
    """One parameter of datasets is set (queue icatUpdateDatasetMetadata). `paths` as sent; `serial`: number of the
    message in the inbox that this one is a part of."""

    proposal: str
    beamline: str
    paths: tuple[str, ...]
    name: str
    value: str
    serial: int | None = None


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """What the archive tells about a dataset (queue icatArchiveRestoreStatus)."""

    dataset_id: int
    type: Literal["archiving", "restoration"]
    level: Literal["info", "warning", "error"]
    text: str | None = None


@dataclass(frozen=True, slots=True)
class FileRequest:
    """The folder of a dataset is to be read again (queue icatDataFiles)."""

    dataset_id: int


Request = MetadataUpdate | ArchiveStatus | FileRequest
Message = DatasetMessage | InvestigationMessage | Request
