"""Use cases of files: those that people add to samples are kept in the store, the data service has those of datasets.

Who may read the sample may read its files; who takes part, or works there, may add some.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from drac_plugins.catalogue.tables import sample_file
from drac_plugins.core.content import bare_name
from drac_plugins.core.errors import Forbidden, Invalid, NotFound
from drac_plugins.core.people import person_of, takes_part
from drac_plugins.core.services import Services
from drac_plugins.core.storage import new_document_id
from icat_schema.gateway import Select, Selection, Session
from icat_schema.gateway.conditions import And, Condition, Eq, In
from icat_schema.gateway.data_service import Download


@dataclass(frozen=True, slots=True)
class SampleFile:
    id: str
    filename: str
    file_type: str
    group_name: str | None
    multiplicity: int | None

    @property
    def file(self) -> str:
        return self.filename


@dataclass(frozen=True, slots=True)
class SampleInformation:
    """`id` is that of the sample's first file."""

    id: str
    investigation_id: int
    sample_id: int
    resources: Sequence[SampleFile]


def listed(
    services: Services, session: Session, investigations: Sequence[int], samples: Sequence[int], group: str | None
) -> list[SampleInformation]:
    """Samples that have files, with them. Raises Invalid when neither an investigation nor a sample is given."""
    if not (investigations or samples):
        raise Invalid("investigationId or sampleId is needed")
    parts: list[Condition] = [In("investigation.id", investigations)] if investigations else []
    parts += [In("id", samples)] if samples else []
    seen = [id_ for (id_,) in session.rows(Select("Sample", ["id"], And(*parts)))]
    c = sample_file.c
    where = c.investigation_id.in_(investigations) if investigations else c.sample_id.in_(samples)
    with services.store.read() as connection:
        found = _information(connection, where if group is None else where & (c.group_name == group))
    return [one for one in found if one.sample_id in set(seen)]


def add(
    services: Services, session: Session, sample_id: int, file: tuple[str | None, bytes], facts: Mapping[str, Any]
) -> SampleInformation:
    """Keep a file of a sample; answers the sample with all of its files. `file`: name and bytes.

    Raises Invalid for an empty file, NotFound for a sample that the session cannot see, Forbidden for who has no part
    in its investigation.
    """
    if not file[1]:
        raise Invalid("file: it is empty")
    rows = session.rows(Select("Sample", ["investigation.id"], Eq("id", sample_id)))
    if not rows:
        raise NotFound(f"There is no sample {sample_id} that you may see")
    investigation_id = int(rows[0][0])
    person = person_of(services, session)
    if not takes_part(session, person, investigation_id):
        raise Forbidden("Files are added by those who take part, the instrument's scientists and administrators")
    row = {
        "id": new_document_id(),
        "investigation_id": investigation_id,
        "sample_id": sample_id,
        "filename": bare_name(file[0]),
        "username": person.name,
        "created": datetime.now(UTC),
        "sha256": hashlib.sha256(file[1]).hexdigest(),
        "content": file[1],
        **{name: facts[name] for name in ("file_type", "group_name", "multiplicity")},
    }
    with services.store.begin() as connection:
        connection.execute(sample_file.insert().values(row))
        return _information(connection, sample_file.c.sample_id == sample_id)[0]


def content(services: Services, session: Session, sample_id: int, resource_id: str) -> tuple[str, bytes, str]:
    """Name, bytes and checksum of a file. Raises NotFound, also for what the session cannot see."""
    c = sample_file.c
    wanted = select(c.filename, c.content, c.sha256).where(c.id == resource_id, c.sample_id == sample_id)
    if session.count(Select("Sample", ["id"], Eq("id", sample_id))):
        with services.store.read() as connection:
            row = connection.execute(wanted).first()
        if row is not None:
            return row.filename, row.content, row.sha256
    raise NotFound(f"There is no file {resource_id} of sample {sample_id} that you may see")


def datafile(
    services: Services, session: Session, path: str | None, dataset_id: int, investigation_id: int, range_: str | None
) -> Download:
    """The bytes of a datafile of this dataset, from the data service. Raises Invalid without a path, NotFound."""
    if not path:
        raise Invalid("filepath: the path of the file is needed")
    here = And(Eq("location", path), Eq("dataset.id", dataset_id), Eq("dataset.investigation.id", investigation_id))
    rows = session.rows(Select("Datafile", ["id"], here))
    if not rows:
        raise NotFound(f"There is no such file in dataset {dataset_id} of investigation {investigation_id}")
    return services.data_service.data(session.id, Selection(datafiles=(rows[0][0],)), range_)


def _information(connection: Connection, where: ColumnElement[bool]) -> list[SampleInformation]:
    """By sample, in the order in which their files came."""
    c = sample_file.c
    columns = (c.investigation_id, c.sample_id, c.id, c.filename, c.file_type, c.group_name, c.multiplicity)
    files: dict[tuple[int, int], list[SampleFile]] = {}
    for investigation_id, sample_id, *facts in connection.execute(select(*columns).where(where).order_by(c.id)):
        files.setdefault((investigation_id, sample_id), []).append(SampleFile(*facts))
    return [SampleInformation(found[0].id, *home, found) for home, found in files.items()]
