"""Datasets of the techniques outside of crystallography: announced ones with results as their pipelines write them, and
invented ones where no message was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from displays.records import Dataset, Lineage
from tests.displays.datasets import ESRFET, PARIS, SCALING, Scene, dataset
from tests.displays.messages import announced


def result(raw: Dataset, number: int, name: str, values: Mapping[str, str], **facts: object) -> Dataset:
    """A dataset computed from another one an hour later."""
    start = raw.start or datetime(2025, 3, 1, tzinfo=PARIS)
    values = {"technique_pid": raw.text("technique_pid") or "", "Sample_name": raw.text("Sample_name") or "", **values}
    given = {"type": "processed", "instrument": raw.instrument, "start": start + timedelta(hours=1), "acquired": start}
    return dataset(number, name, values, **{**given, **facts})


def gallery(*names: str) -> dict[str, str]:
    """The two parameters of a gallery with these files."""
    return {
        "ResourcesGallery": " ".join(f"r{index}" for index, _ in enumerate(names)),
        "ResourcesGalleryFilePaths": ",".join(f"/data/gallery/{name}" for name in names),
    }


def scene(raw: Dataset, *results: Dataset) -> Scene:
    """Results one after the other, each computed from the one before."""
    chain = [raw, *results]
    links = [(one.id, other.id) for one, other in pairwise(chain)]
    return Scene((raw,), Lineage.of(chain, links))


def serial() -> Scene:
    """A chip at ID29; no hit statistics are defined, the merged result has the usual ones."""
    raw = announced("15", 1000)
    values = {
        "Process_program": "CrystFEL",
        "MXAutoprocIntegration_space_group": "P 43 21 2",
        f"{SCALING}_overall_resolution_limit_low": "45.0",
        f"{SCALING}_overall_resolution_limit_high": "1.687",
        f"{SCALING}_overall_completeness": "100.0",
        f"{SCALING}_overall_cc_half": "0.982",
        **gallery("hits_per_frame.png", "cell_a.png"),
    }
    return scene(raw, result(raw, 1001, "foil1_merged", values))


def organ() -> Scene:
    """A scan of an organ that was announced without technique, and its reconstruction."""
    raw = announced("16", 1010)
    values = {
        "technique_pid": f"{ESRFET}HiP-CT",
        "TOMOReconstruction_method": "FBP",
        "TOMOReconstruction_voxel_size_x": "20.06",
        "TOMOReconstruction_nb_voxel_x": "6200",
        "TOMOReconstruction_nb_voxel_y": "6200",
        "TOMOReconstruction_nb_voxel_z": "5800",
        **gallery("organ_slice_0100.png"),
    }
    return scene(raw, result(raw, 1011, "complete-organ_rec", values))


def holograms() -> Scene:
    """Four distances at ID16A."""
    return scene(announced("17", 1020))


def ptychogram() -> Scene:
    raw = announced("18", 1030)
    pictures = gallery("0004_amplitude.png", "0004_phase.png")
    return scene(raw, result(raw, 1031, "0004_recons", {"PTYCHO_pixelSize": "0.0102", **pictures}))


def grid_square() -> Scene:
    """A grid square on CM01 that carries nothing but the default technique; its results hang in a chain."""
    raw = announced("19", 1040, {"EM_total_movie_number": "412"})
    motion = {"EMMotionCorrection_total_motion": "21.4", "EMMotionCorrection_average_motion": "0.52"}
    spectra = {
        "EMCTF_resolution_limit": "5.31",
        "EMCTF_avg_defocus": "12150.5",
        "EMCTF_defocus_u": "12400.0",
        "EMCTF_defocus_v": "11901.0",
    }
    one = result(raw, 1041, "GridSquare_301_MotionCor", {**motion, "EMMotionCorrection_total_dose": "-1.0"})
    return scene(raw, one, result(raw, 1042, "GridSquare_301_CTF", spectra))


def particles() -> Scene:
    """Particles from a microscope that has no display of its own; the voltage is in volts."""
    values = {
        "technique_pid": f"{ESRFET}EM {ESRFET}CRYO-EM",
        "EM_voltage": "200000",
        "EM_magnification": "130000",
        "EM_sampling_rate": "0.73",
        "EM_dose_per_frame": "-1.0",
        "EM_grid_name": "grid_1",
    }
    raw = dataset(1050, "movie_0001", values, instrument="EM02")
    volume = {"EMReconstruction3D_resolution": "2.94", "EMReconstruction3D_particle_count": "148213"}
    return scene(raw, result(raw, 1051, "refined", volume))


def pigment() -> Scene:
    raw = announced("20", 1060, gallery("pigment_Pb.png", "pigment_rgb.png", "sum_spectrum.png"))
    fitted = {"Process_program": "ewoksfluo", "Process_version": "1.0", **gallery("Pb_L.png", "rgb.png")}
    return scene(raw, result(raw, 1061, "pigment_fit", fitted))


def absorption() -> Scene:
    values = {
        "technique_pid": f"{ESRFET}XRAYS {ESRFET}XANES",
        "scan_description": "Fe K edge, 7.05-7.35 keV",
        "Sample_name": "goethite",
        "Sample_chemical_formula": "FeO(OH)",
        "InstrumentMonochromator_energy": "7.112",
        "InstrumentMonochromatorCrystal_type": "Si",
        "InstrumentMonochromatorCrystal_reflection": "311",
        "SampleEnvironment_type": "cryostat",
        "Sample_temperature_env": "room temperature",
    }
    raw = dataset(1070, "goethite_0001", values, instrument="BM23")
    return scene(
        raw, result(raw, 1071, "goethite_norm", {"Process_program": "larch", **gallery("chi.png", "norm.png")})
    )


def powder() -> Scene:
    values = {
        "technique_pid": f"{ESRFET}XRPD",
        "Sample_name": "LaB6",
        "Sample_chemical_formula": "LaB6",
        "HTXRPD_energy": "60.0",
        "HTXRPD_distance": "842.5",
        "HTXRPD_exposureTime": "0.5",
        "SampleEnvironmentSensors_name": "hot_air_blower cryo",
        "SampleEnvironmentSensors_value": "293.1 290.0",
    }
    return scene(dataset(1080, "LaB6_0001", values, instrument="ID31"))


def crystal() -> Scene:
    values = {
        "technique_pid": f"{ESRFET}SCXRD",
        "Sample_name": "ruby",
        "SCXRD_wavelength": "0.41",
        "SCXRD_sample_detector_distance": "0.1805",
        "SCXRD_rotation_axis": "omega",
        "SCXRD_rotation_range": "360.0",
        "SCXRD_rotation_step": "0.5",
        "SCXRD_exposure_time": "0.1",
        "SCXRD_detector_tilts": "0.1 0.2 0.0",
    }
    return scene(dataset(1090, "ruby_0001", values, instrument="ID15B"))


def solution() -> Scene:
    """A batch measurement as BM29 announces it, and its integration."""
    raw = announced("22", 1100)
    values = {
        "SAXS_guinier_rg": "2.76±0.02",
        "SAXS_d_max": "8.4±0.3",
        "SAXS_mass": "66.4",
        "SAXS_frames_averaged": "0-9",
        **gallery("kratky.png", "scattering.png"),
    }
    return scene(raw, result(raw, 1101, "bsa_0011_integrate", values))


def solution_of_2025() -> Scene:
    """The same beamline after September 2025: another radius of gyration leads."""
    raw = announced("22", 1110, start=datetime(2025, 11, 3, 9, 0, tzinfo=PARIS), end=None)
    values = {"SAXS_guinier_rg": "2.76±0.02", "SAXS_rg": "2.81±0.03"}
    return scene(raw, result(raw, 1111, "bsa_0011_integrate", values))
