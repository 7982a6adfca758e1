"""Macromolecular crystallography with several samples: two proteins in two pucks, workflows with characterisation,
pipelines that disagree or fail, a merge of two crystals, molecular replacement, a ligand, and SAD phasing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from drac_plugins.demo import pictures
from drac_plugins.demo.announcement import Announcement, SessionFolder
from drac_plugins.demo.mx import ZONE, Pipeline, crystal, frame, statistics, write_results

DAY = datetime(2026, 3, 17, tzinfo=ZONE)
INSULIN_CELL = (78.7, 78.7, 78.7, 90.0, 90.0, 90.0)
THAUMATIN_CELL = (57.9, 57.9, 150.4, 90.0, 90.0, 90.0)


@dataclass(frozen=True, slots=True)
class Sample:
    """A crystal on its pin: where it sits, and how strongly it scatters."""

    name: str
    protein: str
    container: str
    container_type: str
    position: int
    strength: float
    seed: int
    cell: tuple[float, ...]

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "Sample_name": self.name,
            "SampleProtein_acronym": self.protein,
            "SampleTrackingContainer_id": self.container,
            "SampleTrackingContainer_type": self.container_type,
            "SampleTrackingContainer_position": str(self.position),
            "SampleTrackingParcel_name": "dewar-21",
        }


INSULIN_1 = Sample("insulin-x1", "insulin", "HA00AU1201", "UNIPUCK", 2, 1.1, 11, INSULIN_CELL)
INSULIN_2 = Sample("insulin-x2", "insulin", "HA00AU1201", "UNIPUCK", 7, 0.85, 12, INSULIN_CELL)
THAUMATIN_1 = Sample("thaumatin-x1", "thaumatin", "SP0042", "SPINE", 3, 0.95, 13, THAUMATIN_CELL)
THAUMATIN_2 = Sample("thaumatin-x2", "thaumatin", "SP0042", "SPINE", 4, 0.3, 14, THAUMATIN_CELL)
THAUMATIN_3 = Sample("thaumatin-x3", "thaumatin", "SP0042", "SPINE", 9, 0.7, 15, THAUMATIN_CELL)

XIA2 = Pipeline("XIA2_DIALS", "3.20", "I 21 3", 17.8, 0.058, 0.998, 99.8)
AUTOPROC = Pipeline("autoPROC", "1.0.5", "I 21 3", 18.9, 0.066, 0.997, 98.9, r_in_percent=True)
XIA2_SAD = Pipeline("XIA2_DIALS", "3.20", "P 41 21 2", 22.4, 0.049, 0.999, 99.9)
EDNA_SAD = Pipeline("EDNA_proc", "2.1", "P 41 21 2", 23.8, 0.051, 0.998, 99.9, anomalous=True)


@dataclass(frozen=True, slots=True)
class Beamline:
    """Announces what happens in this session, minute by minute."""

    folder: SessionFolder

    def scan(
        self, sample: Sample, name: str, kind: str, minute: int, images: int, values: Mapping[str, Any], duration: float
    ) -> Announcement:
        """Raw data of any kind, with a picture of what the detector or the microscope saw."""
        path = self.folder.raw(sample.protein, sample.name, name)
        start = DAY + timedelta(hours=9, minutes=minute)
        seen = crystal(sample.seed) if kind in ("mesh", "line") else frame(sample.seed * 100 + minute, sample.strength)
        suffix = "crystal_snapshot.png" if kind in ("mesh", "line") else "0001.jpeg"
        pictures.grey(path / "gallery" / f"{name}_{suffix}", seen, high=99.5, invert=kind not in ("mesh", "line"))
        (path / "header.txt").write_text(f"{kind} {name}, {images} images\n", encoding="utf-8")
        metadata = {
            **sample.parameters,
            "definition": "MX SAD",
            "scanType": kind,
            "MX_template": f"{name}_####.h5",
            "MX_numberOfImages": images,
            "MX_exposureTime": 0.01,
            "MX_oscillationRange": 0.1,
            "MX_transmission": 10.0,
            "MX_resolution": 1.5,
            "MX_wavelength": 0.9677,
            "MX_flux": 2.1e12,
            "MX_beamSizeAtSampleX": 0.05,
            "MX_beamSizeAtSampleY": 0.05,
            "MX_positionName": "pos1",
            "InstrumentMonochromator_wavelength": 0.9677,
            **values,
        }
        return self.folder.announce(name, path, start, start + timedelta(seconds=duration), metadata)

    def integration(
        self,
        sample: Sample,
        pipeline: Pipeline,
        minute: int,
        *raws: Announcement,
        name: str = "",
        strength: float = 0.0,
    ) -> Announcement:
        name = name or pipeline.program
        path = self.folder.processed(sample.protein, sample.name, raws[-1].dataset, name)
        metadata = statistics(pipeline, strength or sample.strength, sample.name, sample.protein, sample.cell)
        write_results(path, metadata)
        start = DAY + timedelta(hours=9, minutes=minute)
        return self.folder.announce(
            name, path, start, start + timedelta(minutes=3), metadata, *(raw.path for raw in raws)
        )

    def step(
        self, sample: Sample, name: str, program: str, minute: int, before: Announcement, values: Mapping[str, Any]
    ) -> Announcement:
        """Something computed that has no statistics: a failed pipeline, a strategy, a step of phasing."""
        path = self.folder.processed(sample.protein, sample.name, before.dataset, name)
        lines = [f"{key} {value}" for key, value in values.items()]
        (path / "summary.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        start = DAY + timedelta(hours=9, minutes=minute)
        common = {"Sample_name": sample.name, "definition": "MX SAD", "Process_program": program}
        metadata = {"Process_triggering": "AUTOMATIC", **common, **values}
        return self.folder.announce(name, path, start, start + timedelta(minutes=2), metadata, before.path)


def session(data: Path) -> Iterator[Announcement]:
    """The session of 17 March 2026."""
    beamline = Beamline(SessionFolder(data, "mx2760", "id30a1", DAY))
    first = beamline.scan(INSULIN_1, "run_05_01_datacollection", "datacollection", 12, 1800, _workflow("w-101"), 25)
    second = beamline.scan(INSULIN_2, "run_01_01_datacollection", "datacollection", 40, 1800, {}, 25)
    yield from _insulin(beamline, first)
    yield second
    yield beamline.integration(INSULIN_2, XIA2, 44, second)
    yield beamline.integration(INSULIN_2, AUTOPROC, 45, second)
    merged = Pipeline("XSCALE_merge", "20250714", "I 21 3", 21.0, 0.072, 0.999, 100.0)
    yield beamline.integration(INSULIN_2, merged, 60, first, second, name="merged", strength=1.0)
    yield from _thaumatin(beamline)


def _workflow(identifier: str, kind: str = "MXPressE") -> dict[str, Any]:
    return {"Workflow_id": identifier, "Workflow_name": kind, "Workflow_type": kind}


def _insulin(beamline: Beamline, collection: Announcement) -> Iterator[Announcement]:
    """A workflow from the search of the crystal to a ligand in its density."""
    flow, wedges = _workflow("w-101"), {"MX_characterisation_id": "1", "MX_oscillationRange": 1.0}
    yield beamline.scan(INSULIN_1, "mesh_01", "mesh", 0, 240, flow, 30)
    yield beamline.scan(INSULIN_1, "line_02", "line", 3, 40, flow, 10)
    wedge = beamline.scan(INSULIN_1, "ref-run_03_1", "characterisation", 6, 10, {**flow, **wedges}, 4)
    yield wedge
    yield beamline.scan(INSULIN_1, "ref-run_04_2", "characterisation", 7, 10, {**flow, **wedges}, 4)
    strategy = {
        "scanType": "characterisation",
        "Workflow_status": "success",
        "Workflow_note": "indexed, strategy for 1.5 Å",
        "MXAutoprocIntegration_space_group": "I 2 3",
        "MXAutoprocIntegration_cell_a": "78.7",
        "MX_axis_start": 32.0,
        "MX_axis_range": 180.0,
        "MX_transmission": 10.0,
    }
    yield beamline.step(INSULIN_1, "characterisation", "EDNA_characterisation", 9, wedge, strategy)
    yield collection
    best = beamline.integration(INSULIN_1, XIA2, 16, collection)
    yield best
    yield beamline.integration(INSULIN_1, AUTOPROC, 17, collection)
    failed = {"scanType": "integration", "Workflow_status": "failed"}
    yield beamline.step(INSULIN_1, "grenades_fastproc", "grenades_fastproc", 14, collection, failed)
    search = {"scanType": "MR", "MXMR_step": "PHASING", "MXMRPhasing_search_model": "9INS", "MXMRPhasing_LLG": "1204"}
    placed = beamline.step(INSULIN_1, "MR_phasing", "DIMPLE", 22, best, search)
    yield placed
    refinement = {
        "scanType": "MR",
        "MXMR_step": "REFINEMENT",
        "MXMRRefinement_R_free": "0.212",
        "MXMRRefinement_R_cryst": "0.184",
        "MXMRPhasing_search_model": "9INS",
    }
    refined = beamline.step(INSULIN_1, "MR_refinement", "DIMPLE", 25, placed, refinement)
    yield refined
    ligand = {
        "scanType": "MR",
        "MXMRLigandFitting_ligand_name": "IPH",
        "MXMRLigandFitting_ligand_FOFC_CC": "0.83",
        "MXMRLigandFitting_R_free": "0.205",
    }
    yield beamline.step(INSULIN_1, "ligand_IPH", "RHOFIT", 28, refined, ligand)


def _thaumatin(beamline: Beamline) -> Iterator[Announcement]:
    """Phasing by sulphur, a crystal that was only looked at, and one whose pipeline is still running."""
    yield beamline.scan(THAUMATIN_1, "xrf_01", "xrf", 80, 1, {}, 10)
    yield beamline.scan(THAUMATIN_1, "escan_02", "energy_scan", 83, 1, {}, 60)
    raw = beamline.scan(THAUMATIN_1, "run_03_01_datacollection", "datacollection", 88, 7200, {}, 80)
    yield raw
    result = beamline.integration(THAUMATIN_1, XIA2_SAD, 93, raw)
    yield result
    yield beamline.integration(THAUMATIN_1, EDNA_SAD, 94, raw)
    tried = {"MXSAD_cc_partial_model": "18.4", "MXSAD_average_fragment_length": "7", "MXSAD_enantiomorph": "true"}
    yield beamline.step(THAUMATIN_1, "SAD_other_hand", "SHELXE", 101, result, {"MXSAD_step": "PHASING", **tried})
    traced = {"MXSAD_cc_partial_model": "44.7", "MXSAD_average_fragment_length": "19", "MXSAD_residues_count": "198"}
    yield beamline.step(THAUMATIN_1, "SAD_phasing", "SHELXE", 100, result, {"MXSAD_step": "PHASING", **traced})
    yield beamline.scan(THAUMATIN_2, "mesh_01", "mesh", 110, 120, _workflow("w-102"), 20)
    last = beamline.scan(THAUMATIN_3, "run_01_01_datacollection", "datacollection", 120, 3600, {}, 45)
    yield last
    running = {"scanType": "integration", "Workflow_status": "running"}
    yield beamline.step(THAUMATIN_3, "XIA2_DIALS", "XIA2_DIALS", 122, last, running)
