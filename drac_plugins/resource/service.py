"""Use cases of small files: the gallery of a dataset is for who may read the dataset, what is attached to a logbook for
who takes part."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from drac_plugins.core import resources
from drac_plugins.core.content import bare_name, sniff
from drac_plugins.core.errors import Forbidden, Invalid, NotFound
from drac_plugins.core.people import Person, person_of, takes_part
from drac_plugins.core.reads.names import instrument_key
from drac_plugins.core.services import Services
from drac_plugins.core.storage import new_document_id
from drac_plugins.resource.tables import attachment
from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import Eq, In


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`content_type` and `shown` are judged by the bytes."""

    filename: str
    content_type: str
    shown: bool
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Attached:
    id: str
    investigation_id: int | None
    instrument_name: str | None
    type: str
    category: str
    title: str | None
    filename: str
    file_size: int
    content_type: str
    file: list[str]
    username: str
    software: str | None
    machine: str | None
    creation_date: datetime


def stored(services: Services, session: Session, resource_id: str) -> StoredFile:
    """Raises NotFound for what is not there and for what the caller may not see; the two are not told apart."""
    with services.store.read() as connection:
        found = resources.get(connection, resource_id)
        attached = None if found else connection.execute(_one(resource_id)).first()
    if found and session.count(Select("Dataset", ["id"], Eq("id", found.dataset_id))):
        return StoredFile(found.filename, found.content_type, found.shown, found.content, found.sha256)
    if attached and _at_home(services, session, attached.investigation_id, attached.instrument_name):
        type_ = sniff(attached.content)
        return StoredFile(attached.filename, type_.header, type_.shown, attached.content, attached.sha256)
    raise NotFound(f"There is no resource {resource_id} that you may see")


def attach(
    services: Services,
    session: Session,
    place: tuple[int | None, str | None],
    file: tuple[str | None, bytes],
    facts: Mapping[str, Any],
) -> Attached:
    """Keep a file for the logbook of an investigation or of an instrument. `file`: name and bytes.

    Raises Invalid without a place or with an empty file, Forbidden for who does not take part.
    """
    investigation_id, instrument = place
    if (investigation_id is None) == (instrument is None):
        raise Invalid("investigationId or instrumentName is needed, one of the two")
    if not file[1]:
        raise Invalid("file: it is empty")
    if not _at_home(services, session, investigation_id, instrument):
        raise Forbidden("Files are attached by those who take part, the instrument's scientists and administrators")
    moment = facts["creation_date"] or datetime.now(UTC)
    made = Attached(
        id=new_document_id(),
        investigation_id=investigation_id,
        instrument_name=instrument,
        type=facts["type"],
        category=facts["category"],
        title=facts["title"],
        filename=bare_name(file[0]),
        file_size=len(file[1]),
        content_type=sniff(file[1]).media_type,
        file=[],
        username=session.user_name(),
        software=facts["software"],
        machine=facts["machine"],
        creation_date=moment,
    )
    with services.store.begin() as connection:
        _insert(connection, made, file[1])
    return made


def _insert(connection: Connection, made: Attached, content: bytes) -> None:
    said = {name: getattr(made, name) for name in ("type", "category", "title", "software", "machine")}
    connection.execute(
        attachment.insert().values(
            id=made.id,
            investigation_id=made.investigation_id,
            instrument_name=made.instrument_name,
            username=made.username,
            filename=made.filename,
            content_type=made.content_type,
            sha256=hashlib.sha256(content).hexdigest(),
            size=made.file_size,
            facts=said,
            created=made.creation_date,
            content=content,
        )
    )


def _one(resource_id: str) -> Any:
    c = attachment.c
    columns = (c.investigation_id, c.instrument_name, c.filename, c.content, c.sha256)
    return select(*columns).where(c.id == resource_id)


def _at_home(services: Services, session: Session, investigation_id: int | None, instrument: str | None) -> bool:
    person = person_of(services, session)
    if investigation_id is not None:
        return takes_part(session, person, investigation_id)
    return person.is_administrator or (instrument is not None and _works_at(session, person, instrument))


def _works_at(session: Session, person: Person, instrument: str) -> bool:
    rows = session.rows(Select("InstrumentScientist", ["instrument.name"], In("user.name", person.aliases)))
    return instrument_key(instrument) in {instrument_key(name) for (name,) in rows}
