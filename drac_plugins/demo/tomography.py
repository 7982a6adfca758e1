"""Full-field tomography: a scan of a phantom and its reconstruction by filtered back-projection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from drac_plugins.demo import nexus, pictures
from drac_plugins.demo.announcement import Announcement, SessionFolder

ZONE = ZoneInfo("Europe/Paris")
SIDE, ANGLES, SLICES = 96, 120, 8
# centre x, centre y, half axes, tilt in degrees, density: an organ with two vessels, in units of half the field of view
ELLIPSES = ((0.0, 0.0, 0.75, 0.6, 10.0, 1.0), (-0.22, 0.05, 0.2, 0.3, 70.0, -0.55), (0.3, -0.12, 0.12, 0.18, 20.0, 0.8))


def session(data: Path) -> Iterator[Announcement]:
    """The reconstruction is announced before the scan, as online processing often does."""
    folder = SessionFolder(data, "md1290", "bm18", datetime(2026, 4, 21, tzinfo=ZONE))
    start = datetime(2026, 4, 21, 14, 0, tzinfo=ZONE)
    theta = np.linspace(0.0, np.pi, ANGLES, endpoint=False)
    sinograms = np.stack([_sinogram(theta, 1.0 - 0.06 * abs(z - SLICES / 2)) for z in range(SLICES)])
    scan = _scan(folder, start, theta, sinograms)
    yield _reconstruction(folder, start + timedelta(minutes=25), scan, theta, sinograms)
    yield scan


def _scan(folder: SessionFolder, start: datetime, theta: pictures.Array, sinograms: pictures.Array) -> Announcement:
    name = "lamb_heart_overview"
    path = folder.raw("lamb_heart", name)
    end = start + timedelta(minutes=18)
    projections = np.exp(-sinograms.transpose(1, 0, 2))
    nexus.write_entry(
        path / f"{name}.h5",
        title="fulltomo",
        instrument="BM18",
        sample="lamb_heart",
        start=start,
        end=end,
        signal=projections.astype(np.float32),
        axes={"rotation_angle": np.rad2deg(theta)},
        definition="NXtomo",
    )
    pictures.grey(path / "gallery" / "proj_000.png", np.repeat(projections[0], 8, axis=0))
    pictures.grey(path / "gallery" / "sinogram.png", sinograms[SLICES // 2])
    metadata = {
        "Sample_name": "lamb_heart",
        "definition": "XRCT",
        "scanType": "fulltomo",
        "TOMOAcquisition_energy": 93.0,
        "TOMOAcquisition_sample_pixel_size": 18.5,
        "TOMOAcquisition_sample_detector_distance": 20000.0,
        "TOMOAcquisition_proj_n": float(ANGLES),
        "TOMOAcquisition_flat_n": 40.0,
        "TOMOAcquisition_dark_n": 40.0,
        "TOMOAcquisition_exposure_time": 0.04,
        "TOMOAcquisition_scan_range": 180.0,
        "TOMOAcquisition_half_acquisition": False,
        "TOMOAcquisition_type": "fulltomo",
        "TOMOAcquisition_duration": 1080.0,
        "TOMOAcquisition_scintillator": "LuAG 2000 um",
    }
    return folder.announce(name, path, start, end, metadata)


def _reconstruction(
    folder: SessionFolder, start: datetime, scan: Announcement, theta: pictures.Array, sinograms: pictures.Array
) -> Announcement:
    path = folder.processed("lamb_heart", scan.dataset, "volumes")
    end = start + timedelta(minutes=6)
    volume = np.stack([_back_projection(sinogram, theta) for sinogram in sinograms])
    nexus.write_entry(
        path / f"{scan.dataset}_volume.h5",
        title="reconstruction",
        instrument="BM18",
        sample="lamb_heart",
        start=start,
        end=end,
        signal=volume.astype(np.float32),
    )
    pictures.grey(path / "gallery" / "slice_xy.png", volume[SLICES // 2])
    pictures.grey(path / "gallery" / "slice_xz.png", np.repeat(volume[:, SIDE // 2, :], 8, axis=0))
    metadata = {
        "Sample_name": "lamb_heart",
        "definition": "XRCT",
        "Process_program": "nabu",
        "Process_version": "2025.1.0",
        "TOMOReconstruction_method": "FBP",
        "TOMOReconstruction_fbp_filter_type": "ramlak",
        "TOMOReconstruction_voxel_size_x": 18.5,
        "TOMOReconstruction_voxel_size_y": 18.5,
        "TOMOReconstruction_voxel_size_z": 18.5,
        "TOMOReconstruction_nb_voxel_x": float(SIDE),
        "TOMOReconstruction_nb_voxel_y": float(SIDE),
        "TOMOReconstruction_nb_voxel_z": float(SLICES),
        "TOMOReconstructionPhase_method": "Paganin",
        "TOMOReconstructionPhase_delta_beta": 180.0,
    }
    return folder.announce("volumes", path, start, end, metadata, scan.path)


def _sinogram(theta: pictures.Array, size: float) -> pictures.Array:
    """Line integrals through the ellipses: the chord of each has a closed form for every angle and offset."""
    offset = np.linspace(-1.0, 1.0, SIDE)[None, :]
    total = np.zeros((len(theta), SIDE))
    for cx, cy, a, b, tilt, density in ELLIPSES:
        a, b = a * size, b * size
        angle = theta[:, None] - np.deg2rad(tilt)
        reach = (a * np.cos(angle)) ** 2 + (b * np.sin(angle)) ** 2
        distance = offset - (cx * np.cos(theta) + cy * np.sin(theta))[:, None]
        total += density * 2 * a * b * np.sqrt(np.clip(reach - distance**2, 0.0, None)) / reach
    return total


def _back_projection(sinogram: pictures.Array, theta: pictures.Array) -> pictures.Array:
    """Filtered back-projection with a ramp filter (Kak and Slaney, Principles of Computerized Tomographic Imaging,
    chapter 3)."""
    ramp = np.abs(np.fft.fftfreq(2 * SIDE))
    filtered = np.fft.ifft(np.fft.fft(sinogram, 2 * SIDE, axis=1) * ramp, axis=1).real[:, :SIDE]
    axis = np.linspace(-1.0, 1.0, SIDE)
    x, y = np.meshgrid(axis, axis)
    image = np.zeros_like(x)
    for angle, row in zip(theta, filtered, strict=True):
        image += np.interp(x * np.cos(angle) + y * np.sin(angle), axis, row, left=0.0, right=0.0)
    return image * np.pi / len(theta) * SIDE / 2
