"""What the writing operations of one call share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from icat_schema.server.authz import Access, Rules
from icat_schema.server.caller import Caller
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction of one caller."""

    connection: Connection
    caller: Caller
    rules: Rules

    def allowed(self, entity: str, ids: Collection[int], access: Access) -> Collection[int]:
        """Those of the ids that the caller has this access to."""
        if self.caller.is_root or not ids:
            return ids
        return self.rules.allowed(self.connection, self.caller, entity, ids, access)


@dataclass(frozen=True, slots=True)
class Placed:
    """An object of a request and the offset that faults about it carry (-1: none)."""

    value: EntityValue
    offset: int = -1


def denied(access: str, entity: str, offset: int = -1) -> IcatError:
    return IcatError("INSUFFICIENT_PRIVILEGES", f"{access} access to this {entity} is not allowed.", offset)


def required_id(placed: Placed) -> int:
    """Raises IcatError of type NO_SUCH_OBJECT_FOUND when the object has no id."""
    if placed.value.id is None:
        raise IcatError("NO_SUCH_OBJECT_FOUND", f"{placed.value.entity.name} has null primary key.", placed.offset)
    return placed.value.id
