"""Macromolecular crystallography: one crystal, three collections, four pipelines each, and a merge of all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from drac_plugins.demo import nexus, pictures
from drac_plugins.demo.announcement import Announcement, SessionFolder

ZONE = ZoneInfo("Europe/Paris")
FRAMES, SIDE = 8, 192
SHELLS = {"inner": (1.35, 0.35, 22.0), "overall": (1.0, 1.0, 1.0), "outer": (0.12, 5.5, 0.0)}
"""shell -> factor on I/sigma, factor on R values, bonus of CC1/2 per mille; around the overall value."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """How one pipeline did: it reports R values in per cent or as fractions, as the real ones do."""

    program: str
    version: str
    space_group: str
    i_over_sigma: float
    r_meas: float
    cc_half: float
    completeness: float
    r_in_percent: bool = False
    anomalous: bool = False


PIPELINES = (
    Pipeline("autoPROC", "1.0.5", "P 43 21 2", 15.2, 0.062, 0.998, 99.3, r_in_percent=True),
    Pipeline("autoPROC_staraniso", "1.0.5", "P 43 21 2", 14.1, 0.066, 0.997, 92.4, r_in_percent=True),
    Pipeline("XIA2_DIALS", "3.20", "P 43 21 2", 13.0, 0.071, 0.996, 99.6),
    Pipeline("grenades_fastproc", "2.4", "P 4", 10.4, 0.094, 0.991, 98.1),
)


def session(data: Path) -> Iterator[Announcement]:
    """The session of March 2026. The third collection's first result comes before its raw data."""
    folder = SessionFolder(data, "mx2745", "id30a1", datetime(2026, 3, 10, tzinfo=ZONE))
    begin = datetime(2026, 3, 10, 9, 30, tzinfo=ZONE)
    collected = []
    for run, strength in ((1, 1.0), (2, 0.82), (3, 1.18)):
        start = begin + timedelta(minutes=12 * (run - 1))
        raw = _collection(folder, run, start, strength)
        collected.append(raw.path)
        results = [_result(folder, raw, pipeline, start, strength) for pipeline in PIPELINES]
        if run == 3:
            yield results.pop(0)
        yield raw
        yield from results
    yield _merge(folder, collected, begin + timedelta(minutes=70))


def session_of_2023(data: Path) -> Iterator[Announcement]:
    """A session from before the current display applies."""
    folder = SessionFolder(data, "mx2450", "id30a1", datetime(2023, 6, 14, tzinfo=ZONE))
    start = datetime(2023, 6, 14, 15, 5, tzinfo=ZONE)
    raw = _collection(folder, 1, start, 0.9)
    yield raw
    yield _result(folder, raw, PIPELINES[3], start, 0.9)


