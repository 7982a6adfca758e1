"""Dates as producers write them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parse.dates import NotADate, read_instant

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-03-10T09:30:00+01:00", "2025-03-10T08:30:00"),
        ("2025-03-10T09:30:00+0100", "2025-03-10T08:30:00"),
        ("2025-03-10T09:30:00Z", "2025-03-10T09:30:00"),
        ("2025-03-10 09:30:00 +01:00", "2025-03-10T08:30:00"),
        ("2025-03-10T09:30:00", "2025-03-10T08:30:00"),
        ("2025-07-10T09:30:00", "2025-07-10T07:30:00"),
        ("2025-03-10T09:30", "2025-03-10T08:30:00"),
        ("2025-03-10T09:30:00.25", "2025-03-10T08:30:00.250000"),
        ("2025-03-10T09:30:00,123456789", "2025-03-10T08:30:00.123456"),
        ("  2025-03-10T09:30:00\n", "2025-03-10T08:30:00"),
    ],
)
def test_a_date_is_read_in_every_spelling(text: str, utc: str) -> None:
    moment, warning = read_instant(text, PARIS)
    assert moment.astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert warning is None


def test_the_hour_that_comes_twice_means_the_first_one() -> None:
    moment, warning = read_instant("2025-10-26T02:30:00", PARIS)
    assert moment.astimezone(UTC) == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert "twice" in str(warning)


def test_the_hour_that_never_comes_is_read_with_a_warning() -> None:
    moment, warning = read_instant("2025-03-30T02:30:00", PARIS)
    assert moment.astimezone(UTC) == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
    assert "does not exist" in str(warning)


@pytest.mark.parametrize(
    "text",
    ["yesterday", "", "2025-02-29T00:00:00", "2025-03-10", "2025-03-10T25:00:00", "12025-03-10T00:00:00",
     "-2025-03-10T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-23:00", "2025-03-10T09:30:00+99:00"],
)  # fmt: skip
def test_what_is_no_date_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(NotADate) as caught:
        read_instant(text, PARIS)
    assert repr(text) in str(caught.value)


@given(st.text(alphabet="0123456789-:+TZ .,", max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?Z?"))
def test_any_text_is_a_date_or_not_a_date(text: str) -> None:
    try:
        moment, _ = read_instant(text, PARIS)
    except NotADate:
        return
    assert moment.astimezone(UTC).tzinfo is UTC
