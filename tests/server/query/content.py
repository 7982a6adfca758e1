"""A small catalogue: a session of macromolecular crystallography and one of electron microscopy, and four people.

ada leads the first session, bo is in its team, cy is scientist of its instrument, dee is a stranger to it (and alone in
the second one).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from icat_schema.definitions import schema
from icat_schema.server.store.tables import relation_column, table

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Content:
    """Adds rows, and remembers their ids under `<Entity> <name>`."""

    connection: Connection
    ids: dict[str, int] = field(default_factory=dict)

    def add(self, entity_name: str, *, by: str = "simple/root", **values: Any) -> int:
        """Relations are given by id; what is left out has its default."""
        entity = schema().entities[entity_name]
        row: dict[str, Any] = {"createId": by, "modId": by, "createTime": MOMENT, "modTime": MOMENT}
        row |= {a.name: a.default for a in entity.attributes if a.default is not None}
        row |= {relation_column(k) if entity.to_one(k) else k: v for k, v in values.items()}
        key = self.connection.execute(table(entity_name).insert().values(row)).inserted_primary_key
        assert key is not None
        self.ids[f"{entity_name} {values.get('name', '')}".strip()] = key[0]
        return int(key[0])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fill(content: Content) -> None:
    facility = content.add("Facility", name="ESRF", daysUntilRelease=1095)
    _types(content, facility)
    _people(content)
    instruments = {n: content.add("Instrument", name=n, facility=facility) for n in ("ID30A-1", "CM01")}
    content.add("InstrumentScientist", instrument=instruments["ID30A-1"], user=content.ids["User simple/cy"])
    mx = _session(content, "MX-2345", "2026-03-02T08:00:00", instruments["ID30A-1"], released="2029-03-02T08:00:00")
    em = _session(content, "EM-77", "2025-11-20T09:30:00", instruments["CM01"], released="2025-12-01T00:00:00")
    for user, role in (("ada", "Principal investigator"), ("bo", "Participant")):
        content.add("InvestigationUser", investigation=mx, user=content.ids[f"User simple/{user}"], role=role)
    content.add("InvestigationUser", investigation=em, user=content.ids["User simple/dee"], role="Participant")
    _mx_data(content, mx)
    _em_data(content, em)
    content.add("Study", name="open question", user=content.ids["User simple/ada"], status="IN_PROGRESS")
    content.add("Study", name="closed question", status="COMPLETE")


def _types(content: Content, facility: int) -> None:
    content.add("InvestigationType", name="proposal", facility=facility)
    for name in ("raw", "processed"):
        content.add("DatasetType", name=name, facility=facility)
    content.add("SampleType", name="lysozyme", molecularFormula="C613", facility=facility)
    for name, type_ in (("energy", "NUMERIC"), ("definition", "STRING"), ("calibrated", "DATE_AND_TIME")):
        content.add(
            "ParameterType", name=name, units="keV" if name == "energy" else "", valueType=type_, facility=facility
        )


def _people(content: Content) -> None:
    for name, full_name in (("ada", "Ada Lövelace"), ("bo", "Bo Diddley"), ("cy", "Cy Twombly"), ("dee", "Dee O'Hara")):
        email = None if name == "dee" else f"{name}@example.org"
        content.add("User", name=f"simple/{name}", fullName=full_name, email=email)


def _session(content: Content, name: str, start: str, instrument: int, released: str) -> int:
    session = content.add(
        "Investigation",
        name=name,
        visitId="1",
        title=f"Title of {name}",
        startDate=at(start),
        releaseDate=at(released),
        facility=content.ids["Facility ESRF"],
        type=content.ids["InvestigationType proposal"],
    )
    content.add("InvestigationInstrument", investigation=session, instrument=instrument)
    return session


def _mx_data(content: Content, session: int) -> None:
    sample = content.add("Sample", name="lyso1", investigation=session, type=content.ids["SampleType lysozyme"])
    for number, energy in ((1, 12.5), (2, 12.7), (3, 6.0)):
        dataset = content.add(
            "Dataset",
            name=f"mx_{number}",
            investigation=session,
            sample=sample,
            type=content.ids["DatasetType raw"],
            complete=number != 3,
            fileSize=1000 * number,
            fileCount=number,
            startDate=at(f"2026-03-02T1{number}:00:00"),
            location=f"/data/visitor/mx2345/id30a-1/20260302/RAW_DATA/mx_{number}",
        )
        content.add("DatasetParameter", dataset=dataset, type=content.ids["ParameterType energy"], numericValue=energy)
        content.add("DatasetParameter", dataset=dataset, type=content.ids["ParameterType definition"], stringValue="MX")
        for file in range(number):
            content.add("Datafile", name=f"{number}_{file}.h5", dataset=dataset, fileSize=100 * file)


def _em_data(content: Content, session: int) -> None:
    raw = content.add("Dataset", name="em_1", investigation=session, type=content.ids["DatasetType raw"])
    content.add(
        "DatasetParameter",
        dataset=raw,
        type=content.ids["ParameterType calibrated"],
        dateTimeValue=at("2025-11-20T23:30:00"),
    )
    content.add(
        "Dataset",
        name="em_1_100%_motion\\corrected",
        investigation=session,
        type=content.ids["DatasetType processed"],
        complete=True,
        fileSize=7,
    )
