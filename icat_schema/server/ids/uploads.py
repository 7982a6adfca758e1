"""put: a file comes in and becomes a datafile."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO
from uuid import uuid4

from icat_schema.definitions import schema
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.ids.failures import bad_request
from icat_schema.server.ids.folders import CHUNK, Folder
from icat_schema.server.ids.selection import Dataset
from icat_schema.server.store.columns import EPOCH


@dataclass(frozen=True, slots=True)
class Upload:
    """What the caller says about the file."""

    name: str
    dataset: int
    datafile_format: int
    description: str | None
    doi: str | None
    created: datetime | None
    changed: datetime | None


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the file is, relative to the folder of uploads, and what it holds."""

    location: str
    parts: tuple[str, ...]
    size: int
    crc32: int


def read_upload(parameters: Mapping[str, str]) -> Upload:
    """Raises IdsError (BadRequestException)."""
    name = parameters.get("name")
    if not name:
        raise bad_request("The name parameter must be set")
    return Upload(
        name=name,
        dataset=_number(parameters, "datasetId"),
        datafile_format=_number(parameters, "datafileFormatId"),
        description=parameters.get("description"),
        doi=parameters.get("doi"),
        created=_instant(parameters, "datafileCreateTime"),
        changed=_instant(parameters, "datafileModTime"),
    )


def store(body: IO[bytes], folder: Folder, dataset: Dataset) -> Stored:
    """Write the file under a name of its own. Raises OSError."""
    parts = (str(dataset.investigation_id), str(dataset.id), str(uuid4()))
    size = checksum = 0
    with folder.writing(parts) as target:
        while piece := body.read(CHUNK):
            size += len(piece)
            checksum = zlib.crc32(piece, checksum)
            target.write(piece)
    return Stored("/".join(parts), parts, size, checksum)


def datafile(upload: Upload, stored: Stored) -> EntityValue:
    """The Datafile for the catalogue. The checksum is written as the original does: hexadecimal, without zeros."""
    entities = schema().entities
    attributes = {
        "name": upload.name,
        "location": stored.location,
        "fileSize": stored.size,
        "checksum": f"{stored.crc32:x}",
        "description": upload.description,
        "doi": upload.doi,
        "datafileCreateTime": upload.created,
        "datafileModTime": upload.changed,
    }
    relations: dict[str, EntityValue | None] = {
        "dataset": EntityValue(entities["Dataset"], {"id": upload.dataset}),
        "datafileFormat": EntityValue(entities["DatafileFormat"], {"id": upload.datafile_format}),
    }
    given = {name: value for name, value in attributes.items() if value is not None}
    return EntityValue(entities["Datafile"], given, relations)


def _number(parameters: Mapping[str, str], name: str) -> int:
    text = parameters.get(name)
    if text is None:
        raise bad_request(f"The {name} parameter must be set")
    digits = text.lstrip("-")
    if not (digits.isascii() and digits.isdigit()) or len(text) > 20 or abs(int(text)) >= 2**63:
        raise bad_request(f"The {name} parameter must be numeric")
    return int(text)


def _instant(parameters: Mapping[str, str], name: str) -> datetime | None:
    """Milliseconds since 1970."""
    if name not in parameters:
        return None
    try:
        return EPOCH + timedelta(milliseconds=_number(parameters, name))
    except OverflowError:
        raise bad_request(f"The {name} parameter is no time of this calendar") from None
