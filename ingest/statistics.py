"""Counts and sums of a session and of its samples, from what its datasets say about themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import select, update

from drac_plugins.core.inbox.tables import ingest_stage
from drac_plugins.core.links import linktable
from drac_plugins.core.links.tables import dataset_location
from drac_plugins.core.storage import Store
from icat_schema.gateway import Change, New, Ref, Select, Session
from icat_schema.gateway.conditions import And, Eq, In
from ingest.outcome import NotYet
from ingest.parameters import ParameterTypes
from ingest.plan import ELAPSED, FILE_COUNT, VOLUME
from ingest.tables import investigation_sums

SAMPLE_SUMS = (
    "__datasetCount",
    "__acquisitionDatasetCount",
    "__processedDatasetCount",
    "__fileCount",
    "__acquisitionFileCount",
    "__processedFileCount",
    "__volume",
    "__acquisitionVolume",
    "__processedVolume",
)
INVESTIGATION_SUMS = (*SAMPLE_SUMS, "__sampleCount", "__elapsedTime")
BATCH = 500
_STEP = "statistics"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one dataset contributes."""

    type_name: str
    sample_id: int | None
    values: Mapping[str, int] = field(default_factory=dict)


def sums(datasets: Iterable[Figures]) -> Counter[str]:
    """Every sum over these datasets; 0 for what does not occur."""
    total: Counter[str] = Counter(dict.fromkeys(INVESTIGATION_SUMS, 0))
    samples = set()
    for dataset in datasets:
        kind = "acquisition" if dataset.type_name == "acquisition" else "processed"
        total["__datasetCount"] += 1
        total[f"__{kind}DatasetCount"] += 1
        for source, name in ((FILE_COUNT, "FileCount"), (VOLUME, "Volume")):
            total[source] += dataset.values.get(source, 0)
            total[f"__{kind}{name}"] += dataset.values.get(source, 0)
        total[ELAPSED] += dataset.values.get(ELAPSED, 0)
        samples.add(dataset.sample_id)
    total["__sampleCount"] = len(samples - {None})
    return total


class StatisticsStage:
    """Run for one dataset; makes the sums of its whole session, at most once per `pause_seconds`."""

    def __init__(
        self,
        session: Session,
        store: Store,
        types: ParameterTypes,
        *,
        pause_seconds: float = 10.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._session = session
        self._store = store
        self._types = types
        self._pause = pause_seconds
        self._now = now

    def run(self, dataset_id: int) -> None:
        """Nothing to do when the sums are newer than the latest change. Raises NotYet when they were made just now."""
        table = investigation_sums
        with self._store.read() as connection:
            here = linktable.located(connection, [dataset_id]).get(dataset_id)
            query = select(table).where(table.c.investigation_id == here.investigation_id) if here else None
            row = connection.execute(query).first() if query is not None else None
        if here is None or row is None or row.written >= row.wanted:
            return
        age = (self._now() - row.at).total_seconds() if row.at else self._pause
        if age < self._pause:
            if self._another_waits(dataset_id, here.investigation_id):
                return
            text = f"The sums of the session were made {age:.0f} s ago"
            raise NotYet("internal", text, _STEP, pause_seconds=self._pause - age)
        self.write(here.investigation_id)
        with self._store.begin() as connection:
            connection.execute(
                update(table)
                .where(table.c.investigation_id == here.investigation_id, table.c.written < row.wanted)
                .values(written=row.wanted, at=self._now())
            )

    def _another_waits(self, dataset_id: int, investigation_id: int) -> bool:
        """Whether the sums are going to be made anyhow, for another dataset of the session: one wait is enough."""
        stage, place = ingest_stage, dataset_location
        query = (
            select(stage.c.id)
            .join(place, place.c.dataset_id == stage.c.dataset_id)
            .where(
                place.c.investigation_id == investigation_id,
                stage.c.stage == _STEP,
                stage.c.working == 0,
                stage.c.dataset_id != dataset_id,
            )
            .limit(1)
        )
        with self._store.read() as connection:
            return connection.execute(query).first() is not None

    def write(self, investigation_id: int) -> None:
        """Make the sums from the catalogue and write those that differ."""
        datasets = self._datasets(investigation_id)
        by_sample: dict[int, list[Figures]] = {}
        for dataset in datasets:
            if dataset.sample_id is not None:
                by_sample.setdefault(dataset.sample_id, []).append(dataset)
        total = sums(datasets)
        writes = self._differences(
            "Investigation", {investigation_id: {name: total[name] for name in INVESTIGATION_SUMS}}
        )
        samples = {sample: sums(some) for sample, some in by_sample.items()}
        writes += self._differences(
            "Sample", {sample: {name: total[name] for name in SAMPLE_SUMS} for sample, total in samples.items()}
        )
        for first in range(0, len(writes), BATCH):
            self._session.write(writes[first : first + BATCH])

    def _datasets(self, investigation_id: int) -> list[Figures]:
        values: dict[int, dict[str, int]] = {}
        where = And(Eq("dataset.investigation.id", investigation_id), In("type.name", [FILE_COUNT, VOLUME, ELAPSED]))
        query = Select("DatasetParameter", ["dataset.id", "type.name", "stringValue"], where=where)
        for dataset_id, name, text in self._session.rows(query):
            values.setdefault(dataset_id, {})[name] = int(text) if text and text.isdecimal() else 0
        rows = self._session.rows(
            Select("Dataset", ["id", "type.name", "sample.id"], where=Eq("investigation.id", investigation_id))
        )
        return [Figures(kind, sample, values.get(dataset_id, {})) for dataset_id, kind, sample in rows]

    def _differences(
        self, holder: Literal["Investigation", "Sample"], wanted: Mapping[int, Mapping[str, int]]
    ) -> list[New | Change]:
        entity, relation = f"{holder}Parameter", holder.lower()
        rows = self._session.rows_for(
            Select(
                entity,
                [f"{relation}.id", "type.name", "id", "stringValue"],
                where=In("type.name", list(INVESTIGATION_SUMS)),
            ),
            f"{relation}.id",
            sorted(wanted),
        )
        present = {(owner, name): (row, text) for owner, name, row, text in rows}
        types = self._types.get(INVESTIGATION_SUMS)
        writes: list[New | Change] = []
        for owner, values in wanted.items():
            for name, value in values.items():
                row, text = present.get((owner, name), (None, None))
                if row is None:
                    fields = {relation: Ref(owner), "type": Ref(types[name].id), "stringValue": str(value)}
                    writes.append(New(entity, fields))
                elif text != str(value):
                    writes.append(Change(entity, row, {"stringValue": str(value)}))
        return writes