def _collection(folder: SessionFolder, run: int, start: datetime, strength: float) -> Announcement:
    name = f"run_{run:02d}_01_datacollection"
    path = folder.raw("lyso", "lyso-crystal1", name)
    end = start + timedelta(seconds=95)
    angles = np.arange(FRAMES) * 0.5 + 90.0 * (run - 1)
    frames = np.stack([frame(run * 100 + index, strength) for index in range(FRAMES)])
    prefix = f"lyso-crystal1_{run}"
    nexus.write_entry(
        path / f"{prefix}_master.h5",
        title="oscillation",
        instrument="ID30A-1",
        sample="lyso-crystal1",
        start=start,
        end=end,
        signal=frames.astype(np.uint16),
        axes={"omega": angles},
        definition="NXmx",
    )
    pictures.grey(path / "gallery" / f"{prefix}_0001.jpeg", frames[0], high=99.5, invert=True)
    pictures.grey(path / "gallery" / f"{prefix}_crystal_snapshot.png", crystal(run))
    spots = [float((frame > frame.mean() + 4 * frame.std()).sum()) for frame in frames]
    pictures.curve(
        path / "gallery" / f"{prefix}_quality_per_image.png",
        np.arange(1.0, FRAMES + 1),
        spots,
        "Strong pixels per image",
    )
    metadata: dict[str, Any] = {
        "Sample_name": "lyso-crystal1",
        "SampleProtein_acronym": "lyso",
        "definition": "MX SAD",
        "scanType": "datacollection",
        "MX_scanType": "OSC",
        "Workflow_name": "MXPressE",
        "Workflow_type": "MXPressE",
        "Workflow_id": "6904b1f0a5",
        "MX_template": f"{prefix}_####.h5",
        "MX_numberOfImages": FRAMES,
        "MX_exposureTime": 0.02,
        "MX_oscillationStart": float(angles[0]),
        "MX_oscillationRange": 0.5,
        "MX_axis_start": float(angles[0]),
        "MX_axis_end": float(angles[-1]) + 0.5,
        "MX_axis_range": 0.5,
        "MX_transmission": 12.5,
        "MX_resolution": 1.6,
        "MX_wavelength": 0.9677,
        "MX_flux": 1.2e12 * strength,
        "MX_detectorDistance": 143.2,
        "MX_beamSizeAtSampleX": 0.05,
        "MX_beamSizeAtSampleY": 0.05,
        "MX_positionName": "pos1",
        "InstrumentMonochromator_energy": 12.812,
        "InstrumentMonochromator_wavelength": 0.9677,
        "InstrumentDetector01_name": "PILATUS3_2M",
        "SampleTrackingContainer_id": "HA00AU3712",
        "SampleTrackingContainer_position": "4",
        "SampleTrackingContainer_type": "UNIPUCK",
    }
    return folder.announce(name, path, start, end, metadata)


def frame(seed: int, strength: float) -> pictures.Array:
    """A still: scatter falling off with the angle, a beam stop, and spots on a lattice that rotates with the image."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2
    radius = np.hypot(x, y)
    frame = 40.0 * np.exp(-radius / 60.0) + 3.0
    angle = np.deg2rad(seed % 100)
    a, b = np.array([np.cos(angle), np.sin(angle)]) * 9.3, np.array([-np.sin(angle), np.cos(angle)]) * 9.3
    for h in range(-12, 13):
        for k in range(-12, 13):
            centre = h * a + k * b
            if rng.random() < 0.45 and np.abs(centre).max() < SIDE / 2 - 2:
                height = strength * rng.exponential(220.0) * np.exp(-float(np.hypot(*centre)) / 55.0)
                frame += height * np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 1.6)
    frame[radius < 6] = 0.0
    counts: pictures.Array = rng.poisson(frame).astype(float)
    return counts


def crystal(run: int) -> pictures.Array:
    """The crystal in its loop, seen under another angle in each collection."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2
    loop = np.exp(-((np.hypot(x, 1.3 * y) - 55) ** 2) / 12.0) * 0.6
    tilt = np.deg2rad(30 * run)
    u, v = x * np.cos(tilt) + y * np.sin(tilt), -x * np.sin(tilt) + y * np.cos(tilt)
    body = 1.0 / (1.0 + np.exp((np.maximum(np.abs(u) / 30, np.abs(v) / 18) - 1) * 14))
    view: pictures.Array = 0.8 - loop - 0.5 * body + np.random.default_rng(run).normal(0, 0.02, x.shape)
    return view


def _result(
    folder: SessionFolder, raw: Announcement, pipeline: Pipeline, start: datetime, strength: float
) -> Announcement:
    path = folder.processed("lyso", "lyso-crystal1", raw.dataset, pipeline.program)
    metadata = statistics(pipeline, strength)
    write_results(path, metadata)
    begin = start + timedelta(minutes=2)
    end = begin + timedelta(minutes=3 + len(pipeline.program) % 4)
    return folder.announce(pipeline.program, path, begin, end, metadata, raw.path)


