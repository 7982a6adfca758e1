"""What the later stages of one dataset have in common: whom they ask, parameters that they write, waiting for files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, In
from ingest.disk import Disk
from ingest.outcome import NotYet
from ingest.parameters import ParameterTypes
from ingest.waiting import not_there


class DatasetStage:
    """One run over one dataset; may be repeated at any time. `step`: name of the stage."""

    step: str

    def __init__(
        self,
        settings: Settings,
        session: Session,
        store: Store,
        types: ParameterTypes,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._session = session
        self._store = store
        self._types = types
        self._now = now
        self._disk = Disk(settings.ingest.data_roots, settings.ingest.path_map)

    def _not_there(self, dataset_id: int, text: str) -> NotYet:
        """To be raised when something on disk is not there (yet)."""
        minutes = self._settings.ingest.missing_folder_retry_minutes
        return not_there(self._store, dataset_id, self.step, text, minutes, self._now())

    def _parameter_writes(self, dataset_id: int, wanted: Mapping[str, str]) -> list[New | Change]:
        """The writes after which the dataset has these parameters; none where it has them already."""
        query = Select(
            "DatasetParameter",
            ["type.name", "id", "stringValue"],
            where=And(Eq("dataset.id", dataset_id), In("type.name", list(wanted))),
        )
        present = {name: (row, text) for name, row, text in self._session.rows(query)}
        types = self._types.get(wanted)
        writes: list[New | Change] = []
        for name, value in wanted.items():
            if name not in present:
                fields = {"dataset": Ref(dataset_id), "type": Ref(types[name].id), "stringValue": value}
                writes.append(New("DatasetParameter", fields))
            elif present[name][1] != value:
                writes.append(Change("DatasetParameter", present[name][0], {"stringValue": value}))
        return writes
