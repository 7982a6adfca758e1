"""The same content three times: in an open session, in an embargoed one, and in one of somebody else.

Every text of a place holds its `mark`, so that whatever shows anything of it shows the mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import h5py

from drac_plugins.catalogue.tables import sample_file
from drac_plugins.core import resources
from drac_plugins.resource.tables import attachment
from icat_schema.gateway import New, Ref, Select, Session
from icat_schema.gateway.conditions import Eq
from tests.catalogue.seed import Seeder
from tests.support.facade import RunningFacade

VISITOR = "/data/visitor"
TEAM = {"ada": "Principal investigator", "bo": "Participant", "contact": "Local contact"}
"""Beside them cy, who is scientist of the instrument."""
ELSEWHERE = "XX99"
PICTURE = b"\x89PNG\r\n\x1a\n"
NOTE = "Process_note"
DESCRIPTION, COMMENT = "Sample_description", "Sample_comment"


@dataclass(frozen=True)
class Place:
    """Ids of what is in one session. `stored_name` is spelled as nobody would guess."""

    name: str
    mark: str
    stored_name: str
    investigation: int
    instrument: str
    instrument_id: int
    scientist: str
    sample: int
    sample_parameter: int
    dataset: int
    parameter: int
    datafile: int
    location: str
    day: str
    release: datetime
    picture: str
    attachment: str
    sample_file: str


def seed(facade: RunningFacade, folder: Path) -> Mapping[str, Place]:
    """`folder` is where `/data/visitor` is on disk."""
    seeder = Seeder(facade.root)
    home = Ref(seeder.id("Facility", "ESRF"))
    facade.root.write([New("DatasetType", {"name": "acquisition", "facility": home})])
    scientist = New("InstrumentScientist", {"user": Ref(seeder.id("User", "simple/other"))})
    elsewhere = {"name": ELSEWHERE, "facility": home, "instrumentScientists": [scientist]}
    facade.root.write([New("Instrument", elsewhere)])
    seeder.parameter_types([NOTE, DESCRIPTION, COMMENT, "title"])
    now = datetime.now(UTC).replace(microsecond=0)
    released, later = now - timedelta(days=30), now + timedelta(days=900)
    return {
        place.name: place
        for place in (
            _place(facade, seeder, folder, "open", ("Ih-Ls 0701", "ID30A-1", TEAM), 1, released),
            _place(facade, seeder, folder, "embargoed", ("Ih-Ls 0702", "ID30A-1", TEAM), 2, later),
            _place(facade, seeder, folder, "others", ("Ih-Ls 0703", ELSEWHERE, {"other": TEAM["ada"]}), 3, later),
        )
    }


def _place(
    facade: RunningFacade,
    seeder: Seeder,
    folder: Path,
    name: str,
    facts: tuple[str, str, Mapping[str, str]],
    day: int,
    release: datetime,
) -> Place:
    stored_name, instrument, team = facts
    root, mark = facade.root, f"quince{name}"
    start = datetime(2025, 3, day, 9, tzinfo=UTC)
    times = {"startDate": start - timedelta(hours=2), "endDate": start + timedelta(hours=6), "releaseDate": release}
    investigation = seeder.investigation(
        stored_name, f"{instrument} 2025030{day}", instrument, team, title=mark, summary=mark, **times
    )
    sample = seeder.sample(investigation, f"{mark} sample", {DESCRIPTION: f"{mark} described"})
    location = f"{VISITOR}/{mark}/raw"
    (dataset,) = seeder.datasets(
        investigation,
        sample,
        [
            {
                "name": f"{mark} raw",
                "location": location,
                "start": start,
                "values": {NOTE: f"{mark} note"},
                "files": (f"{mark}.txt",),
            }
        ],
    )
    on_disk = folder / mark / "raw" / f"{mark}.txt"
    on_disk.parent.mkdir(parents=True)
    _write(on_disk, mark)
    seeder.publication(f"10.99999/{mark}", [dataset], f"{mark} published")
    return Place(
        name=name,
        mark=mark,
        stored_name=stored_name,
        investigation=investigation,
        instrument=instrument,
        instrument_id=seeder.id("Instrument", instrument),
        scientist="other" if instrument == ELSEWHERE else "cy",
        sample=sample,
        sample_parameter=_only(root, "SampleParameter", "sample.id", sample),
        dataset=dataset,
        parameter=_only(root, "DatasetParameter", "dataset.id", dataset),
        datafile=_only(root, "Datafile", "dataset.id", dataset),
        location=f"{location}/{mark}.txt",
        day=f"2025-03-0{day}",
        release=release,
        **_kept_in_the_store(facade, mark, investigation, sample, dataset),
    )


def _write(path: Path, mark: str) -> None:
    """A text that is an HDF5 file too: what stands before the superblock is the writer's."""
    with h5py.File(path, "w", libver="latest", userblock_size=512) as file:
        file[mark] = f"{mark} value"
        file["plot/numbers"] = [1, 2]
        file["plot"].attrs["signal"] = "numbers"
        file.attrs.update({"mark": mark, "default": "plot"})
    content = f"{mark} bytes".ljust(512).encode() + path.read_bytes()[512:]
    path.write_bytes(content.ljust(4096))


def _only(root: Session, entity: str, path: str, id_: int) -> int:
    ((found,),) = root.rows(Select(entity, ["id"], Eq(path, id_)))
    return int(found)


def _kept_in_the_store(
    facade: RunningFacade, mark: str, investigation: int, sample: int, dataset: int
) -> dict[str, str]:
    content = PICTURE + mark.encode()
    common = {"filename": f"{mark}.png", "username": "simple/root", "sha256": mark, "content": content}
    ids = {"attachment": f"a{investigation:023x}", "sample_file": f"b{investigation:023x}"}
    moment = datetime.now(UTC)
    with facade.services.store.begin() as connection:
        picture = resources.put(connection, dataset, f"gallery/{mark}.png", content)
        connection.execute(
            attachment.insert().values(
                id=ids["attachment"],
                investigation_id=investigation,
                instrument_name=None,
                content_type="image/png",
                size=len(content),
                facts={},
                created=moment,
                **common,
            )
        )
        connection.execute(
            sample_file.insert().values(
                id=ids["sample_file"],
                investigation_id=investigation,
                sample_id=sample,
                created=moment,
                file_type="PNG",
                **common,
            )
        )
    return {"picture": picture, **ids}
