"""The inbox keeps everything, hands it out in order, one at a time per key, and never forgets what was taken."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from drac_plugins.core.errors import NotFound
from drac_plugins.core.inbox import Entry, Fields, Filter, Inbox, Incoming, Verdict
from drac_plugins.core.storage import Store
from tests.ingest.door.conftest import Clock

INGEST = "icatIngest"
TEMPORARY = Verdict("session", "session", "No session of MA-1234 on ID11")


def sorted_in(inbox: Inbox, *keys: str) -> list[int]:
    """Put one message per key, in this order, and let them be taken."""
    ids = [inbox.put(INGEST, f"message {number} of {key}".encode(), {}).id for number, key in enumerate(keys)]
    inbox.sort([(id_, key, Fields(location=key), None) for id_, key in zip(ids, keys, strict=True)])
    return ids


def taken(inbox: Inbox) -> Entry:
    found = inbox.take()
    assert found is not None
    return found


def test_a_message_that_was_put_is_there_after_the_store_was_opened_again(inbox: Inbox, either_store: Store) -> None:
    stored = inbox.put(INGEST, b"<a/>", {"destination": "/queue/icatIngest"}, source="listener 127.0.0.1:5")
    assert not stored.duplicate
    again = Inbox(Store(either_store.engine.url.render_as_string(hide_password=False))).show(stored.id)
    assert (again.body, again.queue, again.state, again.source) == (b"<a/>", INGEST, "received", "listener 127.0.0.1:5")
    assert again.headers == {"destination": "/queue/icatIngest"}


def test_the_same_body_on_the_same_queue_is_counted_and_on_another_queue_is_new(inbox: Inbox, clock: Clock) -> None:
    first = inbox.put(INGEST, b"<a/>", {})
    clock.advance(hours=2)
    second = inbox.put(INGEST, b"<a/>", {})
    other = inbox.put("icatDataFiles", b"<a/>", {})
    assert (second.id, second.duplicate, other.duplicate) == (first.id, True, False)
    row = inbox.show(first.id)
    assert (row.repetitions, row.last_received - row.received) == (1, timedelta(hours=2))


def test_repetitions_inside_one_batch_are_found_too(inbox: Inbox) -> None:
    answers = inbox.put_all([Incoming(INGEST, b"x"), Incoming(INGEST, b"y"), Incoming(INGEST, b"x")])
    assert [answer.duplicate for answer in answers] == [False, False, True]


def test_a_body_above_the_limit_lies_in_a_file_and_its_row_in_quarantine(inbox: Inbox, tmp_path: Path) -> None:
    body = b"<" + b"x" * 2000
    stored = inbox.put(INGEST, body, {})
    row = inbox.show(stored.id)
    assert (row.body, row.size, row.state, row.reason) == (None, 2001, "quarantined", "size")
    assert "2001 bytes" in str(row.text)
    assert inbox.whole_body(row) == body
    assert [path.name for path in (tmp_path / "large").iterdir()] == [row.body_file]


def test_what_somebody_waits_for_goes_first_and_the_rest_gets_on_too(inbox: Inbox) -> None:
    ids = [inbox.put(INGEST, b"message %d" % number, {}).id for number in range(40)]
    ranks = [1] * 20 + [0] * 20
    inbox.sort([(id_, str(id_), Fields(rank=rank), None) for id_, rank in zip(ids, ranks, strict=True)])
    assert [entry.id for entry in inbox.take_some(10)] == ids[20:28] + ids[:2]
    assert [entry.id for entry in inbox.take_some(20)] == ids[28:40] + ids[2:10]
    assert [entry.id for entry in inbox.take_some(20)] == ids[10:20]


def test_rank_does_not_let_a_message_overtake_an_older_one_of_its_key(inbox: Inbox) -> None:
    first, second = (inbox.put(INGEST, body, {}).id for body in (b"result", b"raw"))
    inbox.sort([(first, "place", Fields(rank=1), None), (second, "place", Fields(rank=0), None)])
    assert [entry.id for entry in inbox.take_some(5)] == [first]


def test_headers_with_unprintable_characters_are_kept_readable(inbox: Inbox) -> None:
    stored = inbox.put("a\x00b", b"x", {"k\x00": "v\x1b" + "w" * 5000})
    row = inbox.show(stored.id)
    assert row.queue == "a�b"
    assert len(next(iter(row.headers.values()))) == 1024


def test_messages_are_taken_oldest_first(inbox: Inbox) -> None:
    ids = sorted_in(inbox, "/a", "/b", "/c")
    assert [taken(inbox).id for _ in ids] == ids
    assert inbox.take() is None


def test_an_unsorted_message_is_not_taken(inbox: Inbox) -> None:
    stored = inbox.put(INGEST, b"x", {})
    assert inbox.take() is None
    assert [row.id for row in inbox.unsorted()] == [stored.id]


def test_two_messages_of_one_key_are_never_worked_on_at_the_same_time(inbox: Inbox) -> None:
    first, other, second = sorted_in(inbox, "/a", "/b", "/a")
    assert taken(inbox).id == first
    assert taken(inbox).id == other
    assert inbox.take() is None
    inbox.done(first)
    assert taken(inbox).id == second


def test_a_message_that_waits_holds_later_ones_of_its_key_until_its_hold_has_passed(inbox: Inbox, clock: Clock) -> None:
    first, second = sorted_in(inbox, "/a", "/a")
    taken(inbox)
    inbox.retry(first, clock.now + timedelta(hours=1), TEMPORARY, hold_until=clock.now + timedelta(minutes=15))
    clock.advance(minutes=14)
    assert inbox.take() is None
    clock.advance(minutes=2)
    assert taken(inbox).id == second
    clock.advance(hours=1)
    assert inbox.take() is None, "the older one may not run beside the newer one"
    inbox.done(second)
    again = taken(inbox)
    assert (again.id, again.attempts, again.reason) == (first, 2, "session")


def test_a_message_is_not_taken_before_it_is_due(inbox: Inbox, clock: Clock) -> None:
    (only,) = sorted_in(inbox, "/a")
    taken(inbox)
    inbox.retry(only, clock.now + timedelta(seconds=30), TEMPORARY)
    clock.advance(seconds=29)
    assert inbox.take() is None
    clock.advance(seconds=1)
    assert taken(inbox).id == only


def test_what_a_dead_process_had_taken_is_released_at_once_by_the_next_of_its_owner(
    either_store: Store, clock: Clock
) -> None:
    dead, following = (Inbox(either_store, clock=clock, owner="ingester 1") for _ in range(2))
    (only,) = sorted_in(dead, "/a")
    dead.due_stage(7, "files")
    taken(dead)
    assert dead.take_stage(["files"]) is not None
    assert dead.release() == 0, "what is held by a process itself is not taken away from it"
    assert Inbox(either_store, clock=clock, owner="ingester 2").release() == 0
    assert following.release() == 2
    assert taken(following).id == only
    assert following.take_stage(["files"]) is not None


def test_what_is_renewed_stays_and_what_is_not_goes_to_another_process(either_store: Store, clock: Clock) -> None:
    slow, other = (Inbox(either_store, clock=clock, held_seconds=30) for _ in range(2))
    (only,) = sorted_in(slow, "/a")
    slow.due_stage(7, "files")
    assert taken(slow).id == only
    run = slow.take_stage(["files"])
    assert run is not None
    for _ in range(4):
        clock.advance(seconds=20)
        assert slow.renew() == 2
        assert (other.release(), other.take()) == (0, None)
    clock.advance(seconds=31)
    assert other.release() == 2
    assert taken(other).id == only
    assert other.take_stage(["files"]) is not None


def test_the_outcome_of_a_process_that_was_taken_for_dead_does_not_count(either_store: Store, clock: Clock) -> None:
    paused, other = (Inbox(either_store, clock=clock, held_seconds=30) for _ in range(2))
    (only,) = sorted_in(paused, "/a")
    paused.due_stage(7, "files")
    taken(paused)
    run = paused.take_stage(["files"])
    assert run is not None
    clock.advance(seconds=31)
    assert other.release() == 2
    taken(other)
    assert other.take_stage(["files"]) is not None
    paused.quarantine(only, "internal", "apply", "too late")
    paused.stage_done(run)
    assert paused.show(only).state == "working"
    assert other.counters().stages == {"files": 1}
    other.done(only, dataset_id=7)
    paused.retry(only, clock() + timedelta(seconds=1), TEMPORARY)
    assert paused.show(only).state == "done"


def test_several_messages_are_taken_at_once_no_two_of_one_key(inbox: Inbox) -> None:
    first, _, third, _ = sorted_in(inbox, "/a", "/a", "/b", "/a")
    assert [found.id for found in inbox.take_some(10)] == [first, third]
    assert inbox.take_some(10) == []


def test_outcomes_are_written_down_together(inbox: Inbox) -> None:
    first, second = sorted_in(inbox, "/a", "/b")
    inbox.take_some(2)
    inbox.hand_back(
        [
            lambda connection: inbox.done(first, dataset_id=1, stages_due=("files",), connection=connection),
            lambda connection: inbox.quarantine(second, "values", "write", "no", connection=connection),
        ]
    )
    assert inbox.counters().states == {"done": 1, "quarantined": 1}
    assert inbox.counters().stages == {"files": 1}


def test_a_message_put_back_keeps_its_place_and_its_number_of_attempts(inbox: Inbox) -> None:
    first, _second = sorted_in(inbox, "/a", "/b")
    taken(inbox)
    inbox.put_back(first, "The catalogue does not answer")
    again = taken(inbox)
    assert (again.id, again.attempts) == (first, 1)


def test_many_threads_take_every_message_exactly_once(inbox: Inbox) -> None:
    ids = sorted_in(inbox, *(f"/{number % 7}" for number in range(40)))
    seen: list[int] = []
    working: set[str | None] = set()
    overlaps: list[str | None] = []
    lock = threading.Lock()

    def work() -> None:
        while inbox.counters().states.get("done", 0) < len(ids):
            found = inbox.take()
            if found is None:
                continue
            with lock:
                if found.lock_key in working:
                    overlaps.append(found.location)
                working.add(found.lock_key)
                seen.append(found.id)
            with lock:
                working.discard(found.lock_key)
            inbox.done(found.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ids
    assert overlaps == []


def test_quarantine_is_listed_by_cause_and_by_what_it_is_about(inbox: Inbox) -> None:
    ids = sorted_in(inbox, "/data/visitor/ma1234/a", "/data/visitor/mx4321/50%_b")
    for id_, reason in zip(ids, ("session", "location"), strict=True):
        taken(inbox)
        inbox.quarantine(id_, reason, "session", f"because of {reason}")
    assert [row.id for row in inbox.list(Filter(state="quarantined", reason="location"))] == [ids[1]]
    assert [row.id for row in inbox.list(Filter(contains="MA1234"))] == [ids[0]]
    assert [row.id for row in inbox.list(Filter(contains="50%_"))] == [ids[1]]
    assert inbox.count(Filter(state="quarantined")) == 2
    assert inbox.list(Filter(ids=(ids[0],)))[0].body is None


def test_a_replayed_message_starts_a_new_life_with_its_edits(inbox: Inbox, clock: Clock) -> None:
    (only,) = sorted_in(inbox, "/a")
    taken(inbox)
    inbox.quarantine(only, "session", "session", "No session")
    clock.advance(days=3)
    assert inbox.replay(Filter(reason="session"), {"proposal": "ma1234", "beamline": "id11"}) == 1
    row = inbox.show(only)
    assert (row.state, row.attempts, row.reason, row.since) == ("received", 0, None, clock.now)
    assert row.edits == {"proposal": "ma1234", "beamline": "id11"}


def test_an_empty_edit_takes_an_earlier_one_back(inbox: Inbox) -> None:
    (only,) = sorted_in(inbox, "/a")
    inbox.quarantine(only, "session", "session", "No session")
    inbox.replay(Filter(ids=(only,)), {"proposal": "ma1234", "beamline": "id11"})
    inbox.quarantine(only, "session", "session", "No session")
    inbox.replay(Filter(ids=(only,)), {"proposal": ""})
    assert inbox.show(only).edits == {"beamline": "id11"}


def test_replaying_what_is_not_there_or_not_in_quarantine_is_an_error(inbox: Inbox) -> None:
    (only,) = sorted_in(inbox, "/a")
    for ids in ((only,), (999,)):
        with pytest.raises(NotFound, match="can be replayed"):
            inbox.replay(Filter(ids=ids))
    with pytest.raises(NotFound, match="999"):
        inbox.show(999)


@pytest.mark.parametrize(("reason", "state"), [("session", "received"), ("schema", "quarantined")])
def test_a_repetition_of_a_quarantined_message_is_a_new_try_only_if_the_cause_can_go_away(
    inbox: Inbox, reason: str, state: str
) -> None:
    stored = inbox.put(INGEST, b"x", {})
    inbox.quarantine(stored.id, reason, "step", "text")
    assert inbox.put(INGEST, b"x", {}).duplicate
    assert inbox.show(stored.id).state == state


def test_counters_tell_states_causes_and_the_age_of_the_oldest(inbox: Inbox, clock: Clock) -> None:
    begin = clock.now
    ids = sorted_in(inbox, "/a", "/b", "/c")
    inbox.quarantine(ids[0], "xml", "parse", "broken")
    inbox.done(ids[1], dataset_id=5, stages_due=("files", "gallery"))
    inbox.put(INGEST, b"message 1 of /b", {})
    counters = inbox.counters()
    assert counters.states == {"quarantined": 1, "done": 1, "ready": 1}
    assert (counters.quarantined, counters.stages) == ({"xml": 1}, {"files": 1, "gallery": 1})
    assert (counters.repetitions, counters.oldest_unfinished) == (1, begin)


class TestStages:
    def test_requests_collapse_and_the_earlier_moment_counts(self, inbox: Inbox, clock: Clock) -> None:
        inbox.due_stage(5, "files", clock.now + timedelta(minutes=10))
        inbox.due_stage(5, "files", clock.now + timedelta(minutes=1))
        clock.advance(minutes=2)
        assert inbox.take_stage(["files"]) is not None
        assert inbox.take_stage(["files"]) is None

    def test_only_wanted_stages_are_taken(self, inbox: Inbox) -> None:
        inbox.due_stage(5, "files")
        assert inbox.take_stage(["statistics"]) is None
        run = inbox.take_stage(["files", "gallery"])
        assert run is not None
        assert (run.dataset_id, run.stage, run.attempts) == (5, "files", 1)

    def test_a_stage_that_is_done_is_gone(self, inbox: Inbox) -> None:
        inbox.due_stage(5, "files")
        run = inbox.take_stage(["files"])
        assert run is not None
        inbox.stage_done(run)
        assert inbox.counters().stages == {}

    def test_a_stage_asked_for_while_it_runs_runs_once_more(self, inbox: Inbox) -> None:
        inbox.due_stage(5, "files")
        run = inbox.take_stage(["files"])
        assert run is not None
        inbox.due_stage(5, "files")
        assert inbox.take_stage(["files"]) is None
        inbox.stage_done(run)
        again = inbox.take_stage(["files"])
        assert again is not None
        inbox.stage_done(again)
        assert inbox.counters().stages == {}

    def test_a_stage_that_failed_is_tried_again_when_due(self, inbox: Inbox, clock: Clock) -> None:
        inbox.due_stage(5, "files")
        run = inbox.take_stage(["files"])
        assert run is not None
        inbox.stage_retry(run, clock.now + timedelta(minutes=1), "folder missing")
        assert inbox.take_stage(["files"]) is None
        clock.advance(minutes=1)
        again = inbox.take_stage(["files"])
        assert again is not None
        assert (again.attempts, again.since) == (2, run.since)

    def test_a_stage_can_be_asked_for_in_a_transaction_of_the_caller(self, inbox: Inbox, either_store: Store) -> None:
        with either_store.begin() as connection:
            inbox.due_stage(5, "files", connection=connection)
            connection.rollback()
        assert inbox.counters().stages == {}
