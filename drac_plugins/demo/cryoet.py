"""Cryo-electron tomography: a tilt series of five movies, each with motion correction and CTF (a chain of three)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from drac_plugins.demo import nexus, pictures
from drac_plugins.demo.announcement import Announcement, SessionFolder

ZONE = ZoneInfo("Europe/Paris")
TILTS = (0.0, 3.0, -3.0, 6.0, -6.0)
FRAMES, SIDE = 6, 128
COMMON = {
    "Sample_name": "TS_01",
    "EM_grid_name": "grid1",
    "EM_grid_square_name": "square7",
    "EM_protein_acronym": "ribo",
}


def session(data: Path) -> Iterator[Announcement]:
    folder = SessionFolder(data, "mx2790", "cm01", datetime(2026, 2, 3, tzinfo=ZONE))
    begin = datetime(2026, 2, 3, 10, 0, tzinfo=ZONE)
    for index, tilt in enumerate(TILTS, start=1):
        yield from _movie(folder, index, tilt, begin + timedelta(minutes=2 * index))


def _movie(folder: SessionFolder, index: int, tilt: float, start: datetime) -> Iterator[Announcement]:
    label = f"{index:03d}"
    shifts = np.cumsum(np.random.default_rng(index).normal(0.0, 0.9, (FRAMES, 2)), axis=0)
    scene = _scene(index)
    frames = np.stack([_shifted(scene, dx, dy, index * 10 + n) for n, (dx, dy) in enumerate(shifts)])
    raw = _raw(folder, label, tilt, start, frames)
    yield raw
    corrected = np.mean(
        [_shifted(frame, -dx, -dy, None) for frame, (dx, dy) in zip(frames, shifts, strict=True)], axis=0
    )
    motion = _motion_correction(folder, label, start, raw, corrected, shifts)
    yield motion
    yield _ctf(folder, label, start, motion, corrected, index)


def _raw(folder: SessionFolder, label: str, tilt: float, start: datetime, frames: pictures.Array) -> Announcement:
    path = folder.raw("grid1", "TS_01", f"TS_01_{label}")
    end = start + timedelta(seconds=20)
    nexus.write_entry(
        path / f"TS_01_{label}.h5",
        title=f"tilt {tilt:+.1f} deg",
        instrument="CM01",
        sample="TS_01",
        start=start,
        end=end,
        signal=frames.astype(np.float32),
        axes={"frame": np.arange(FRAMES)},
    )
    pictures.grey(path / "gallery" / f"TS_01_{label}_snapshot.png", frames[0])
    metadata = {
        **COMMON,
        "definition": "CRYO-ET",
        "scanType": "tomography",
        "EM_tilt_angle": tilt,
        "EM_magnification": 53000,
        "EM_sampling_rate": 1.63,
        "EM_voltage": 300000.0 if label == "001" else 300.0,
        "EM_dose_per_frame": -1.0 if label == "005" else 0.52,
        "EM_dose_initial": 0.0,
        "EM_images_count": FRAMES,
        "EM_spherical_aberration": 2.7,
        "EM_amplitude_contrast": 10.0,
        "EM_microscope_model": "Krios",
        "EM_camera_model": "K3",
        "EM_position_x": 0.112,
        "EM_position_y": -0.034,
    }
    return folder.announce(label, path, start, end, metadata)


def _motion_correction(
    folder: SessionFolder,
    label: str,
    start: datetime,
    raw: Announcement,
    corrected: pictures.Array,
    shifts: pictures.Array,
) -> Announcement:
    path = folder.processed("grid1", "TS_01", f"{label}_MotionCor")
    begin = start + timedelta(minutes=1)
    end = begin + timedelta(seconds=40)
    _processed_entry(path / f"{label}_aligned.h5", "aligned micrograph", begin, end, corrected)
    pictures.grey(path / "gallery" / f"{label}_aligned.jpg", corrected)
    pictures.curve(
        path / "gallery" / f"{label}_global_shifts.png", shifts[:, 0], shifts[:, 1], "Global shifts in pixels"
    )
    steps = np.hypot(*np.diff(shifts, axis=0).T)
    metadata = {
        **COMMON,
        "definition": "CRYO-ET",
        "Process_program": "MotionCor3",
        "Process_version": "1.1.2",
        "EMMotionCorrection_total_motion": round(float(steps.sum()), 3),
        "EMMotionCorrection_average_motion": round(float(steps.mean()), 3),
        "EMMotionCorrection_max_motion": round(float(steps.max()), 3),
        "EMMotionCorrection_frame_range": f"1-{FRAMES}",
        "EMMotionCorrection_frame_dose": 0.52,
        "EMMotionCorrection_total_dose": round(0.52 * FRAMES, 2),
    }
    return folder.announce(f"{label}_MotionCor", path, begin, end, metadata, raw.path)


def _ctf(
    folder: SessionFolder, label: str, start: datetime, motion: Announcement, corrected: pictures.Array, index: int
) -> Announcement:
    path = folder.processed("grid1", "TS_01", f"{label}_CTF")
    begin = start + timedelta(minutes=2)
    end = begin + timedelta(seconds=15)
    spectrum = np.log1p(np.abs(np.fft.fftshift(np.fft.fft2(corrected - corrected.mean()))))
    _processed_entry(path / f"{label}_spectrum.h5", "power spectrum", begin, end, spectrum)
    pictures.grey(path / "gallery" / f"{label}_ctf.jpg", spectrum)
    defocus = 21000.0 + 900.0 * index
    metadata = {
        **COMMON,
        "definition": "CRYO-ET",
        "Process_program": "CTFFIND",
        "Process_version": "4.1.14",
        "EMCTF_resolution_limit": round(3.4 + 0.5 * index, 2),
        "EMCTF_correlation": round(0.18 - 0.012 * index, 3),
        "EMCTF_defocus_u": defocus,
        "EMCTF_defocus_v": defocus - 320.0,
        "EMCTF_avg_defocus": defocus - 160.0,
        "EMCTF_angle": 31.5,
        "EMCTF_estimated_b_factor": 220.0,
    }
    return folder.announce(f"{label}_CTF", path, begin, end, metadata, motion.path)


def _processed_entry(path: Path, title: str, start: datetime, end: datetime, signal: pictures.Array) -> None:
    nexus.write_entry(
        path, title=title, instrument="CM01", sample="TS_01", start=start, end=end, signal=signal.astype(np.float32)
    )


def _scene(seed: int) -> pictures.Array:
    """Particles in ice."""
    rng = np.random.default_rng(1000 + seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    scene = np.full((SIDE, SIDE), 10.0)
    for cx, cy in rng.uniform(8, SIDE - 8, (30, 2)):
        scene -= 3.0 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 18.0)
    return scene


def _shifted(frame: pictures.Array, dx: float, dy: float, seed: int | None) -> pictures.Array:
    """The frame moved by a fraction of a pixel (Fourier shift), with shot noise when a seed is given."""
    fy, fx = np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)[None, :]
    moved = np.fft.ifft2(np.fft.fft2(frame) * np.exp(-2j * np.pi * (fx * dx + fy * dy))).real
    return moved if seed is None else np.random.default_rng(seed).poisson(np.clip(moved, 0, None) * 4) / 4.0
