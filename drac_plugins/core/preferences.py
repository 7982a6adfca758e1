"""What a person chose, kept in the store: one document per person. Parts of the ICAT+ wire keep its names, and the
operations below `/users` show those alone; `COLUMNS` is ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, String, Table, select

from drac_plugins.core.errors import Invalid
from drac_plugins.core.people import is_anonymous, names_of
from drac_plugins.core.services import Services
from drac_plugins.core.storage import Instant, insert_into, metadata, new_document_id
from icat_schema.gateway import Session

MAX_CHARACTERS = 500_000

COLUMNS = "displayColumns"
"""Part of our pages: which columns of the lists a person wants, by display."""

user_preferences = Table(
    "user_preferences",
    metadata,
    Column("person", String(255), primary_key=True),
    Column("id", String(24), nullable=False, unique=True),
    Column("document", JSON, nullable=False),
    Column("changed", Instant, nullable=False),
)
"""`person` is what all ICAT user names of the person begin with (design decision D13)."""


def preferences(services: Services, session: Session) -> Mapping[str, Any]:
    """The document of the session's owner; without any part when nothing was chosen yet."""
    name = session.user_name()
    if is_anonymous(services, name):
        return {"username": name}
    with services.store.read() as connection:
        found = _found(connection, names_of(services).prefix(name))
    return _reply(name, *found) if found else {"username": name}


def change(services: Services, session: Session, parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the parts in place of those of the same names and return the whole. Raises Invalid for what is too long.

    What anonymous callers choose is returned and not kept: everybody would find it.
    """
    name = session.user_name()
    if is_anonymous(services, name):
        return {"username": name, **parts}
    person = names_of(services).prefix(name)
    with services.store.begin() as connection:
        id_, document = _found(connection, person, lock=True) or _new(connection, person)
        document = {**document, **parts}
        if len(json.dumps(document)) > MAX_CHARACTERS:
            raise Invalid(
                f"The preferences are longer than {MAX_CHARACTERS} characters; remove selected or visited items"
            )
        change_ = user_preferences.update().where(user_preferences.c.person == person)
        connection.execute(change_.values(document=document, changed=datetime.now(UTC)))
    return _reply(name, id_, document)


def _found(connection: Connection, person: str, *, lock: bool = False) -> tuple[str, dict[str, Any]] | None:
    c = user_preferences.c
    query = select(c.id, c.document).where(c.person == person)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return (row.id, dict(row.document)) if row else None


def _new(connection: Connection, person: str) -> tuple[str, dict[str, Any]]:
    """Two first requests at the same time on PostgreSQL: the later one finds what the other has made."""
    id_ = new_document_id()
    values = {"person": person, "id": id_, "document": {}, "changed": datetime.now(UTC)}
    connection.execute(insert_into(connection, user_preferences).values(values).on_conflict_do_nothing())
    return _found(connection, person, lock=True) or (id_, {})


def _reply(name: str, id_: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"_id": id_, "username": name, **document}
