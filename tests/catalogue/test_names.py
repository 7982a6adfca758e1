"""Spellings of instruments and proposals, days and values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drac_plugins.core.errors import Invalid
from drac_plugins.core.reads.days import day_begins, day_ends, wire_date
from drac_plugins.core.reads.names import instrument_key, normal_proposal, proposal_fragments, proposal_key
from drac_plugins.core.reads.values import number_text, text_of

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize("spelling", ["ID30A-1", "id30a1", " id30a-1 ", "Id30A 1"])
def test_instruments_are_the_same_in_any_case_and_without_dash(spelling: str) -> None:
    assert instrument_key(spelling) == instrument_key("ID30A-1")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hg123", "HG-123"),
        ("HG-123", "HG-123"),
        ("hg-123", "HG-123"),
        ("IH-LS-0001", "IH-LS-0001"),
        ("ihls0001", "IH-LS-0001"),
        ("ih-LS-0001", "IH-LS-0001"),
        ("mx 2745", "MX-2745"),
    ],
)
def test_proposals_get_their_canonical_spelling(text: str, name: str) -> None:
    assert normal_proposal(text) == name


@pytest.mark.parametrize("text", ["", "123", "hg", "hg-12a", "hg123/../x", "ſ1", "x" * 500])
def test_what_is_no_proposal_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="not a proposal name"):
        normal_proposal(text)


@settings(deadline=None)
@given(st.from_regex(r"[A-Za-z]{2}-?[A-Za-z]{1,3}[-_ ]?[0-9]{1,4}", fullmatch=True))
def test_every_spelling_contains_the_fragments_of_every_other(name: str) -> None:
    bare = name.replace("-", "").replace("_", "").replace(" ", "").lower()
    assert proposal_key(name) == bare
    assert all(fragment.lower() in name.lower() for fragment in proposal_fragments(bare) if len(fragment) == 1)
    assert all(fragment.lower() in bare for fragment in proposal_fragments(name))


def test_a_text_without_letter_or_digit_has_no_fragments() -> None:
    assert proposal_fragments("--'%") == ()


def test_days_are_those_of_the_zone_and_include_the_last_one() -> None:
    assert day_begins(date(2031, 5, 6), PARIS).isoformat() == "2031-05-06T00:00:00+02:00"
    assert day_ends(date(2031, 5, 6), PARIS).isoformat() == "2031-05-07T00:00:00+02:00"


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_can_change_their_zone(day: date) -> None:
    assert 1899 <= day_begins(day, PARIS).astimezone(UTC).year <= day_ends(day, PARIS).astimezone(UTC).year <= 3000


def test_dates_on_the_wire_have_milliseconds_and_a_numeric_offset() -> None:
    assert wire_date(datetime(2031, 5, 6, 7, tzinfo=UTC), PARIS) == "2031-05-06T09:00:00.000+02:00"
    assert wire_date(None, PARIS) is None


@pytest.mark.parametrize(("number", "text"), [(90.0, "90"), (12.5, "12.5"), (1e30, "1e+30"), (-0.1, "-0.1")])
def test_numbers_are_written_without_needless_digits(number: float, text: str) -> None:
    assert number_text(number) == text


def test_a_value_is_the_text_the_number_or_the_date() -> None:
    assert text_of("", 1.0, None, PARIS) == ""
    assert text_of(None, float("inf"), None, PARIS) == "inf"
    assert text_of(None, None, datetime(2031, 5, 6, 7, tzinfo=UTC), PARIS) == "2031-05-06T09:00:00.000+02:00"
    assert text_of(None, None, None, PARIS) == ""
