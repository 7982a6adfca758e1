"""What an HDF5 file says about its dataset, at the places where the definitions look in a NeXus tree."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pint

from drac_plugins.core.errors import DracError
from icat_schema.parameters import vocabulary

TIMEOUT_SECONDS = 120.0


class Unreadable(DracError):
    """A file or folder on disk cannot be made a message; the text says why."""

    code = "folder.unreadable"


@dataclass(frozen=True, slots=True)
class Reading:
    """`parameters`: by ICAT name, in the units of their definitions. `start`, `end`: texts as they stand in the file;
    `ended`: the last entry says when it ended. `external`: files that it links to, as written."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    start: str | None = None
    end: str | None = None
    ended: bool = False
    external: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_hdf5(path: Path, *, timeout: float = TIMEOUT_SECONDS) -> Reading:
    """Read a file that may still be written. Raises Unreadable."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable(f"{path} is no plain file")
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from error
    command = [sys.executable, "-m", "ingest.enrich.hdf5_reader", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout, check=False)  # noqa: S603 - no shell
    except subprocess.TimeoutExpired as error:
        raise Unreadable(
            f"{path} could not be read within {timeout:.0f} s; is it damaged, or the disk slow?"
        ) from error
    if done.returncode:
        raise Unreadable(f"{path} {_trouble(done.returncode, done.stderr.decode('utf-8', 'replace'))}")
    return _reading(json.loads(done.stdout))


def _trouble(status: int, said: str) -> str:
    if status < 0:
        return f"makes the HDF5 library fail ({signal.Signals(-status).name}); it is damaged or made to do harm"
    last = said.strip().rsplit("\n", 1)[-1]
    if "truncated" in last or "eof" in last:
        return f"is cut off, or not written to its end yet ({last})"
    if "signature not found" in last:
        return "is no HDF5 file"
    if "MemoryError" in last:
        return "asks for more memory than it may have"
    if "open for write" in last or "lock" in last:
        return f"is being written, and its writer keeps readers out ({last})"
    return f"cannot be read ({last})"


def _reading(found: Mapping[str, Any]) -> Reading:
    parameters: dict[str, Any] = {}
    warnings: list[str] = []
    for name, (value, unit) in found["parameters"].items():
        converted = _converted(name, value, unit)
        if converted is None:
            warnings.append(f"{name}: {unit} cannot be turned into the unit of its definition; left out")
        else:
            parameters[name] = converted
    end = found.get("end_time")
    return Reading(
        parameters,
        found["file_time"] or found.get("start_time"),
        end or found["file_update_time"],
        end is not None,
        tuple(found["external"]),
        tuple(warnings),
    )


def _converted(name: str, value: Any, unit: str | None) -> Any:
    """The value in the unit of its definition; None when that cannot be."""
    definition = vocabulary().get(name)
    if unit is None or definition is None or definition.units is None or not _numbers(value):
        return value
    try:
        factor = _factor(unit, definition.units)
    except (pint.PintError, ValueError, AttributeError, TypeError, AssertionError):  # pint's parser on strange texts
        return value if unit.strip().casefold() == definition.units.casefold() else None
    if factor == 1.0:
        return value
    return [item * factor for item in value] if isinstance(value, list) else value * factor


def _numbers(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in items)


@cache
def _factor(unit: str, wanted: str) -> float:
    if len(unit) > 40:
        raise ValueError("no unit is that long")
    return float(_registry().Quantity(1.0, unit).to(wanted).magnitude)


@cache
def _registry() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
