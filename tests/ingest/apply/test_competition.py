"""Several messages about one dataset: the rules one by one, and that the order of application does not matter."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.competition import (
    DECLARED_INPUTS,
    Offer,
    Origin,
    Rank,
    assumed,
    decide,
    from_document,
    to_document,
)

NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Sent:
    """A message: when it came, when its dataset started and ended (minutes after noon), and its values."""

    serial: int
    end: int
    values: tuple[tuple[str, str], ...]
    complete: bool = True
    index: int | None = None
    start: int = 0

    @property
    def offer(self) -> Offer:
        moment = NOON + timedelta(minutes=self.end)
        rank = Rank(self.index, self.complete, moment, NOON + timedelta(days=1, seconds=self.serial), self.serial)
        return Offer(rank, NOON - timedelta(minutes=self.start), frozenset(dict(self.values)))


@dataclass
class Dataset:
    """What the catalogue and the origin say after some messages."""

    values: dict[str, str]
    origin: Origin | None = None
    complete: bool | None = None
    period: tuple[datetime, datetime] | None = None

    def apply(self, message: Sent) -> None:
        remembered = from_document(to_document(self.origin)) if self.origin else None
        decision = decide(message.offer, list(self.values), remembered)
        values = dict(message.values)
        for name in decision.remove:
            del self.values[name]
        self.values.update({name: values[name] for name in decision.values})
        self.origin, self.complete = decision.origin, decision.complete
        self.period = decision.start, decision.end


def after(*messages: Sent) -> Dataset:
    dataset = Dataset({})
    for message in messages:
        dataset.apply(message)
    return dataset


def sent(serial: int, end: int, complete: bool = True, index: int | None = None, start: int = 0, **values: str) -> Sent:
    return Sent(serial, end, tuple(values.items()), complete, index, start)


def test_a_higher_sequence_index_replaces_everything() -> None:
    dataset = after(sent(1, 5, index=1, note="first", gone="x"), sent(2, 4, index=3, note="rerun"))
    assert dataset.values == {"note": "rerun"}


def test_a_lower_or_equal_sequence_index_changes_no_metadata_but_widens_the_period() -> None:
    dataset = after(sent(1, 5, index=3, note="rerun"), sent(2, 9, index=2, start=7, note="stale", more="x"))
    assert dataset.values == {"note": "rerun"}
    assert dataset.period == (NOON - timedelta(minutes=7), NOON + timedelta(minutes=9))
    assert after(sent(1, 5, index=3, note="a"), sent(2, 9, index=3, note="b")).values == {"note": "a"}


def test_a_message_with_an_index_wins_over_one_without() -> None:
    with_index, without = sent(1, 5, index=0, note="indexed"), sent(2, 9, note="plain", other="x")
    assert after(with_index, without).values == after(without, with_index).values == {"note": "indexed"}


def test_without_index_the_values_add_up_and_the_later_end_wins() -> None:
    early, late = sent(2, 5, a="early", b="early"), sent(1, 9, b="late", c="late")
    expected = {"a": "early", "b": "late", "c": "late"}
    assert after(early, late).values == after(late, early).values == expected


def test_an_incomplete_message_does_not_take_a_complete_dataset_back() -> None:
    part, whole = sent(1, 20, complete=False, images="1", extra="x"), sent(2, 10, images="4")
    for dataset in (after(part, whole), after(whole, part)):
        assert dataset.values == {"images": "4", "extra": "x"}
        assert dataset.complete is True
        assert dataset.period == (NOON, NOON + timedelta(minutes=10))


def test_at_equal_ends_the_later_arrival_wins() -> None:
    assert after(sent(1, 5, a="1"), sent(2, 5, a="2")).values == {"a": "2"}
    assert after(sent(2, 5, a="2"), sent(1, 5, a="1")).values == {"a": "2"}


def test_a_value_between_two_others_is_compared_with_the_message_it_came_from() -> None:
    first, second, third = sent(1, 1, a="1"), sent(2, 3, b="3"), sent(3, 2, a="2")
    results = [after(*order).values for order in itertools.permutations((first, second, third))]
    assert all(values == {"a": "2", "b": "3"} for values in results)


def test_declared_inputs_are_never_taken_away() -> None:
    declares = Sent(1, 5, ((DECLARED_INPUTS, "/a"), ("note", "x")), index=1)
    rerun = sent(2, 6, index=2, note="y")
    for dataset in (after(declares, rerun), after(rerun, declares)):
        assert dataset.values == {DECLARED_INPUTS: "/a", "note": "y"}
        assert dataset.origin is not None
        assert dataset.origin.inputs is not None


def test_a_dataset_that_nobody_remembers_is_judged_by_the_catalogue() -> None:
    origin = assumed(None, True, NOON, NOON + timedelta(minutes=30))
    decision = decide(sent(1, 10, a="x", b="y").offer, ["a"], origin)
    assert decision.values == {"b"}
    assert not decision.leads


names = st.sampled_from(["a", "b", "c", DECLARED_INPUTS])
messages = st.lists(
    st.builds(
        lambda end, values, complete, index, start: (end, values, complete, index, start),
        st.integers(0, 3),
        st.dictionaries(names, st.sampled_from("123"), min_size=1),
        st.booleans(),
        st.none() | st.integers(-1, 2),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=500, deadline=None)
@given(messages, st.randoms(use_true_random=False), st.integers(0, 4))
def test_the_end_state_depends_on_the_messages_not_on_their_order(
    raw: list[tuple[int, dict[str, str], bool, int | None, int]], random: object, again: int
) -> None:
    every = [
        Sent(serial, end, tuple(sorted(values.items())), complete, index, start)
        for serial, (end, values, complete, index, start) in enumerate(raw)
    ]
    shuffled = list(every)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    straight, other = after(*every), after(*shuffled)
    assert (straight.values, straight.complete, straight.period) == (other.values, other.complete, other.period)
    other.apply(every[again % len(every)])
    assert (straight.values, straight.complete, straight.period) == (other.values, other.complete, other.period)
