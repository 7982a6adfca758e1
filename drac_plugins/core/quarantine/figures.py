"""How the ingester gets on: what waits, for how long, how much comes and goes, what needs somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from drac_plugins.core.inbox import Counters, ingest_message, ingest_stage
from drac_plugins.core.inbox.queries import figures
from drac_plugins.core.links.tables import dataset_link
from drac_plugins.core.quarantine import alarms

LATE = timedelta(minutes=5)
OLD_LINK = timedelta(days=7)
WINDOWS: Mapping[str, timedelta] = {"5 min": timedelta(minutes=5), "1 h": timedelta(hours=1), "24 h": timedelta(days=1)}
_messages, _stages = ingest_message, ingest_stage


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages within the latest stretch of time."""

    window: str
    seconds: float
    arrived: int
    finished: int

    @property
    def arrived_per_second(self) -> float:
        return self.arrived / self.seconds

    @property
    def finished_per_second(self) -> float:
        return self.finished / self.seconds


@dataclass(frozen=True, slots=True)
class Progress:
    """`lag_seconds`: age of the oldest unfinished message; `stage_lag_seconds`: how long the most urgent stage
    of each kind is overdue; `pending_links`: declared inputs that nobody has registered, `old_pending_links`: for more
    than a week; `raised`: alarms by kind."""

    counters: Counters
    lag_seconds: float
    rates: tuple[Rate, ...]
    stage_lag_seconds: Mapping[str, float]
    pending_links: int
    old_pending_links: int
    raised: Mapping[str, int]

    @property
    def unfinished(self) -> int:
        states = self.counters.states
        return sum(states.get(state, 0) for state in ("received", "ready", "working", "waiting"))

    @property
    def alarms(self) -> tuple[str, ...]:
        """What somebody should look at now, in words."""
        return tuple(self._alarms())

    def _alarms(self) -> Iterator[str]:
        if self.lag_seconds > LATE.total_seconds():
            yield f"The oldest message has been waiting for {self.lag_seconds / 60:.0f} minutes"
        if internal := self.counters.quarantined.get("internal", 0):
            yield f"{internal} in quarantine for an unexpected error"
        if self.old_pending_links:
            yield f"{self.old_pending_links} declared inputs have been missing for more than a week"
        for kind, number in sorted(self.raised.items()):
            yield f"{number} {alarms.WORDS.get(kind, kind)}"


def progress(connection: Connection, now: datetime) -> Progress:
    """A dozen small queries that indexes answer."""
    counters = figures(connection)
    oldest = counters.oldest_unfinished
    lag = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    rates = tuple(_rate(connection, name, length, now) for name, length in WINDOWS.items())
    missing = select(func.count()).select_from(dataset_link).where(dataset_link.c.input_id.is_(None))
    return Progress(
        counters,
        lag,
        rates,
        _stage_lags(connection, now),
        connection.execute(missing).scalar_one(),
        connection.execute(missing.where(dataset_link.c.since < now - OLD_LINK)).scalar_one(),
        alarms.counts(connection),
    )


def _rate(connection: Connection, name: str, length: timedelta, now: datetime) -> Rate:
    def count(column: str) -> int:
        query = select(func.count()).select_from(_messages).where(_messages.c[column] >= now - length)
        return connection.execute(query).scalar_one()

    return Rate(name, length.total_seconds(), count("received"), count("finished"))


def _stage_lags(connection: Connection, now: datetime) -> dict[str, float]:
    due = func.min(_stages.c.due, type_=_stages.c.due.type)
    rows = connection.execute(select(_stages.c.stage, due).group_by(_stages.c.stage))
    return {stage: max(0.0, (now - moment).total_seconds()) for stage, moment in rows}