def _merge(folder: SessionFolder, raws: list[Path], start: datetime) -> Announcement:
    path = folder.processed("lyso", "lyso-crystal1", "merged")
    pipeline = Pipeline("XSCALE_merge", "20250714", "P 43 21 2", 19.8, 0.083, 0.999, 99.9)
    metadata = {**statistics(pipeline, 1.0), "Process_triggering": "MANUAL"}
    write_results(path, metadata)
    return folder.announce("merged", path, start, start + timedelta(minutes=4), metadata, *raws)


CELL = (78.9, 78.9, 37.1, 90.0, 90.0, 90.0)


def statistics(
    pipeline: Pipeline,
    strength: float,
    sample: str = "lyso-crystal1",
    protein: str = "lyso",
    cell: tuple[float, ...] = CELL,
) -> dict[str, Any]:
    """Integration parameters of one result: unit cell, and every statistic in three shells."""
    found: dict[str, Any] = {
        "Sample_name": sample,
        "SampleProtein_acronym": protein,
        "definition": "MX SAD",
        "scanType": "integration",
        "Process_program": pipeline.program,
        "Process_version": pipeline.version,
        "Process_triggering": "AUTOMATIC",
        "MXAutoprocIntegration_space_group": pipeline.space_group,
        "MXAutoprocIntegration_anomalous": "true" if pipeline.anomalous else "false",
        "MXAutoprocIntegration_start_image_number": 1,
        "MXAutoprocIntegration_end_image_number": FRAMES,
    }
    for name, value in zip(("a", "b", "c", "alpha", "beta", "gamma"), cell, strict=True):
        found[f"MXAutoprocIntegration_cell_{name}"] = str(value)
    scale = 100.0 if pipeline.r_in_percent else 1.0
    high = round(1.9 - 0.25 * strength, 2)
    limits = {"inner": (39.5, round(high * 2.4, 2)), "overall": (39.5, high), "outer": (round(high * 1.06, 2), high)}
    for shell, (signal, spread, bonus) in SHELLS.items():
        prefix = f"MXAutoprocIntegrationScaling_{shell}"
        r_meas = min(pipeline.r_meas * spread, 1.2) * scale
        cc_half = 0.31 if shell == "outer" else min(pipeline.cc_half + bonus / 1e4, 0.9999)
        found |= {
            f"{prefix}_resolution_limit_low": limits[shell][0],
            f"{prefix}_resolution_limit_high": limits[shell][1],
            f"{prefix}_completeness": min(pipeline.completeness * (0.97 if shell == "outer" else 1.0), 100.0),
            f"{prefix}_multiplicity": 6.4 if shell != "outer" else 5.1,
            f"{prefix}_mean_I_over_sigI": round(pipeline.i_over_sigma * signal * strength, 2),
            f"{prefix}_r_merge": round(r_meas * 0.93, 4),
            f"{prefix}_r_meas_all_IPlus_IMinus": round(r_meas, 4),
            f"{prefix}_r_pim_all_IPlus_IMinus": round(r_meas * 0.38, 4),
            f"{prefix}_cc_half": round(cc_half, 4),
            f"{prefix}_n_total_observations": int(141000 * spread / 2),
            f"{prefix}_n_total_unique_observations": int(22400 * spread / 2),
        }
    return found


def write_results(path: Path, metadata: dict[str, Any]) -> None:
    """The files of a pipeline: its statistics as a table and as a picture of I/sigma per shell."""
    lines = [f"{name} {value}" for name, value in metadata.items() if name.startswith("MXAutoproc")]
    (path / "statistics.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    signal = [
        metadata[f"MXAutoprocIntegrationScaling_{shell}_mean_I_over_sigI"] for shell in ("inner", "overall", "outer")
    ]
    pictures.curve(
        path / "gallery" / "i_over_sigma.png", [1, 2, 3], signal, "I/sigma: inner, overall, outer", points=True
    )
