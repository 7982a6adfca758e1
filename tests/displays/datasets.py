"""Realistic datasets for the display tests: an MX sample, a tilt series, a reconstruction, a BioSAXS pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from displays.records import Dataset, Lineage, parameters

PARIS = ZoneInfo("Europe/Paris")
ESRFET = "https://w3id.org/PaN/ESRFET#"
SCALING = "MXAutoprocIntegrationScaling"


@dataclass(frozen=True)
class Scene:
    """Datasets with their links; the raw ones in order."""

    raw: tuple[Dataset, ...]
    lineage: Lineage


def dataset(number: int, name: str, values: Mapping[str, str] | None = None, **facts: object) -> Dataset:
    """A dataset of ID30A-1 in March 2024 unless said otherwise."""
    start = datetime(2024, 3, 12, 9, 0, tzinfo=PARIS) + timedelta(minutes=number)
    given: dict[str, object] = {"start": start, "instrument": "ID30A-1", "parameters": parameters(values or {})}
    return Dataset(number, name, **{**given, **facts})  # type: ignore[arg-type]


def statistics(isigma: float, r_meas: float, cc_half: float = 0.95, high: float = 1.8) -> dict[str, str]:
    """The three shells of one integration, around the given overall values."""
    values = {}
    for shell, factor in (("inner", 2.5), ("outer", 0.1), ("overall", 1.0)):
        values |= {
            f"{SCALING}_{shell}_mean_I_over_sigI": str(round(isigma * factor, 3)),
            f"{SCALING}_{shell}_r_meas_all_IPlus_IMinus": str(round(r_meas / factor, 5)),
            f"{SCALING}_{shell}_cc_half": str(cc_half),
            f"{SCALING}_{shell}_completeness": "98.4",
            f"{SCALING}_{shell}_resolution_limit_low": "45.21",
            f"{SCALING}_{shell}_resolution_limit_high": str(high),
        }
    return values


def integration(
    number: int, program: str, values: Mapping[str, str], group: str = "P 43 21 2", **facts: object
) -> Dataset:
    """A result of one pipeline."""
    given = {
        "Process_program": program,
        "scanType": "integration",
        "definition": "MX",
        "technique_pid": f"{ESRFET}MX",
        "MXAutoprocIntegration_space_group": group,
        "MXAutoprocIntegration_anomalous": "False",
        "MXAutoprocIntegration_cell_a": "78.54",
        "Sample_name": "lyso-1",
    }
    return dataset(number, f"{program}_{number}", {**given, **values}, **{"type": "processed", "sample_id": 7, **facts})


def mx_scene() -> Scene:
    """One crystal: three raw collections, four pipelines each, and a merge of all three. autoPROC writes R in per cent,
    the others as fractions."""
    raws, results, links = [], [], []
    for index in range(3):
        raw = mx_raw(100 + 20 * index, f"lyso-1_run{index + 1}", sample_id=7, sample_name="lyso-1")
        raws.append(raw)
        for offset, (program, isigma, r_meas) in enumerate(
            (
                ("XIA2_DIALS", 14.2, 0.081),
                ("autoPROC", 15.9, 7.4),
                ("EDNA_proc", 13.1, 0.094),
                ("grenades_fastproc", 12.5, 0.102),
            )
        ):
            result = integration(raw.id + 1 + offset, program, statistics(isigma + index, r_meas), acquired=raw.start)
            results.append(result)
            links.append((raw.id, result.id))
    merge = integration(900, "XIA2_DIALS_merge", statistics(21.5, 0.069, 0.998), acquired=raws[0].start)
    links.extend((raw.id, merge.id) for raw in raws)
    return Scene(tuple(raws), Lineage.of([*raws, *results, merge], links))


def mx_raw(number: int, name: str, values: Mapping[str, str] | None = None, **facts: object) -> Dataset:
    """A raw collection as the acquisition software announces it."""
    given = {
        "definition": "MX SAD",
        "technique_pid": f"{ESRFET}XRAYS {ESRFET}MX {ESRFET}SAD",
        "scanType": "datacollection",
        "SampleProtein_acronym": "LYSO",
        "Sample_name": "lyso-1",
        "SampleTrackingContainer_id": "PUCK-0042",
        "SampleTrackingContainer_position": "3",
        "MX_numberOfImages": "1800",
        "InstrumentMonochromator_wavelength": "0.96546",
        "MX_transmission": "12.5",
        "MX_beamSizeAtSampleX": "0.05",
        "MX_flux": "1120000000000.0",
        "MX_exposureTime": "0.02",
        "MX_resolution": "1.65",
        "MX_positionName": "pos1",
        "ResourcesGallery": "aaa bbb",
        "ResourcesGalleryFilePaths": f"/data/{name}/gallery/{name}_0001.jpeg,/data/{name}/gallery/{name}_snapshot.png",
        "__fileCount": "1803",
        "__volume": "8123456789",
    }
    return dataset(number, name, {**given, **(values or {})}, **facts)


def tilt_series() -> Scene:
    """Five movies on CM01, each with a motion correction and, computed from that, a CTF estimation."""
    made, raws, links = [], [], []
    for index, tilt in enumerate((-6.0, -3.0, 0.0, 3.0, 6.0)):
        raw = movie(10 * (index + 1), f"{index:03}", tilt)
        values = {
            "EMMotionCorrection_total_motion": str(12.5 + index) if index < 4 else "1200.0",
            "EMMotionCorrection_average_motion": "0.61",
            "EMMotionCorrection_frame_range": "1-8",
            "EMMotionCorrection_total_dose": "-1.0",
        }
        motion = em_result(raw.id + 1, f"{raw.name}_MotionCor", values, raw)
        values = {
            "EMCTF_resolution_limit": str(4.2 + index / 4),
            "EMCTF_defocus_u": "31234.0",
            "EMCTF_defocus_v": "30890.5",
            "EMCTF_avg_defocus": str(31000 + 500 * index),
            "EMCTF_correlation": "0.1234",
            "ResourcesGallery": f"ctf{index}",
            "ResourcesGalleryFilePaths": f"/data/{raw.name}_ctf.jpg",
        }
        ctf = em_result(raw.id + 2, f"{raw.name}_CTF", values, raw)
        raws.append(raw)
        made += [raw, motion, ctf]
        links += [(raw.id, motion.id), (motion.id, ctf.id)]
    return Scene(tuple(raws), Lineage.of(made, links))


def movie(number: int, name: str, tilt: float, voltage: str = "300000") -> Dataset:
    """One movie; older producers write the voltage in volts and unknown doses as -1.0."""
    values = {
        "technique_pid": f"{ESRFET}EM {ESRFET}CRYO-ET",
        "definition": "EM CRYO-ET",
        "EM_tilt_angle": str(tilt),
        "EM_magnification": "81000",
        "EM_sampling_rate": "1.079",
        "EM_dose_per_frame": "-1.0",
        "EM_voltage": voltage,
        "EM_grid_name": "grid3",
        "Sample_name": "Position_12",
        "EM_protein_acronym": "ribo",
    }
    return dataset(number, name, values, instrument="CM01", sample_name="Position_12")


def em_result(number: int, name: str, values: Mapping[str, str], raw: Dataset) -> Dataset:
    """A processed dataset of a movie."""
    values = {"technique_pid": f"{ESRFET}CRYO-ET", "Sample_name": "Position_12", **values}
    return dataset(number, name, values, type="processed", instrument="CM01", acquired=raw.start)


def tomography() -> Scene:
    """A scan on BM18 with the parameter names of today, and its reconstruction."""
    raw = dataset(
        500,
        "heart_25um",
        {
            "technique_pid": f"{ESRFET}HiP-CT {ESRFET}XRAYS",
            "Sample_name": "heart",
            "TOMOAcquisition_sample_pixel_size": "25.08",
            "TOMO_pixelSize": "25.1",
            "TOMOAcquisition_energy": "110.5",
            "TOMOAcquisition_sample_detector_distance": "20000",
            "TOMOAcquisition_proj_n": "6000",
            "TOMOAcquisition_duration": "5400",
            "TOMOAcquisition_half_acquisition": "True",
        },
        instrument="BM18",
    )
    reconstruction = dataset(
        501,
        "heart_25um_rec",
        {
            "technique_pid": f"{ESRFET}HiP-CT",
            "Sample_name": "heart",
            "Project_name": "Human Organ Atlas",
            "TOMOReconstruction_method": "FBP",
            "TOMOReconstruction_voxel_size_x": "25.08",
            "TOMOReconstruction_nb_voxel_x": "2000",
            "TOMOReconstruction_nb_voxel_y": "2000",
            "TOMOReconstruction_nb_voxel_z": "1500",
            "TOMOReconstructionPhase_delta_beta": "1000",
            "SamplePatient_number": "LADAF-2020-31",
            "SamplePatient_organ_name": "heart",
            "SamplePatient_age": "69",
            "SamplePatient_weight": "0.0",
            "ExternalReferencesPublication_doi": "10.1038/s41592-021-01317-x",
            "ResourcesGallery": "s1 s2",
            "ResourcesGalleryFilePaths": "/g/heart_slice_10.png,/g/heart_slice_2.png",
        },
        type="processed",
        instrument="BM18",
        acquired=raw.start,
    )
    return Scene((raw,), Lineage.of([raw, reconstruction], [(500, 501)]))


def biosaxs() -> Scene:
    """A sample and its buffer on BM29, and the averaged curve of the sample; errors are packed in the texts."""
    start = datetime(2024, 5, 2, 14, 0, tzinfo=PARIS)
    common = {"technique_pid": f"{ESRFET}BioSAXS", "SAXS_acronym": "BSA", "SAXS_experiment_type": "sample changer"}
    sample = dataset(
        700, "bsa_05", {**common, "SAXS_concentration": "5.0", "Sample_name": "BSA"}, instrument="BM29", start=start
    )
    buffer = dataset(
        701,
        "bsa_buffer",
        {**common, "SAXS_concentration": "0.0"},
        instrument="BM29",
        start=start + timedelta(minutes=2),
    )
    values = {
        "SAXS_guinier_rg": "2.76±0.02",
        "SAXS_guinier_i0": "54.3±0.4",
        "SAXS_rg": "2.81±0.03",
        "SAXS_d_max": "8.4",
        "SAXS_mass": "66.4",
        "SAXS_frames_averaged": "0-9",
        "ResourcesGallery": "g k s",
        "ResourcesGalleryFilePaths": "/g/guinier.png,/g/kratky.png,/g/scattering.png",
    }
    result = dataset(
        702,
        "bsa_05_integrated",
        {**common, **values},
        instrument="BM29",
        type="processed",
        acquired=start,
        start=datetime(2026, 1, 5, tzinfo=PARIS),
    )
    return Scene((sample, buffer), Lineage.of([sample, buffer, result], [(700, 702), (701, 702)]))
