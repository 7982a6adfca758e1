"""How names and paths of producers are compared with those of the catalogue. Pure: no settings, no I/O.

Proposals and beamlines are spelled in many ways (`mx4321`, `MX-4321`, `MX 4321`); two spellings mean the same when
their keys are equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drac_plugins.core.links.paths import location_key
from drac_plugins.core.spelling import comparison_key

_NONE: Mapping[str, str] = MappingProxyType({})

BEAMLINE_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "id16ani": "id16a",
        "id16ni": "id16a",
        "id16bna": "id16b",
        "id16na": "id16b",
        "id23eh1": "id231",
        "id23eh2": "id232",
        "id30a1": "id30a1",
        "id30a2": "id30a2",
        "id30a3": "id30a3",
    }
)
"""Names of folders and of older producers that are not the beamline's own name: key -> key."""

_SESSION_DAY = re.compile(r"\d{8}")


def proposal_key(text: str, aliases: Mapping[str, str] = _NONE) -> str:
    """Key under which two spellings of one proposal are equal. `aliases`: other spelling -> spelling to use."""
    return _aliased(comparison_key(text), aliases, _NONE)


def beamline_key(text: str, aliases: Mapping[str, str] = _NONE) -> str:
    """Key under which two spellings of one beamline are equal; folder names such as `id23eh1` mean their beamline.
    `aliases` (of the facility) go before `BEAMLINE_ALIASES`."""
    return _aliased(comparison_key(text), aliases, BEAMLINE_ALIASES)


def _aliased(key: str, aliases: Mapping[str, str], known: Mapping[str, str]) -> str:
    for spelling, meant in aliases.items():
        if comparison_key(spelling) == key:
            return comparison_key(meant)
    return known.get(key, key)


def normalise_location(path: str, mount_prefixes: Iterable[str] = ()) -> str:
    """A location as it is stored: the very form in which links compare paths."""
    return location_key(path, mount_prefixes)


def is_below(path: str, folder: str) -> bool:
    """Whether a normalised path is the folder or lies in it."""
    folder = folder.rstrip("/")
    return path == folder or path.startswith(folder + "/")


@dataclass(frozen=True, slots=True)
class Place:
    """What the layout of the facility says about a location; None where the layout is not recognised. `session` is the
    folder `.../<proposal>/<beamline>/<YYYYMMDD>`. `scratch`: below a `tmp` folder, where nothing is registered."""

    proposal: str | None = None
    beamline: str | None = None
    day: str | None = None
    session: str | None = None
    scratch: bool = False


def place(location: str, roots: Iterable[str]) -> Place | None:
    """Read a normalised location below one of the roots; None when it lies below none of them.

    Layouts: `<root>/visitor/<proposal>/<beamline>/<day>`, `<root>/<beamline>/inhouse/<proposal>[/<beamline>]/<day>`,
    `<root>/tmp` and `<root>/<beamline>/tmp`; the root itself may end in `visitor`.
    """
    root = next((root.rstrip("/") for root in roots if is_below(location, root)), None)
    if root is None:
        return None
    parts = [part for part in location[len(root) :].split("/") if part]
    before = root
    if root.rsplit("/", 1)[-1] == "visitor":
        parts, before = ["visitor", *parts], root.rsplit("/", 1)[0]
    if parts[:1] == ["visitor"]:
        return _session(before, parts, proposal_at=1, beamline=parts[2] if len(parts) > 2 else None)
    if parts[1:2] == ["inhouse"]:
        return _session(before, parts, proposal_at=2, beamline=parts[0])
    return Place(scratch="tmp" in parts[:2])


def _session(before: str, parts: list[str], *, proposal_at: int, beamline: str | None) -> Place:
    proposal = parts[proposal_at] if len(parts) > proposal_at else None
    for index in range(proposal_at + 1, min(proposal_at + 3, len(parts))):
        if _SESSION_DAY.fullmatch(parts[index]):
            session = "/".join([before, *parts[: index + 1]])
            return Place(proposal, beamline, parts[index], session, scratch=proposal == "tmp")
    return Place(proposal, beamline, scratch=proposal == "tmp")
