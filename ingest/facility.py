"""What the catalogue says about the facility itself: its id, dataset types and instruments."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from icat_schema.gateway import Select, Session
from icat_schema.gateway.conditions import Eq
from ingest.names import beamline_key
from ingest.outcome import NotYet

REFRESH_SECONDS = 60.0
_STEP = "reference"


class Facility:
    """Read when first needed; instruments again, at most once a minute, when one is missing. Thread-safe."""

    def __init__(
        self,
        session: Session,
        name: str,
        beamline_aliases: Mapping[str, str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._name = name
        self._aliases = beamline_aliases
        self._clock = clock
        self._lock = threading.RLock()
        self._id: int | None = None
        self._types: dict[str, int] = {}
        self._instruments: dict[str, tuple[int, str]] = {}
        self._read_at: float | None = None

    @property
    def id(self) -> int:
        with self._lock:
            if self._id is None:
                rows = self._session.rows(Select("Facility", ["id"], where=Eq("name", self._name)))
                if not rows:
                    raise NotYet("internal", f"The catalogue has no Facility {self._name}; {_PREPARE}", _STEP)
                self._id = int(rows[0][0])
            return self._id

    def dataset_type(self, name: str) -> int:
        with self._lock:
            if name not in self._types:
                query = Select("DatasetType", ["name", "id"], where=Eq("facility.id", self.id))
                self._types = dict(self._session.rows(query))
            if name not in self._types:
                raise NotYet("internal", f"The catalogue has no DatasetType {name}; {_PREPARE}", _STEP)
            return self._types[name]

    def instrument(self, beamline: str) -> tuple[int, str] | None:
        """Id and name of an instrument in whatever spelling; None when the facility has none like that."""
        key = beamline_key(beamline, self._aliases)
        with self._lock:
            if key not in self._instruments and self._may_read():
                query = Select("Instrument", ["name", "id"], where=Eq("facility.id", self.id), order=[("id", "DESC")])
                self._instruments = {
                    beamline_key(name, self._aliases): (id_, name) for name, id_ in self._session.rows(query)
                }
                self._read_at = self._clock()
            return self._instruments.get(key)

    def _may_read(self) -> bool:
        return self._read_at is None or self._clock() - self._read_at >= REFRESH_SECONDS


_PREPARE = "run: drac ingest prepare"
