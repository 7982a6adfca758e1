"""Which investigation a message belongs to: the rules one by one, and that the order of messages does not matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sessions import Choice, Slot, Wish, by_date, by_day, choose

ID11, BM18 = 11, 18
TOLERANCE = timedelta(hours=48)


def at(day: int, hour: int = 8) -> datetime:
    return datetime(2025, 3, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


def slot(number: int, start: datetime, end: datetime | None, *, instrument: int = ID11, own: bool = False) -> Slot:
    return Slot(number, "MA-1234", start, end, frozenset({instrument}), own)


def chosen(moment: datetime, *slots: Slot) -> Choice | None:
    return choose(Wish(ID11, moment), slots, TOLERANCE)


def test_a_slot_contains_its_start_but_not_its_end() -> None:
    slots = slot(1, at(10), at(12)), slot(2, at(12), at(14))
    assert _slot(chosen(at(10), *slots)) == 1
    assert _slot(chosen(at(12), *slots)) == 2


def test_of_overlapping_slots_the_one_that_started_last_wins() -> None:
    assert _slot(chosen(at(11), slot(1, at(10), at(12)), slot(2, at(10, 20), at(14)))) == 2


@pytest.mark.parametrize(("day", "expected"), [(8, 1), (13, 1), (16, 2), (7, None), (21, None)])
def test_the_nearest_slot_within_two_days_is_taken(day: int, expected: int | None) -> None:
    slots = slot(1, at(10), at(12)), slot(2, at(17), at(18))
    assert _slot(chosen(at(day), *slots)) == expected


def test_at_equal_distance_the_later_slot_wins() -> None:
    assert _slot(chosen(at(13), slot(1, at(10), at(12)), slot(2, at(14), at(15)))) == 2


def test_a_slot_of_another_instrument_is_no_candidate() -> None:
    assert chosen(at(11), slot(1, at(10), at(12), instrument=BM18)) is None


def test_the_parameter_investigation_id_wins_even_on_another_instrument() -> None:
    slots = slot(1, at(10), at(12)), slot(2, at(20), at(22), instrument=BM18)
    choice = choose(Wish(ID11, at(11), investigation_id=2), slots, TOLERANCE)
    assert choice is not None
    assert (choice.slot.id, choice.rule) == (2, "investigationId")


def test_an_investigation_id_of_another_proposal_is_passed_over() -> None:
    choice = choose(Wish(ID11, at(11), investigation_id=99), [slot(1, at(10), at(12))], TOLERANCE)
    assert _slot(choice) == 1


def test_a_dataset_that_is_there_already_stays_where_it_is() -> None:
    slots = slot(1, at(10), at(12)), slot(2, at(20), at(22))
    assert _slot(choose(Wish(ID11, at(21), existing=1), slots, TOLERANCE)) == 1


def test_processed_data_go_where_their_first_known_input_of_this_proposal_and_instrument_is() -> None:
    slots = slot(1, at(10), at(12)), slot(2, at(20), at(22)), slot(3, at(20), at(22), instrument=BM18)
    wish = Wish(ID11, at(300), inputs=(77, 3, 2, 1))
    assert _slot(choose(wish, slots, TOLERANCE)) == 2


def test_processed_data_without_known_input_follow_the_raw_data_of_their_session_folder_then_its_day() -> None:
    slots = slot(1, at(10), at(12)), slot(2, at(20), at(22))
    wish = Wish(ID11, at(300), folder=(1,), day=(at(20, 0), at(21, 0)))
    assert _slot(choose(wish, slots, TOLERANCE)) == 1
    assert _slot(choose(replace(wish, folder=()), slots, TOLERANCE)) == 2


def test_the_day_in_a_path_means_the_slot_that_starts_on_it() -> None:
    slots = slot(1, at(9), at(10, 9)), slot(2, at(10, 9), at(12))
    found = by_day(at(10, 0), at(11, 0), slots)
    assert found is not None
    assert found.id == 2


def test_an_open_ended_session_lasts_until_the_next_one_starts() -> None:
    slots = slot(1, at(1), None), slot(2, at(20), at(21))
    assert _slot(chosen(at(15), *slots)) == 1
    assert _slot(chosen(at(25), *slots)) is None


def test_a_scheduled_slot_nearby_goes_before_an_open_ended_session_that_contains_the_moment() -> None:
    assert _slot(chosen(at(13), slot(1, at(1), None, own=True), slot(2, at(10), at(12)))) == 2


def test_an_own_session_that_starts_later_is_moved_back() -> None:
    choice = chosen(at(3), slot(1, at(20), None, own=True))
    assert choice is not None
    assert (choice.slot.id, choice.start) == (1, at(3))


def test_a_foreign_open_ended_session_that_starts_later_is_left_alone() -> None:
    assert chosen(at(3), slot(1, at(20), None)) is None


def test_an_own_session_is_not_moved_back_over_a_scheduled_one() -> None:
    assert chosen(at(3), slot(1, at(20), None, own=True), slot(2, at(10), at(12))) is None


# ------------------------------------------------------------------------------------------------------ property

hours = st.integers(0, 60 * 24)
scheduled = st.lists(st.tuples(hours, st.integers(1, 96)), max_size=4, unique_by=lambda pair: pair[0])


@settings(max_examples=300, deadline=None)
@given(scheduled, st.lists(hours, min_size=1, max_size=7, unique=True), st.randoms(use_true_random=False))
def test_messages_share_the_same_sessions_in_whatever_order_they_come(
    official: list[tuple[int, int]], starts: list[int], random: object
) -> None:
    shuffled = list(starts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert _sessions(official, starts) == _sessions(official, shuffled)


def _sessions(official: list[tuple[int, int]], starts: list[int]) -> dict[int, tuple[datetime, bool]]:
    """Start of the session of every message after all have come, keeping a catalogue by the rules."""
    slots = {n: slot(n, at(1, hour), at(1, hour + length)) for n, (hour, length) in enumerate(official, start=1)}
    where: dict[int, int] = {}
    for hour in starts:
        choice = by_date(at(1, hour), list(slots.values()), TOLERANCE)
        if choice is None:
            number = len(slots) + 1
            slots[number] = slot(number, at(1, hour), None, own=True)
        else:
            number = choice.slot.id
            if choice.start is not None:
                slots[number] = replace(choice.slot, start=choice.start)
        where[hour] = number
    return {hour: (slots[number].start, slots[number].own) for hour, number in where.items()}


def _slot(choice: Choice | None) -> int | None:
    return choice.slot.id if choice else None
