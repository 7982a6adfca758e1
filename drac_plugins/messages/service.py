"""Use cases of the messages that portals show to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from drac_plugins.core.people import require_administrator
from drac_plugins.core.services import Services
from drac_plugins.core.storage import new_document_id
from drac_plugins.messages.tables import portal_message
from icat_schema.gateway import Session

INFORMATION = "INFORMATION"


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    type: str
    message: str


def shown(services: Services, kind: str | None) -> Sequence[Message]:
    """What is to be shown now, of one type or of all; empty texts are not."""
    c = portal_message.c
    query = select(c.id, c.type, c.message).where(c.message != "").order_by(c.type)
    if kind is not None:
        query = query.where(c.type == kind.upper())
    with services.store.read() as connection:
        return [Message(*row) for row in connection.execute(query)]


def set_information(services: Services, session: Session, text: str) -> Message:
    """Put the text in place of the one before; empty: show none. Raises Forbidden for who is no administrator."""
    name = require_administrator(services, session).name
    with services.store.begin() as connection:
        id_ = _id(connection)
        fresh = {"message": text.strip(), "changed": datetime.now(UTC), "changed_by": name}
        if id_ is not None:
            connection.execute(portal_message.update().where(portal_message.c.id == id_).values(fresh))
        else:
            id_ = new_document_id()
            connection.execute(portal_message.insert().values(id=id_, type=INFORMATION, **fresh))
    return Message(id_, INFORMATION, text.strip())


def _id(connection: Connection) -> str | None:
    c = portal_message.c
    found: str | None = connection.execute(select(c.id).where(c.type == INFORMATION).with_for_update()).scalar()
    return found
