"""The server's time zone is learned from the dates that it returns."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from icat_schema.gateway import GatewaySettings
from icat_schema.gateway.zone import ServerZone


def as_written(zone: str, *instants: tuple[int, int, int]) -> list[datetime]:
    """Dates as a server in the zone writes them: with a fixed offset."""
    dates = [datetime(*ymd, 12, tzinfo=ZoneInfo(zone)) for ymd in instants]
    return [d.replace(tzinfo=timezone(d.utcoffset() or timedelta())) for d in dates]


SEASONS = ((2019, 1, 5), (2019, 4, 20), (2020, 7, 1), (2021, 10, 20), (2021, 11, 20))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Europe/London", "America/New_York", "Asia/Kolkata"])
def test_dates_of_all_seasons_single_out_the_rules_of_the_zone(zone: str) -> None:
    learned = ServerZone()
    assert not learned.known
    learned.learn(as_written(zone, *SEASONS))
    for month in range(1, 13):
        instant = datetime(2024, month, 15, 9, 30, 1, tzinfo=UTC)
        assert learned.wall_clock(instant) == instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def test_a_setting_is_not_overruled_but_a_contradiction_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    zone = ServerZone("Europe/Berlin")
    with caplog.at_level(logging.WARNING):
        for date in as_written("UTC", (2020, 1, 1), (2020, 7, 1)):
            zone.observe(date)
    assert zone.known
    assert zone.wall_clock(datetime(2020, 1, 1, 12, tzinfo=UTC)) == datetime(2020, 1, 1, 13)  # noqa: DTZ001
    assert len(caplog.records) == 1


def test_a_date_that_contradicts_what_was_learned_lets_learn_again_with_it() -> None:
    zone = ServerZone()
    zone.learn(as_written("Africa/Algiers", (2020, 1, 1)))
    assert zone.wall_clock(datetime(2020, 1, 1, 12, tzinfo=UTC)) == datetime(2020, 1, 1, 13)  # noqa: DTZ001
    zone.observe(as_written("Africa/Algiers", (2020, 7, 1))[0])
    zone.observe(as_written("Africa/Algiers", (2020, 7, 1))[0])
    if not zone.known:
        zone.learn([])
    assert zone.wall_clock(datetime(2020, 7, 1, 12, tzinfo=UTC)) == datetime(2020, 7, 1, 13)  # noqa: DTZ001


def test_offsets_that_no_zone_has_are_taken_as_they_are() -> None:
    odd = timezone(timedelta(hours=3, minutes=17))
    zone = ServerZone()
    zone.learn([datetime(2020, 1, 1, tzinfo=odd), datetime(2021, 7, 1, tzinfo=odd)])
    assert zone.wall_clock(datetime(2022, 1, 1, tzinfo=UTC)) == datetime(2022, 1, 1, 3, 17)  # noqa: DTZ001


def test_without_any_date_the_local_clock_is_taken_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    zone = ServerZone()
    with caplog.at_level(logging.WARNING):
        zone.learn([])
    instant = datetime(2022, 7, 1, tzinfo=UTC)
    assert zone.wall_clock(instant) == instant.astimezone().replace(tzinfo=None)
    assert "icat.zone" in caplog.text


@pytest.mark.parametrize(
    "kwargs",
    [
        {"url": "icat.example.org"},
        {"url": "ftp://icat.example.org"},
        {"url": "https://user:secret@icat.example.org"},
        {"url": "https://icat.example.org?x=1"},
        {"url": "http://h", "rest_path": "icat"},
        {"url": "http://h", "timeout_seconds": 0},
        {"url": "http://h", "pool_size": 0},
        {"url": "http://h", "zone": "Europe/Nowhere"},
        {"url": "http://h", "zone": "../etc/passwd"},
    ],
)
def test_settings_that_cannot_work_are_refused(kwargs: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".{20}"):
        GatewaySettings(**kwargs)  # type: ignore[arg-type]
