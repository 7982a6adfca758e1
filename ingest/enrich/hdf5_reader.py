"""Reads one HDF5 file in a process of its own and writes what it found as JSON: the library may crash on hostile files,
and some of them ask for all memory or all time there is. Run as `python -m ingest.enrich.hdf5_reader FILE`.

Only what the file itself holds is read: links to other files are named, never followed.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from icat_schema.parameters import vocabulary

MEMORY_BYTES = 4 * 1024**3
CPU_SECONDS = 60
_MOST_ENTRIES = 100_000
_MOST_VALUES = 10_000
_LONGEST_TEXT = 100_000
_MOST_NODES = 5_000
_DEPTH = 8
_NOT_FROM_FILES = frozenset(
    {"datasetName", "startDate", "endDate", "location", "proposal", "beamlineID", "input_datasets", "complete"}
)
"""Fields whose places hold something else in acquisition files, or that the folder tells."""


def read(path: Path) -> dict[str, Any]:
    """Raises OSError when the file is none, is cut off, or is being written by somebody who keeps others out."""
    with _open(path) as file:
        entries = _entries(file)
        found: dict[str, Any] = {
            "creator": _attribute(file, "creator"),
            "file_time": _attribute(file, "file_time"),
            "file_update_time": _attribute(file, "file_update_time"),
            "entries": len(entries),
            "external": sorted(set(_external(file)))[:1000],
            "parameters": {},
        }
        if entries:
            first, last = file[entries[0]], file[entries[-1]]
            found["start_time"] = min(
                filter(None, (_text_at(file[e], "start_time") for e in entries[:100])), default=None
            )
            found["end_time"] = _text_at(last, "end_time")
            found["parameters"] = {**_parameters(last), **_parameters(first)}
        return found


def _open(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        if "open for write" not in str(error) and "SWMR" not in str(error):
            raise
        return h5py.File(path, "r", locking=False, swmr=True)


def _entries(file: h5py.File) -> list[str]:
    """Names of the NXentry groups in the order of their numbers (`2.1` before `10.1`)."""
    found = []
    for number, name in enumerate(file):
        if number >= _MOST_ENTRIES:
            break
        group = _member(file, name)
        if isinstance(group, h5py.Group) and _attribute(group, "NX_class") in ("NXentry", None):
            found.append(name)
    return sorted(found, key=_number)


def _number(name: str) -> tuple[float, str]:
    try:
        return float(name), name
    except ValueError:
        return float("inf"), name


def _member(group: h5py.Group, name: str, depth: int = 0) -> Any:
    """A member that lies in this file; soft links are followed a few times, external ones never."""
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.HardLink):
        return group.get(name)
    if isinstance(link, h5py.SoftLink) and depth < _DEPTH:
        place: Any = group.file if link.path.startswith("/") else group
        for part in link.path.strip("/").split("/"):
            place = _member(place, part, depth + 1) if isinstance(place, h5py.Group) and part != ".." else None
        return place
    return None


def _parameters(entry: h5py.Group) -> dict[str, Any]:
    found: dict[str, Any] = {}
    groups: dict[str, Any] = {"": entry}
    for definition in vocabulary():
        if not definition.nexus_path or definition.name in _NOT_FROM_FILES or definition.deprecated:
            continue
        *folders, leaf = definition.nexus_path.split(".")
        group = _group(groups, folders)
        dataset = _member(group, leaf) if isinstance(group, h5py.Group) else None
        value = _value(dataset) if isinstance(dataset, h5py.Dataset) else None
        if value is not None:
            unit = _attribute(dataset, "units")
            found[definition.name] = [value, unit] if unit else [value, None]
    return found


def _group(known: dict[str, Any], folders: list[str]) -> Any:
    path = ".".join(folders)
    if path not in known:
        parent = _group(known, folders[:-1])
        known[path] = _member(parent, folders[-1]) if isinstance(parent, h5py.Group) else None
    return known[path]


def _value(dataset: h5py.Dataset) -> Any:
    if dataset.size is None or dataset.size > _MOST_VALUES or dataset.dtype.kind not in "biufSO":
        return None
    return _plain(dataset[()])


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        items = [_plain(item) for item in value.ravel().tolist()]
        return items if all(item is not None for item in items) else None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    return value if isinstance(value, bool | int | float) else None


def _text_at(entry: Any, name: str) -> str | None:
    dataset = _member(entry, name) if isinstance(entry, h5py.Group) else None
    value = _value(dataset) if isinstance(dataset, h5py.Dataset) else None
    return value if isinstance(value, str) else None


def _attribute(holder: Any, name: str) -> str | None:
    value = holder.attrs.get(name)
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.ravel()[0]
    plain = None if isinstance(value, np.ndarray | h5py.Empty) else _plain(value)
    return plain if isinstance(plain, str) else None


def _external(group: h5py.Group) -> Iterator[str]:
    """Files that links in this one point to."""
    waiting: list[tuple[h5py.Group, int]] = [(group, 0)]
    nodes = 0
    while waiting:
        here, depth = waiting.pop()
        for name in here:
            nodes += 1
            if nodes > _MOST_NODES:
                return
            link = here.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                yield str(link.filename)
            elif isinstance(link, h5py.HardLink) and depth < _DEPTH and here.get(name, getclass=True) is h5py.Group:
                waiting.append((here[name], depth + 1))


def main() -> None:
    for limit, value in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, CPU_SECONDS)):
        resource.setrlimit(limit, (value, value))
    try:
        found = read(Path(sys.argv[1]))
    except (OSError, RuntimeError, KeyError, ValueError, MemoryError) as error:  # all that h5py raises on strange files
        sys.exit(f"{type(error).__name__}: {str(error)[:500]}")
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
