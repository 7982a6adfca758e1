"""Issuing API keys and taking them back: what operators do."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from drac_plugins.core.apikeys.scopes import SCOPES
from drac_plugins.core.apikeys.tables import api_key
from drac_plugins.core.errors import Conflict, Invalid, NotFound
from drac_plugins.core.storage import Store, new_document_id

PREFIX = "elogbook-"
"""What published clients expect keys to begin with."""
SHORTEST = 16
"""Characters of a key that is brought along."""


@dataclass(frozen=True, slots=True)
class Issued:
    name: str
    scopes: Sequence[str]
    created: datetime
    last_used: datetime | None


def issue(store: Store, name: str, scopes: Collection[str], key: str | None = None) -> str:
    """Keep a key for an application and return it, for the only time. `key`: one that the application has already.

    Raises Invalid for an empty or too long name, an unknown scope or none, and a key that could be guessed; Conflict
    for a name or a key that is taken.
    """
    name = name.strip()
    if not name or len(name) > 255:
        raise Invalid("the name of the application has 1 to 255 characters")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise Invalid(f"scopes: {', '.join(unknown) or 'none given'}; possible are: {', '.join(SCOPES)}")
    if key is not None and (len(key) < SHORTEST or key != key.strip()):
        raise Invalid(f"the key has at least {SHORTEST} characters and no blanks around it")
    new = key or f"{PREFIX}{uuid.uuid4()}"
    row = {
        "id": new_document_id(),
        "name": name,
        "digest": hashlib.sha256(new.encode()).hexdigest(),
        "scopes": sorted(set(scopes)),
        "created": datetime.now(UTC),
    }
    try:
        with store.begin() as connection:
            connection.execute(api_key.insert().values(row))
    except IntegrityError:
        raise Conflict(f"there is an API key called {name!r} already, or one with this key; revoke it first") from None
    return new


def issued(store: Store) -> list[Issued]:
    """By name."""
    c = api_key.c
    with store.read() as connection:
        rows = connection.execute(select(c.name, c.scopes, c.created, c.last_used).order_by(c.name))
        return [Issued(*row) for row in rows]


def revoke(store: Store, name: str) -> None:
    """Take effect at once, in every process. Raises NotFound."""
    with store.begin() as connection:
        if not connection.execute(api_key.delete().where(api_key.c.name == name)).rowcount:
            raise NotFound(f"there is no API key called {name!r} in the store")
