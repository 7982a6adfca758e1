"""Once a night everything is checked, whoever slept or died."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from drac_plugins.core.leases import LeaseBusy, Leases
from drac_plugins.core.links.tables import dataset_link
from drac_plugins.core.quarantine import alarms
from drac_plugins.core.quarantine.tables import ingest_alarm, ingest_night
from drac_plugins.core.settings import Ingest, Settings
from icat_schema.gateway import Change
from ingest.nightly import Nightly, Stopped
from tests.ingest.apply.ground import Ground, fresh_ground, message, processed
from tests.ingest.door.conftest import Clock

RAW = "/data/visitor/ma1234/id11/20250310/RAW_DATA/rod/rod_0001"
LATE = "/data/visitor/ma1234/id11/20250310/RAW_DATA/rod/rod_0002"
RESULT = "/data/visitor/ma1234/id11/20250310/PROCESSED_DATA/rod/rod_0001"


@pytest.fixture(scope="module")
def ground(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with fresh_ground(template, tmp_path_factory.mktemp("nightly")) as found:
        yield found


@pytest.fixture
def clock() -> Clock:
    """The evening before: 20:00 at the facility."""
    here = datetime.now(UTC).astimezone(Settings().facility.timezone)
    clock = Clock()
    clock.now = here.replace(hour=20, minute=0).astimezone(UTC)
    return clock


@pytest.fixture
def nightly(ground: Ground, clock: Clock) -> Nightly:
    with ground.store.begin() as connection:
        connection.execute(delete(ingest_night))
        connection.execute(delete(ingest_alarm))
    found = Nightly(ground.settings, ground.consumer.links, now=clock)
    assert not found.step()  # a new store: its first night is yet to come
    return found


def nights(ground: Ground) -> list[tuple[bool, int]]:
    """Whether each was finished, and what was put right in it."""
    with ground.store.read() as connection:
        rows = connection.execute(select(ingest_night).order_by(ingest_night.c.day))
        return [(row.finished is not None, row.mended) for row in rows]


def forget_links(ground: Ground) -> None:
    with ground.store.begin() as connection:
        connection.execute(update(dataset_link).values(input_id=None))


def test_nothing_is_checked_before_the_first_night(nightly: Nightly, ground: Ground, clock: Clock) -> None:
    clock.advance(hours=7)
    assert not nightly.step()
    assert nights(ground) == [(True, 0)]


def test_links_that_were_lost_are_found_again_once_a_night(nightly: Nightly, ground: Ground, clock: Clock) -> None:
    raw = ground.apply(message(RAW)).dataset_id
    ground.apply(processed(RESULT, RAW))
    forget_links(ground)
    clock.advance(hours=8)
    assert nightly.step()
    with ground.store.read() as connection:
        assert connection.execute(select(dataset_link.c.input_id)).scalars().all() == [raw]
    assert nights(ground)[-1] == (True, 1)
    assert not nightly.step()


def test_a_dataset_that_is_not_completed_for_a_week_is_an_alarm_until_it_is(
    nightly: Nightly, ground: Ground, clock: Clock
) -> None:
    late = ground.apply(message(LATE, complete=False)).dataset_id
    assert late is not None
    clock.advance(days=6)
    assert nightly.step()
    with ground.store.read() as connection:
        assert alarms.listing(connection) == []
    clock.advance(days=3)
    assert nightly.step()
    with ground.store.read() as connection:
        assert [(a.kind, a.dataset_id, a.text) for a in alarms.listing(connection)] == [("incomplete", late, LATE)]
    ground.session.write([Change("Dataset", late, {"complete": True})])
    clock.advance(days=1)
    assert nightly.step()
    with ground.store.read() as connection:
        assert alarms.counts(connection) == {}


def test_a_night_over_which_a_process_died_is_done_again(nightly: Nightly, ground: Ground, clock: Clock) -> None:
    clock.advance(hours=8)
    assert nightly.step()
    with ground.store.begin() as connection:
        connection.execute(update(ingest_night).values(finished=None))
    assert Nightly(ground.settings, ground.consumer.links, now=clock).step()
    assert all(finished for finished, _ in nights(ground)[1:])


def test_one_of_several_processes_does_it(nightly: Nightly, ground: Ground, clock: Clock) -> None:
    clock.advance(hours=8)
    with Leases(ground.store, now=clock).hold(["nightly"]), pytest.raises(LeaseBusy):
        nightly.step()


@pytest.mark.parametrize(("text", "at"), [("", None), ("22:30", time(22, 30))])
def test_the_time_of_day_is_a_setting(text: str, at: time | None) -> None:
    assert Ingest(nightly_at=text).nightly_at == at  # type: ignore[arg-type]


def test_a_night_that_was_slept_through_is_made_up_for(nightly: Nightly, ground: Ground, clock: Clock) -> None:
    clock.advance(hours=8 + 12)
    assert nightly.step()
    clock.now += timedelta(days=3)
    assert nightly.step()
    assert nights(ground) == [(True, 0)] * 3


def test_a_stop_ends_the_checks_where_nothing_is_found_either(nightly: Nightly, ground: Ground, clock: Clock) -> None:
    clock.advance(hours=8)
    nightly.stop()
    with pytest.raises(Stopped):
        nightly.step()
    assert nights(ground)[-1] == (False, 0)
