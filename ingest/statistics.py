"""Counts and sums of a session and of its samples, from what its datasets say about themselves."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Row, delete, select, update
from sqlalchemy import Select as Query

from drac_plugins.core.inbox.tables import ingest_stage
from drac_plugins.core.leases import Leases
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
_SHARE = 10


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
    """Run for one dataset; makes the sums of its whole session, which are then made for all of its datasets. At most
    once per `pause_seconds` and session, and so rarely that all sessions together take a tenth of the time at most.
    `costs`: seconds that the latest sums of each session at work took, kept by the caller."""

    def __init__(
        self,
        session: Session,
        store: Store,
        types: ParameterTypes,
        leases: Leases,
        *,
        pause_seconds: float = 10.0,
        costs: MutableMapping[int, float] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._session = session
        self._store = store
        self._types = types
        self._leases = leases
        self._least_pause = pause_seconds
        self._costs = {} if costs is None else costs
        self._now = now

    def run(self, dataset_id: int) -> None:
        """Nothing to do when the sums are newer than the latest change. Raises NotYet when they were made just now."""
        with self._store.read() as connection:
            here = linktable.located(connection, [dataset_id]).get(dataset_id)
        if here is None or (wanted := self._wanted(here.investigation_id)) is None:
            return
        costs = _SHARE * sum(self._costs.values())
        pause = max(self._least_pause, costs) if self._least_pause else 0.0
        age = (self._now() - wanted.at).total_seconds() if wanted.at else pause
        if age < pause:
            if self._another_waits(dataset_id, here.investigation_id):
                return
            text = f"The sums of the session were made {age:.0f} s ago"
            raise NotYet("internal", text, _STEP, pause_seconds=pause - age)
        with self._leases.hold([f"sums:{here.investigation_id}"]):  # another ingester may have older figures in hand
            begin = time.monotonic()
            self._bring_up_to_date(here.investigation_id)
            self._costs[here.investigation_id] = time.monotonic() - begin

    def _wanted(self, investigation_id: int) -> Row[Any] | None:
        table = investigation_sums
        query = select(table).where(table.c.investigation_id == investigation_id, table.c.written < table.c.wanted)
        with self._store.read() as connection:
            return connection.execute(query).first()

    def _bring_up_to_date(self, investigation_id: int) -> None:
        table, wanted = investigation_sums, self._wanted(investigation_id)
        if wanted is None:
            return
        self.write(investigation_id)
        mine = table.c.investigation_id == investigation_id
        with self._store.begin() as connection:
            done = update(table).where(mine, table.c.written < wanted.wanted)
            connection.execute(done.values(written=wanted.wanted, at=self._now()))
            if connection.execute(select(table.c.wanted).where(mine)).scalar_one() == wanted.wanted:
                connection.execute(delete(ingest_stage).where(ingest_stage.c.id.in_(_waiting(investigation_id))))

    def _another_waits(self, dataset_id: int, investigation_id: int) -> bool:
        """Whether the sums are going to be made anyhow, for another dataset of the session: one wait is enough."""
        others = _waiting(investigation_id).where(ingest_stage.c.dataset_id != dataset_id)
        with self._store.read() as connection:
            return connection.execute(others.limit(1)).first() is not None

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


def _waiting(investigation_id: int) -> Query[tuple[int]]:
    """The stages of the datasets of a session that nobody is at."""
    stage, place = ingest_stage, dataset_location
    return (
        select(stage.c.id)
        .join(place, place.c.dataset_id == stage.c.dataset_id)
        .where(place.c.investigation_id == investigation_id, stage.c.stage == _STEP, stage.c.working == 0)
    )
