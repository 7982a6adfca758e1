"""What the writing operations of one call share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection

from icat_schema.server.authz import Rules
from icat_schema.server.caller import Caller
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError

Access = Literal["C", "R", "U", "D"]

AUTHORIZATION_ENTITIES = frozenset({"Rule", "UserGroup", "Grouping", "PublicStep", "User"})
"""A write to one of these changes what others may do."""


@dataclass
class Work:
    """One transaction of one caller. `touched` collects the names of the entities that were written."""

    connection: Connection
    caller: Caller
    rules: Rules
    touched: set[str] = field(default_factory=set)

    def allowed(self, entity: str, ids: Collection[int], access: Access) -> Collection[int]:
        """Those of the ids that the caller has this access to."""
        if self.caller.is_root or not ids:
            return ids
        return self.rules.allowed(self.connection, self.caller, entity, ids, access)

    @property
    def changes_authorization(self) -> bool:
        return not self.touched.isdisjoint(AUTHORIZATION_ENTITIES)


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
