"""When to look again for files that are not there yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from drac_plugins.core.inbox.tables import ingest_stage
from drac_plugins.core.storage import Store
from ingest.outcome import NotYet

GIVE_UP_SECONDS = 7 * 24 * 3600.0
_DAY = 24 * 60.0


def not_there(store: Store, dataset_id: int, stage: str, text: str, minutes: Sequence[float], now: datetime) -> NotYet:
    """To be raised: try again after the given pauses, then once a day, for a week."""
    table = ingest_stage
    query = select(table.c.since).where(table.c.dataset_id == dataset_id, table.c.stage == stage)
    with store.read() as connection:
        since = connection.execute(query).scalar()
    waited = now - since if since else timedelta(0)
    return NotYet(
        "location",
        text,
        stage,
        give_up_after_seconds=GIVE_UP_SECONDS,
        pause_seconds=pause_after(waited, minutes).total_seconds(),
    )


def pause_after(waited: timedelta, minutes: Sequence[float]) -> timedelta:
    """The pause that is next when so much time has gone by with the pauses before it."""
    sum_ = timedelta(0)
    for pause in minutes:
        if waited <= sum_ + timedelta(minutes=pause / 2):
            return timedelta(minutes=pause)
        sum_ += timedelta(minutes=pause)
    return timedelta(minutes=_DAY)
