"""What the cells of the table are asked in: one facade, three places, and a root user who looks and puts back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import Condition
from tests.access.places import Place
from tests.support.facade import RunningFacade

GUEST = "simple/guest"
"""Takes part nowhere and works nowhere until a cell says so."""


@dataclass
class World:
    facade: RunningFacade
    places: Mapping[str, Place]
    http: requests.Session = field(default_factory=requests.Session)

    @property
    def root(self) -> Session:
        return self.facade.root

    def kept_of(self, headers: Mapping[str, str]) -> list[str]:
        """Keys of what the facade keeps for a session, after it has kept something."""
        self.http.get(f"{self.facade.url}/cache", headers=headers, timeout=30)
        reply = self.http.get(f"{self.facade.url}/cache/keys", headers=headers, timeout=30)
        return list(reply.json()) if reply.ok else []

    def value(self, entity: str, column: str, where: Condition) -> Any:
        """The one value, None where there is no such object."""
        rows = self.root.rows(Select(entity, [column], where))
        return rows[0][0] if rows else None

    def ids(self, entity: str, where: Condition) -> list[int]:
        return [id_ for (id_,) in self.root.rows(Select(entity, ["id"], where))]

    def remove(self, entity: str, where: Condition) -> None:
        self.root.delete(entity, self.ids(entity, where))
