"""BioSAXS: a sample and its buffer, and the subtracted curve with its Guinier fit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from drac_plugins.demo import nexus, pictures
from drac_plugins.demo.announcement import Announcement, SessionFolder

ZONE = ZoneInfo("Europe/Paris")
Q = np.linspace(0.05, 4.0, 300)  # 1/nm
FRAMES = 10
RADIUS = 2.6  # nm


def session(data: Path) -> Iterator[Announcement]:
    folder = SessionFolder(data, "mx2801", "bm29", datetime(2026, 5, 5, tzinfo=ZONE))
    start = datetime(2026, 5, 5, 11, 0, tzinfo=ZONE)
    background = 0.02 + 0.001 * Q
    buffer_raw, buffer_frames = _raw(folder, "buffer", start, background, 1)
    sample_raw, sample_frames = _raw(folder, "sample", start + timedelta(minutes=2), background + _sphere(), 2)
    yield buffer_raw
    yield sample_raw
    yield _subtracted(folder, start + timedelta(minutes=5), sample_raw, buffer_raw, sample_frames - buffer_frames)


def _sphere() -> pictures.Array:
    """Form factor of a homogeneous sphere (Guinier and Fournet, Small-angle scattering of X-rays)."""
    x = Q * RADIUS
    return (3 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2


def _raw(
    folder: SessionFolder, kind: str, start: datetime, intensity: pictures.Array, seed: int
) -> tuple[Announcement, pictures.Array]:
    name = f"bsa_{kind}_{seed:03d}"
    path = folder.raw("bsa", name)
    end = start + timedelta(seconds=FRAMES)
    noise = np.random.default_rng(seed).normal(0.0, 1.0, (FRAMES, Q.size))
    frames = intensity * (1 + 0.02 * noise)
    nexus.write_entry(
        path / f"{name}.h5",
        title=kind,
        instrument="BM29",
        sample="bsa",
        start=start,
        end=end,
        signal=frames,
        axes={"frame": np.arange(FRAMES), "q": Q},
    )
    pictures.curve(
        path / "gallery" / "scattering.png", np.log10(Q), np.log10(frames.mean(axis=0)), f"{kind}: log I against log q"
    )
    metadata = {
        "Sample_name": "bsa",
        "definition": "BioSAXS",
        "scanType": "sample changer",
        "SAXS_acronym": "BSA",
        "SAXS_experiment_type": "sample changer",
        "SAXS_sample_type": kind,
        "SAXS_concentration": "5.0" if kind == "sample" else "0.0",
        "SAXS_numberFrames": str(FRAMES),
        "SAXS_timePerFrame": "1.0",
        "SAXS_waveLength": "0.0992",
        "SAXS_exposure_temperature": "20.0",
    }
    return folder.announce(name, path, start, end, metadata), frames


def _subtracted(
    folder: SessionFolder, start: datetime, sample: Announcement, buffer: Announcement, frames: pictures.Array
) -> Announcement:
    path = folder.processed("bsa", "bsa_subtracted")
    end = start + timedelta(seconds=30)
    mean, error = frames.mean(axis=0), frames.std(axis=0) / np.sqrt(FRAMES)
    nexus.write_entry(
        path / "bsa_subtracted.h5",
        title="subtracted",
        instrument="BM29",
        sample="bsa",
        start=start,
        end=end,
        signal=mean,
        axes={"q": Q},
    )
    np.savetxt(path / "bsa_subtracted.dat", np.column_stack([Q, mean, error]), header="q (1/nm), I, sigma")
    radius, deviation, i0 = _guinier(mean, error)
    low = (Q * radius) < 1.3
    pictures.curve(
        path / "gallery" / "scattering.png", np.log10(Q), np.log10(np.clip(mean, 1e-6, None)), "Scattering curve"
    )
    pictures.curve(
        path / "gallery" / "guinier.png",
        Q[low] ** 2,
        np.log(mean[low]),
        "Guinier region: ln I against q^2",
        points=True,
    )
    pictures.curve(path / "gallery" / "kratky.png", Q * radius, (Q * radius) ** 2 * mean / i0, "Kratky, normalised")
    metadata = {
        "Sample_name": "bsa",
        "definition": "BioSAXS",
        "SAXS_acronym": "BSA",
        "SAXS_experiment_type": "sample changer",
        "SAXS_sample_type": "sample",
        "SAXS_concentration": "5.0",
        "SAXS_frames_averaged": f"1-{FRAMES}",
        "SAXS_guinier_rg": f"{radius:.2f}±{deviation:.2f}",
        "SAXS_guinier_i0": f"{i0:.3f}",
        "SAXS_guinier_points": str(int(low.sum())),
        "Process_program": "freesas",
        "Process_version": "2024.9",
    }
    return folder.announce("bsa_subtracted", path, start, end, metadata, sample.path, buffer.path)


def _guinier(mean: pictures.Array, error: pictures.Array) -> tuple[float, float, float]:
    """Radius of gyration in nm with its deviation, and I(0), from the straight part of ln I against q squared."""
    use = RADIUS * np.sqrt(0.6) * Q < 1.3
    weights = mean[use] / error[use]
    (slope, intercept), covariance = np.polyfit(Q[use] ** 2, np.log(mean[use]), 1, w=weights, cov=True)
    radius = float(np.sqrt(-3 * slope))
    return radius, float(1.5 * np.sqrt(covariance[0, 0]) / radius), float(np.exp(intercept))
