"""NeXus files as a beamline writes them: NXroot, one NXentry, instrument, sample and a default plot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray


def write_entry(
    path: Path,
    *,
    title: str,
    instrument: str,
    sample: str,
    start: datetime,
    end: datetime,
    signal: NDArray[np.generic],
    axes: Mapping[str, NDArray[np.generic]] | None = None,
    definition: str | None = None,
) -> Path:
    """Write one NXentry `1.1` whose NXdata `measurement` holds `signal` under the name `data` with its named axes."""
    with h5py.File(path, "w") as file:
        file.attrs.update(NX_class="NXroot", creator="drac demo", default="1.1", file_time=start.isoformat())
        entry = _group(file, "1.1", "NXentry")
        entry.attrs["default"] = "measurement"
        entry["title"] = title
        entry["start_time"] = start.isoformat()
        entry["end_time"] = end.isoformat()
        if definition:
            entry["definition"] = definition
        _group(entry, "instrument", "NXinstrument")["name"] = instrument
        _group(entry, "sample", "NXsample")["name"] = sample
        plot = _group(entry, "measurement", "NXdata")
        plot.attrs["signal"] = "data"
        plot.attrs["axes"] = list(axes or {}) or ["."] * signal.ndim
        plot.create_dataset("data", data=signal, compression="gzip", shuffle=True)
        for name, values in (axes or {}).items():
            plot[name] = values
    return path


def _group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    return group
