"""A small facility, written through the gateway itself; every test has its own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from icat_schema.gateway import New, Ref, Session

START = datetime(2024, 7, 1, 8, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """Ids of what is there. Dataset n (from 0) starts n days after `START`; every second one has a sample; each has the
    parameters `scanType` (text `kind <n % 3>`) and `definition` (`MX`), and `energy` (number n + 0.5)."""

    name: str
    facility: int
    investigation: int
    dataset_type: int
    sample: int
    parameter_types: dict[str, int]
    datasets: list[int]


def build(root: Session, datasets: int = 6) -> World:
    """Write the world in three batches."""
    name = f"F-{uuid.uuid4()}"
    (facility,) = root.write([New("Facility", {"name": name, "fullName": "O'Hara's"})])
    here = Ref(facility)
    investigation_type, dataset_type, *types = root.write(
        [
            New("InvestigationType", {"name": "proposal", "facility": here}),
            New("DatasetType", {"name": "raw", "facility": here}),
            *(_parameter_type(here, name, kind) for name, kind in PARAMETERS),
        ]
    )
    by_name = dict(zip((name for name, _ in PARAMETERS), types, strict=True))
    (investigation,) = root.write(
        [
            New(
                "Investigation",
                {
                    "name": "MX1",
                    "visitId": "1",
                    "title": "t",
                    "facility": here,
                    "type": Ref(investigation_type),
                    "startDate": START,
                    "keywords": [New("Keyword", {"name": "k"})],
                },
            )
        ]
    )
    (sample,) = root.write([New("Sample", {"name": "lysozyme", "investigation": Ref(investigation)})])
    ids = root.write([_dataset(n, investigation, dataset_type, sample, by_name) for n in range(datasets)])
    return World(name, facility, investigation, dataset_type, sample, by_name, ids)


PARAMETERS = (("scanType", "STRING"), ("definition", "STRING"), ("energy", "NUMERIC"))


def _parameter_type(facility: Ref, name: str, kind: str) -> New:
    fields = {"name": name, "units": "", "valueType": kind, "applicableToDataset": True, "facility": facility}
    return New("ParameterType", fields | {"applicableToInvestigation": True})


def _dataset(n: int, investigation: int, type_: int, sample: int, types: dict[str, int]) -> New:
    texts = {"scanType": f"kind {n % 3}", "definition": "MX"}
    parameters = [New("DatasetParameter", {"type": Ref(types[k]), "stringValue": v}) for k, v in texts.items()]
    parameters.append(New("DatasetParameter", {"type": Ref(types["energy"]), "numericValue": n + 0.5}))
    return New(
        "Dataset",
        {
            "name": f"d{n}",
            "complete": n % 2 == 0,
            "investigation": Ref(investigation),
            "type": Ref(type_),
            "sample": Ref(sample) if n % 2 == 0 else None,
            "startDate": START + timedelta(days=n),
            "fileSize": 2**40 + n,
            "parameters": parameters,
        },
    )
