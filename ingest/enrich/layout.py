"""From folders on this host to announced locations, and what the layout says about them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from drac_plugins.core.settings import Settings
from ingest.enrich.hdf5 import Unreadable
from ingest.names import normalise_location, place

_RAW = ("RAW_DATA", "raw")
_PROCESSED = ("PROCESSED_DATA", "processed")


@dataclass(frozen=True, slots=True)
class Layout:
    """`collection`, `dataset`: as in `<collection>/<collection>_<dataset>`; the whole folder name where it is not so.
    `unsent`: where an acquisition keeps the message that nobody confirmed."""

    location: str
    proposal: str | None
    beamline: str | None
    collection: str | None
    dataset: str
    processed: bool
    unsent: Path | None


def announced(path: Path, settings: Settings) -> str:
    """A path on this host as producers announce it."""
    text = os.path.abspath(path)  # noqa: PTH100 - textual: links are announced as they are
    mapped = sorted(settings.ingest.path_map.items(), key=lambda pair: -len(str(pair[1])))
    for prefix, folder in mapped:
        root = os.path.abspath(folder)  # noqa: PTH100
        if text == root or text.startswith(root.rstrip("/") + "/"):
            return normalise_location(prefix.rstrip("/") + text[len(root.rstrip("/")) :])
    return normalise_location(text, settings.ingest.mount_prefixes)


def layout(folder: Path, settings: Settings) -> Layout:
    """Raises Unreadable for a path below none of the data roots."""
    location = announced(folder, settings)
    found = place(location, settings.ingest.data_roots)
    if found is None or found.scratch:
        roots = ", ".join(settings.ingest.data_roots)
        raise Unreadable(
            f"{folder} means {location}, which does not lie where datasets are registered (below {roots}); "
            "see ingest.data_roots and ingest.path_map"
        )
    inside = location[len(found.session) :].strip("/").split("/") if found.session else location.split("/")
    at = next((n for n, part in enumerate(inside) if part in (*_RAW, *_PROCESSED)), None)
    below = inside[at + 1 :] if at is not None else inside[-1:]
    name = location.rsplit("/", 1)[-1]
    collection = below[0] if len(below) > 1 else None
    processed = at is not None and inside[at] in _PROCESSED
    dataset = name.removeprefix(f"{collection}_") if collection else name
    unsent = None
    if found.session and at is not None and not processed:
        depth = len(location[len(found.session) :].strip("/").split("/"))
        unsent = folder.absolute().parents[depth - 1] / inside[at] / "__icat__" / f"{name}.xml"
    return Layout(location, found.proposal, found.beamline, collection, dataset or name, processed, unsent)
