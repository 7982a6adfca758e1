"""Short exclusive claims: all or none, given back, lapsing, among threads."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from drac_plugins.core.leases import LeaseBusy, Leases
from drac_plugins.core.storage import Store


def test_a_name_is_held_by_one_at_a_time(store: Store) -> None:
    leases = Leases(store)
    with (
        leases.hold(["a", "b"]),
        pytest.raises(LeaseBusy, match="a is being worked on"),
        leases.hold(["a"], wait_seconds=0.05),
    ):
        pass
    with leases.hold(["a"], wait_seconds=0):
        pass


def test_other_names_are_free(store: Store) -> None:
    leases = Leases(store)
    with leases.hold(["a"]), leases.hold(["b"], wait_seconds=0), leases.hold([], wait_seconds=0):
        pass


def test_a_name_is_given_back_after_a_failure(store: Store) -> None:
    leases = Leases(store)
    with pytest.raises(ValueError, match="broken"), leases.hold(["a"]):
        raise ValueError("broken")
    with leases.hold(["a"], wait_seconds=0):
        pass


def test_an_abandoned_lease_lapses(store: Store) -> None:
    moment = datetime(2025, 3, 10, tzinfo=UTC)
    with Leases(store, seconds=60, now=lambda: moment).hold(["a"]):
        later = Leases(store, now=lambda: moment + timedelta(seconds=61))
        with later.hold(["a"], wait_seconds=0):
            pass


def test_threads_take_turns(store: Store) -> None:
    leases, inside, most = Leases(store), [], []

    def work(name: str) -> None:
        with leases.hold([name, "shared"]):
            inside.append(name)
            most.append(len(inside))
            time.sleep(0.01)
            inside.remove(name)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_an_owner_that_starts_again_takes_its_own_leases_back(store: Store) -> None:
    with Leases(store, owner="ingester").hold(["a", "b"]), Leases(store, owner="other").hold(["c"]):
        again = Leases(store, owner="ingester")
        assert again.clear() == 2
        with again.hold(["a", "b"], wait_seconds=0), pytest.raises(LeaseBusy), again.hold(["c"], wait_seconds=0):
            pass


def test_a_holder_that_lives_renews_its_lease(store: Store) -> None:
    with Leases(store, seconds=0.3).hold(["a"]):
        time.sleep(0.8)
        with pytest.raises(LeaseBusy), Leases(store).hold(["a"], wait_seconds=0):
            pass
    with Leases(store).hold(["a"], wait_seconds=0):
        pass
