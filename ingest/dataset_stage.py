"""What the later stages of one dataset have in common: whom they ask, parameters that they write, waiting for files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store
from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import In
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
        return self._writes_of({dataset_id: wanted}).get(dataset_id, [])

    def _writes_of(self, wanted: Mapping[int, Mapping[str, str]]) -> dict[int, list[New | Change]]:
        """The same for several datasets, in one query; datasets that have everything already are missing."""
        names = sorted({name for values in wanted.values() for name in values})
        query = Select(
            "DatasetParameter", ["dataset.id", "type.name", "id", "stringValue"], where=In("type.name", names)
        )
        rows = self._session.rows_for(query, "dataset.id", sorted(wanted)) if names else []
        present = {(dataset_id, name): (row, text) for dataset_id, name, row, text in rows}
        types = self._types.get(names)
        writes: dict[int, list[New | Change]] = {}
        for dataset_id, values in wanted.items():
            for name, value in values.items():
                row, text = present.get((dataset_id, name), (None, None))
                if row is None:
                    fields = {"dataset": Ref(dataset_id), "type": Ref(types[name].id), "stringValue": value}
                    writes.setdefault(dataset_id, []).append(New("DatasetParameter", fields))
                elif text != value:
                    change = Change("DatasetParameter", row, {"stringValue": value})
                    writes.setdefault(dataset_id, []).append(change)
        return writes
