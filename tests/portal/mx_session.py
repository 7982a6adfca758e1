"""An MX session as the tests of its pages need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.portal.laboratory import ESRFET, START, Laboratory

GROUP = {"MXAutoprocIntegration_space_group": "P 43 21 2"}


@dataclass(frozen=True)
class Session:
    """Two crystals in one puck: the second, characterised first, was merged with the first and phased."""

    id: int
    first: int
    wedge: int
    second: int
    merge: int
    failed: int

    @property
    def path(self) -> str:
        return f"/portal/investigations/{self.id}/mx"


def raw(sample: str, position: str, minutes: int, **values: str) -> dict[str, Any]:
    return {
        "name": f"{sample}_{minutes}",
        "start": START + timedelta(minutes=minutes),
        "values": {
            "technique_pid": f"{ESRFET}MX",
            "scanType": "datacollection",
            "Sample_name": sample,
            "SampleProtein_acronym": "LYSO",
            "SampleTrackingContainer_id": "PUCK-7",
            "SampleTrackingContainer_type": "UNIPUCK",
            "SampleTrackingContainer_position": position,
            **values,
        },
    }


def result(program: str, inputs: list[int], minutes: int, values: Mapping[str, str]) -> dict[str, Any]:
    common = {"technique_pid": f"{ESRFET}MX", "scanType": "integration", "Process_program": program}
    start = START + timedelta(minutes=minutes)
    name = f"{program}_{minutes}_{len(inputs)}"
    return {"name": name, "type": "processed", "start": start, "inputs": inputs, "values": {**common, **values}}


def statistics(i_over_sigma: str, r_meas: str) -> dict[str, str]:
    found = dict(GROUP)
    for shell in ("inner", "outer", "overall"):
        prefix = f"MXAutoprocIntegrationScaling_{shell}"
        found |= {f"{prefix}_mean_I_over_sigI": i_over_sigma, f"{prefix}_r_meas_all_IPlus_IMinus": r_meas}
        found |= {f"{prefix}_completeness": "98.5", f"{prefix}_resolution_limit_high": "1.8"}
    return found


def mx_session(laboratory: Laboratory) -> Session:
    """Register it; the first crystal is better by Rmeas with autoPROC, by anything else with XIA2."""
    key = laboratory.session()
    workflow = {"Workflow_id": "w1", "Workflow_type": "MXPressE"}
    first, wedge, second = laboratory.datasets(
        key,
        [
            raw("crystal-1", "1.0", 0),
            raw("crystal-2", "7.0", 10, scanType="characterisation", MX_characterisation_id="3", **workflow),
            raw("crystal-2", "7.0", 12, MX_numberOfImages="1800", **workflow),
        ],
    )
    made = laboratory.datasets(
        key,
        [
            result("XIA2_DIALS", [first], 5, statistics("12", "0.08")),
            result("autoPROC", [first], 6, statistics("9", "5.1")),
            result("XIA2_DIALS", [second], 20, statistics("15", "0.071")),
            result("EDNA_proc", [second], 21, {"Workflow_status": "failed"}),
            result("XSCALE_merge", [first, second], 30, statistics("10.5", "0.09")),
            result(
                "characterise",
                [wedge],
                11,
                {"scanType": "characterisation", "Workflow_status": "success", "MXStrategy_range": "90", **GROUP},
            ),
        ],
    )
    laboratory.datasets(
        key,
        [
            result("DIMPLE", [made[2]], 40, {"scanType": "MR", "MXMRRefinement_R_free": "0.21", "MXMR_step": "REFINE"}),
        ],
    )
    return Session(key, first, wedge, second, made[4], made[3])
