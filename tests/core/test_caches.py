"""Caches: what is kept for whom, how long, how much of it, and how it is forgotten, also by other processes."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drac_plugins.core.caches import Caches, Kept, Statistics, estimated_bytes

ADA, BO = "11111111-aaaa-4aaa-8aaa-111111111111", "22222222-bbbb-4bbb-8bbb-222222222222"
NAMES: Kept[list[str]] = Kept("names", "a test asks for them often", seconds=60, session_bytes=4000, sessions=2)


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Source:
    """Counts how often it is asked."""

    def __init__(self, answer: list[str] | None = None) -> None:
        self.asked = 0
        self.answer = answer or ["XX-1"]

    def __call__(self) -> list[str]:
        self.asked += 1
        return self.answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caches(clock: Clock) -> Caches:
    return Caches(clock)


def test_a_value_is_asked_for_once(caches: Caches) -> None:
    source = Source()
    cache = caches.of(NAMES)
    assert [cache.value(ADA, "all", source) for _ in range(3)] == [["XX-1"]] * 3
    assert source.asked == 1
    assert (cache.statistics().hits, cache.statistics().misses, cache.statistics().keys) == (2, 1, 1)


def test_what_one_session_was_told_is_not_told_to_another(caches: Caches) -> None:
    cache = caches.of(NAMES)
    cache.value(ADA, "all", Source(["of Ada"]))
    assert cache.value(BO, "all", Source(["of Bo"])) == ["of Bo"]


def test_a_value_is_kept_for_its_time(caches: Caches, clock: Clock) -> None:
    source = Source()
    cache = caches.of(NAMES)
    cache.value(ADA, "all", source)
    clock.seconds += 59
    cache.value(ADA, "all", source)
    clock.seconds += 2
    cache.value(ADA, "all", source)
    assert source.asked == 2


def test_a_session_keeps_no_more_than_its_bytes(caches: Caches) -> None:
    cache = caches.of(NAMES)
    for number in range(100):
        cache.value(ADA, number, Source(["x" * 500]))
    kept = cache.entries()
    assert 1 < len(kept) < 8
    assert sum(entry.size for entry in kept) <= NAMES.session_bytes
    assert kept[-1].key == 99


def test_a_value_that_is_too_large_is_returned_and_not_kept(caches: Caches) -> None:
    cache = caches.of(NAMES)
    assert cache.value(ADA, "all", Source(["x" * 5000])) == ["x" * 5000]
    assert cache.entries() == []


def test_sessions_beyond_the_bound_push_out_the_one_that_was_not_here_for_the_longest_time(caches: Caches) -> None:
    cache = caches.of(NAMES)
    for session in (ADA, BO, ADA, "third"):
        cache.value(session, "all", Source())
    assert {entry.owner for entry in cache.entries()} == {caches.owner(ADA), caches.owner("third")}


def test_forgetting_one_session_leaves_the_others(caches: Caches) -> None:
    cache = caches.of(NAMES)
    sources = {ADA: Source(), BO: Source()}
    for _ in range(2):
        for session, source in sources.items():
            cache.value(session, "all", source)
        caches.forget(ADA)
    assert (sources[ADA].asked, sources[BO].asked) == (2, 1)
    assert {entry.owner for entry in cache.entries()} == {caches.owner(BO)}


def test_forgetting_everything_reaches_all_caches_and_sessions(caches: Caches) -> None:
    others: Kept[list[str]] = Kept("others", "another question of the same test")
    for kept in (NAMES, others):
        for session in (ADA, BO):
            caches.of(kept).value(session, "all", Source())
    caches.forget_everything()
    assert caches.entries() == []


def test_what_is_loaded_while_it_is_forgotten_is_not_kept(caches: Caches) -> None:
    cache = caches.of(NAMES)

    def load() -> list[str]:
        caches.forget(ADA)
        return ["as it was before"]

    assert cache.value(ADA, "all", load) == ["as it was before"]
    assert cache.value(ADA, "all", Source(["as it is"])) == ["as it is"]


def test_a_forked_process_that_forgets_is_heard(caches: Caches) -> None:
    source = Source()
    cache = caches.of(NAMES)
    cache.value(ADA, "all", source)
    child = os.fork()
    if child == 0:
        caches.forget(ADA)
        os._exit(0)
    os.waitpid(child, 0)
    cache.value(ADA, "all", source)
    assert source.asked == 2


def test_who_asks_for_the_same_at_the_same_time_waits_for_one_answer(caches: Caches) -> None:
    cache = caches.of(NAMES)
    waiting, source = threading.Event(), Source()

    def load() -> list[str]:
        waiting.wait(10)
        return source()

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(cache.value, ADA, "all", load) for _ in range(4)]
        while cache.statistics().misses < 4:
            time.sleep(0.001)
        waiting.set()
        assert [answer.result(10) for answer in answers] == [["XX-1"]] * 4
    assert source.asked == 1


def test_a_failure_reaches_the_caller_and_is_not_kept(caches: Caches) -> None:
    cache = caches.of(NAMES)

    def fail() -> list[str]:
        raise OSError("the catalogue is away")

    with pytest.raises(OSError, match="away"):
        cache.value(ADA, "all", fail)
    assert cache.value(ADA, "all", Source()) == ["XX-1"]


def test_two_declarations_of_one_name_are_refused(caches: Caches) -> None:
    caches.of(NAMES)
    with pytest.raises(ValueError, match="two caches called names"):
        caches.of(Kept("names", "another reason"))


def test_session_ids_stand_nowhere_in_what_is_shown(caches: Caches) -> None:
    caches.of(NAMES).value(ADA, "all", Source())
    assert ADA not in repr(caches.entries())
    assert caches.owner(ADA) != Caches().owner(ADA)


def test_statistics_are_by_cache(caches: Caches) -> None:
    caches.of(NAMES)
    assert caches.statistics() == {"names": Statistics()}
    assert [kept.reason for kept in caches.declared()] == [NAMES.reason]


@given(st.lists(st.text(max_size=50), max_size=200))
def test_an_estimate_grows_with_the_value_and_is_never_nothing(texts: list[str]) -> None:
    assert 0 < estimated_bytes(texts) <= estimated_bytes([texts, texts])
