"""A message for a dataset folder that was never announced, from the best source that there is.

In this order: the message that its acquisition could not send, `metadata.json`, the HDF5 file, the files' times.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drac_plugins.core.announcement import AnnouncedSample, Announcement, message
from drac_plugins.core.errors import Invalid
from drac_plugins.core.settings import Settings
from ingest.competition import RECOVERED
from ingest.disk import Disk
from ingest.domain import DatasetMessage
from ingest.enrich.hdf5 import Reading, Unreadable, read_hdf5
from ingest.enrich.layout import Layout, announced, layout
from ingest.outcome import Refused
from ingest.parse.xml import parse

HDF5_ENDS = (".h5", ".nxs", ".hdf5", ".nx5")
METADATA = "metadata.json"
_LARGEST_JSON = 10 * 1024 * 1024
_NOT_ICAT = frozenset(
    {"experimentPlan", "processingPlan", "sample_id", "beamline_name", "scheduled_beamline_name", "lims"}
)
_ROOTS = ("proposal", "beamlineID", "datasetName", "location", "startDate", "endDate", "complete", "Sample_name")


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller knows better than the folder."""

    proposal: str | None = None
    beamline: str | None = None
    name: str | None = None
    sample: str | None = None
    inputs: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recovered:
    """`source`: where the message comes from, for people."""

    body: bytes
    location: str
    source: str
    warnings: tuple[str, ...] = ()


def of_folder(folder: Path, settings: Settings, given: Given | None = None) -> Recovered:
    """Raises Unreadable."""
    if not folder.is_dir():
        raise Unreadable(f"{folder} is no folder that can be read")
    where, given = layout(folder, settings), given or Given()
    unsent = _unsent(where, settings) if given == Given() else None
    if unsent is not None:
        return Recovered(unsent, where.location, f"message {where.unsent}")
    metadata, warnings = _metadata(folder / METADATA)
    file = main_file(folder)
    reading = Reading()
    if file is not None:
        try:
            reading = read_hdf5(file)
        except Unreadable as error:
            if not metadata:
                raise
            warnings.append(error.message)
    return _made(folder, where, given, metadata, reading, file, [*warnings, *reading.warnings], settings)


def main_file(folder: Path) -> Path | None:
    """The HDF5 file that is called like its folder, else the only one in it."""
    named = [folder / f"{folder.name}{end}" for end in HDF5_ENDS]
    found = next((path for path in named if path.is_file()), None)
    if found is not None:
        return found
    with os.scandir(folder) as entries:
        others = [entry.path for entry in entries if entry.name.endswith(HDF5_ENDS) and entry.is_file()]
    return Path(others[0]) if len(others) == 1 else None


def _unsent(where: Layout, settings: Settings) -> bytes | None:
    if where.unsent is None or not where.unsent.is_file():
        return None
    if where.unsent.stat().st_size > settings.ingest.max_message_bytes:
        return None
    body = where.unsent.read_bytes()
    try:
        said = parse(body, settings)
    except Refused as refused:
        raise Unreadable(f"{where.unsent} is no usable message: {refused.text}") from refused
    return body if isinstance(said, DatasetMessage) and said.location == where.location else None


def _metadata(path: Path) -> tuple[dict[str, Any], list[str]]:
    if not path.is_file():
        return {}, []
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise Unreadable(f"{path} has more than {_LARGEST_JSON} bytes")
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(f"{path} is no usable JSON: {str(error)[:200]}") from error
    if not isinstance(document, dict):
        raise Unreadable(f"{path} does not hold names and values")
    kept = {name: value for name, value in document.items() if name not in _NOT_ICAT}
    nested = [name for name, value in kept.items() if not _flat(value)]
    return {n: v for n, v in kept.items() if n not in nested}, [
        f"{METADATA}: {n} is no value; left out" for n in nested
    ]


def _flat(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return all(item is None or isinstance(item, str | int | float) for item in items)


def _made(
    folder: Path,
    where: Layout,
    given: Given,
    metadata: Mapping[str, Any],
    reading: Reading,
    file: Path | None,
    warnings: list[str],
    settings: Settings,
) -> Recovered:
    found = {**reading.parameters, **metadata}
    proposal = given.proposal or _text(found.get("proposal")) or where.proposal
    beamline = given.beamline or _text(found.get("beamlineID")) or where.beamline
    if not proposal or not beamline:
        raise Unreadable(f"{folder}: neither its path nor its files tell proposal and beamline; give them")
    start, end = _text(found.get("startDate")) or reading.start, _text(found.get("endDate")) or reading.end
    parameters = {name: value for name, value in found.items() if name not in _ROOTS}
    complete = _text(found.get("complete")) != "false" and bool(metadata or reading.ended)
    if not (metadata or file):
        parameters[RECOVERED] = "true"
    if not start or not end:
        first, last = _times(folder, settings)
        start, end = start or first, end or last
    sample = given.sample or _text(found.get("Sample_name")) or where.collection
    inputs = given.inputs or (() if "input_datasets" in found else tuple(_inputs(file, where, reading, settings)))
    said = Announcement(
        proposal,
        beamline,
        given.name or _text(found.get("datasetName")) or where.dataset,
        where.location,
        start,
        max(start, end) if _comparable(start, end) else end,
        complete,
        sample=AnnouncedSample(sample) if sample else None,
        parameters={**parameters, **given.parameters},
        inputs=inputs,
    )
    source = METADATA if metadata else file.name if file else "times of its files"
    try:
        return Recovered(message(said), where.location, source, tuple(warnings))
    except Invalid as error:
        raise Unreadable(f"{folder}: {error.message}") from error


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip() or None if isinstance(value, str | int | float) else None


def _comparable(one: str, other: str) -> bool:
    return one[-6:] == other[-6:] and len(one) == len(other)  # same offset, same precision


def _times(folder: Path, settings: Settings) -> tuple[str, str]:
    disk, oldest, newest = Disk(["/"], {}), None, None
    for number, file in enumerate(disk.walk(folder, ())):
        if number > settings.ingest.max_files_per_dataset:
            break
        oldest = min(oldest or file.modified, file.modified)
        newest = max(newest or file.modified, file.modified)
    if oldest is None or newest is None:
        oldest = newest = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    zone = settings.facility.timezone
    return oldest.astimezone(zone).isoformat(), newest.astimezone(zone).isoformat()


def _inputs(file: Path | None, where: Layout, reading: Reading, settings: Settings) -> Iterator[str]:
    """Files elsewhere that a result links to: what it was computed from."""
    if not where.processed or file is None:
        return
    seen = set()
    for name in reading.external:
        target = announced(Path(os.path.normpath(file.parent / name)), settings)
        inside = target.startswith(where.location + "/")
        if not inside and "," not in target and target not in seen and target.startswith("/"):
            seen.add(target)
            yield target
