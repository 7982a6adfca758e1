"""Every outcome of a message becomes a state of its row: tried again, or kept for a person to look at.

The applier here is a script of outcomes: the real one is tested where it lives. Inbox, parser and threads are real.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from drac_plugins.core.errors import Unavailable
from drac_plugins.core.inbox import Entry, Filter, Inbox
from drac_plugins.core.quarantine import aliases
from drac_plugins.core.settings import Ingest, Settings
from drac_plugins.core.storage import Store
from icat_schema.gateway.errors import (
    AccessDenied,
    CatalogueBroken,
    CatalogueUnavailable,
    InvalidRequest,
    LoginRefused,
)
from ingest.applying import BATCH, Applying
from ingest.breaker import Breaker
from ingest.domain import DatasetMessage, InvestigationMessage, Message
from ingest.outcome import Done, NotYet, Refused
from ingest.staging import Staging
from ingest.trying import Stage
from ingest.worker import Turn, Worker
from tests.ingest.door.conftest import MESSAGES, Clock
from tests.ingest.door.running import wait_until

QUEUE = "icatIngest"
RAW = (MESSAGES / "10-raw-minimal.xml").read_bytes()
OTHER = (MESSAGES / "11-raw-bliss-scan.xml").read_bytes()
Script = Callable[[Message], Done]


class Scripted:
    """Applies nothing; answers as told, and writes down what it was asked."""

    def __init__(self) -> None:
        self.applied: list[Message] = []
        self.arrivals: list[datetime] = []
        self.stage_runs: list[tuple[str, int]] = []
        self.answers: list[Done | Exception] = []
        self.stage_answers: list[Exception] = []
        self.recoveries = 0
        self.recovery_answers: list[Exception] = []

    def apply(self, message: Message, arrival: datetime, inbox_id: int) -> Done:
        self.applied.append(message)
        self.arrivals.append(arrival)
        answer = self.answers.pop(0) if self.answers else Done(investigation_id=1, dataset_id=inbox_id)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def stages(self, dataset_id: int) -> tuple[Stage, ...]:
        return ("files", "gallery", "statistics")

    def apply_together(self, messages: Sequence[tuple[Message, datetime, int]]) -> Mapping[int, Done]:
        return {}

    def run_stages(self, stage: Stage, dataset_ids: Sequence[int]) -> Mapping[int, NotYet | None]:
        return {}

    def run_stage(self, stage: Stage, dataset_id: int) -> None:
        self.stage_runs.append((stage, dataset_id))
        if self.stage_answers:
            raise self.stage_answers.pop(0)

    def take_over(self) -> int:
        return 0

    def recover(self) -> int:
        self.recoveries += 1
        if self.recovery_answers:
            raise self.recovery_answers.pop(0)
        return 0


SETTINGS = Settings(ingest=Ingest(retry_seconds=(1, 2, 4), poison_attempts=3, hold_minutes=15))


class Bench:
    """One thread's work, step by step, on a clock that only moves when told."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self.inbox, self.clock, self.applier = inbox, clock, Scripted()
        stopping = threading.Event()
        self.breaker = Breaker(SETTINGS.ingest.retry_seconds, clock=lambda: clock.now.timestamp())
        self.applying = Applying(inbox, self.applier, SETTINGS, self.breaker, stopping, clock)
        self.staging = Staging(inbox, self.applier, SETTINGS.ingest.retry_seconds, self.breaker, stopping, clock)

    def put(self, body: bytes = RAW, queue: str = QUEUE) -> int:
        return self.inbox.put(queue, body, {}).id

    def work(self) -> None:
        while self.applying.step():
            pass

    def row(self, message_id: int) -> Entry:
        return self.inbox.show(message_id)


@pytest.fixture
def bench(store: Store, clock: Clock) -> Bench:
    return Bench(Inbox(store, clock=clock), clock)


def test_an_applied_message_is_done_and_its_stages_are_due(bench: Bench) -> None:
    arrival = bench.clock.now
    message_id = bench.put()
    bench.clock.advance(seconds=9)
    bench.applier.answers = [Done(investigation_id=7, dataset_id=42, warnings=("repaired",))]
    bench.work()
    row = bench.row(message_id)
    assert (row.state, row.dataset_id, row.investigation_id, row.warnings) == ("done", 42, 7, ("repaired",))
    assert (row.proposal, row.beamline, row.name) == ("ma1234", "id11", "0001")
    assert row.location is not None
    assert bench.applier.arrivals == [arrival]
    while bench.staging.step(("files", "gallery", "statistics")):
        pass
    assert bench.applier.stage_runs == [("files", 42), ("gallery", 42), ("statistics", 42)]
    assert bench.inbox.counters().stages == {}


def test_a_session_start_has_no_later_stages(bench: Bench) -> None:
    bench.put((MESSAGES / "01-investigation-start-tz.xml").read_bytes())
    bench.applier.answers = [Done(investigation_id=7)]
    bench.work()
    assert isinstance(bench.applier.applied[0], InvestigationMessage)
    assert bench.inbox.counters().stages == {}


def test_what_cannot_be_read_is_quarantined_without_troubling_the_applier(bench: Bench) -> None:
    expected = {"90": "schema", "91": "schema", "92": "dates", "94": "xml", "95": "xml", "96": "xml"}
    ids = {}
    for name in expected:
        (path,) = (MESSAGES / "invalid").glob(f"{name}-*.xml")
        ids[name] = bench.put(path.read_bytes())
    good = bench.put()
    bench.work()
    assert {name: bench.row(message_id).reason for name, message_id in ids.items()} == expected
    assert bench.row(good).state == "done"
    assert len(bench.applier.applied) == 1


@pytest.mark.parametrize(
    ("queue", "body", "told"),
    [
        ("icatIngest", b'{"datasetId": 1}', "JSON"),
        ("icatIngest", (MESSAGES / "70-reschedule.xml").read_bytes(), "something else"),
        ("rescheduleInvestigation", RAW, "something else"),
        ("icatDataFiles", RAW, "this queue carries JSON"),
        ("icatDataFiles", b'{"datasetId": 1, "type": "archiving", "level": "info", "message": ""}', "another queue"),
    ],
)
def test_a_message_on_the_wrong_queue_is_quarantined_by_kind(bench: Bench, queue: str, body: bytes, told: str) -> None:
    message_id = bench.put(body, queue)
    bench.work()
    row = bench.row(message_id)
    assert (row.state, row.reason) == ("quarantined", "kind")
    assert told in str(row.text)


def test_a_request_to_reschedule_is_applied(bench: Bench) -> None:
    bench.put((MESSAGES / "70-reschedule.xml").read_bytes(), "rescheduleInvestigation")
    bench.work()
    (message,) = bench.applier.applied
    assert isinstance(message, InvestigationMessage)
    assert message.investigation_id == 700002


def test_a_refused_message_goes_to_quarantine_with_its_words(bench: Bench) -> None:
    bench.applier.answers = [Refused("session", "No session of MA-1234", "session")]
    message_id = bench.put()
    bench.work()
    row = bench.row(message_id)
    assert (row.state, row.reason, row.step, row.text) == ("quarantined", "session", "session", "No session of MA-1234")


def test_what_is_not_there_yet_is_tried_again_with_growing_pauses_until_it_is_given_up(bench: Bench) -> None:
    message_id = bench.put()
    tries = []
    bench.applier.answers = [NotYet("session", "No session", "session", give_up_after_seconds=20) for _ in range(10)]
    for _ in range(40):
        before = len(bench.applier.applied)
        bench.work()
        if len(bench.applier.applied) > before:
            tries.append((bench.clock.now - bench.row(message_id).received).total_seconds())
        bench.clock.advance(seconds=1)
    assert tries == [0, 1, 3, 7, 11, 15, 19, 20]
    assert (bench.row(message_id).state, bench.row(message_id).reason) == ("quarantined", "session")


def test_a_pause_of_its_own_is_respected(bench: Bench) -> None:
    message_id = bench.put()
    bench.applier.answers = [
        NotYet("instrument", "Unknown", "instrument", give_up_after_seconds=3600, pause_seconds=600)
    ]
    bench.work()
    assert bench.row(message_id).due == bench.clock.now + timedelta(minutes=10)
    bench.clock.advance(minutes=10)
    bench.work()
    assert bench.row(message_id).state == "done"


def test_while_one_message_waits_others_go_on_and_those_of_its_location_wait_a_quarter_of_an_hour(bench: Bench) -> None:
    first, later, other = bench.put(RAW), bench.put(RAW.replace(b">calib<", b">other<")), bench.put(OTHER)
    bench.applier.answers = [NotYet("session", "No session", "session", pause_seconds=3600)]
    bench.work()
    assert [bench.row(i).state for i in (first, later, other)] == ["waiting", "ready", "done"]
    bench.clock.advance(minutes=14)
    bench.work()
    assert bench.row(later).state == "ready"
    bench.clock.advance(minutes=1, seconds=1)
    bench.work()
    assert bench.row(later).state == "done"


@pytest.mark.parametrize("error", [CatalogueUnavailable("no answer"), LoginRefused("wrong password")])
def test_while_the_catalogue_is_away_nothing_is_taken_and_one_message_at_a_time_tries(
    bench: Bench, error: Exception
) -> None:
    ids = [bench.put(RAW), bench.put(OTHER)]
    bench.applier.answers = [error for _ in range(4)]
    tries = []
    for second in range(20):
        before = len(bench.applier.applied)
        bench.work()
        tries += [second] * (len(bench.applier.applied) - before)
        bench.clock.advance(seconds=1)
    assert tries == [0, 1, 3, 7, 11, 11]
    assert [bench.row(i).state for i in ids] == ["done", "done"]
    assert bench.row(ids[0]).attempts == 1


def test_the_same_unexpected_error_again_and_again_is_poison(bench: Bench) -> None:
    message_id = bench.put()
    bench.applier.answers = [KeyError("oops") for _ in range(9)]
    for _ in range(20):
        bench.work()
        bench.clock.advance(seconds=1)
    row = bench.row(message_id)
    assert (row.state, row.reason, len(bench.applier.applied)) == ("quarantined", "internal", 3)
    assert "KeyError" in str(row.text)


def test_different_unexpected_errors_are_not_poison(bench: Bench) -> None:
    message_id = bench.put()
    bench.applier.answers = [KeyError(str(number)) for number in range(5)]
    for _ in range(30):
        bench.work()
        bench.clock.advance(seconds=1)
    assert bench.row(message_id).state == "done"


def test_what_the_catalogue_refuses_for_good_is_quarantined_at_once(bench: Bench) -> None:
    message_id = bench.put()
    bench.applier.answers = [InvalidRequest("name is too long")]
    bench.work()
    assert (bench.row(message_id).reason, bench.row(message_id).step) == ("values", "write")


def test_a_missing_right_is_tried_some_times_and_a_broken_catalogue_for_ever(bench: Bench) -> None:
    denied, broken = bench.put(RAW), bench.put(OTHER)
    for _ in range(60):
        bench.applier.answers = []
        bench.applier.apply = lambda message, arrival, inbox_id: _raise(  # type: ignore[method-assign]
            AccessDenied("no rule")
            if isinstance(message, DatasetMessage) and message.name == "0001"
            else CatalogueBroken("internal", temporary=True)
        )
        bench.work()
        bench.clock.advance(seconds=1)
    assert (bench.row(denied).state, bench.row(denied).reason) == ("quarantined", "internal")
    assert bench.row(broken).state == "waiting"
    assert bench.row(broken).attempts > 10


def _raise(error: Exception) -> Done:
    raise error


def test_a_busy_store_costs_a_short_pause_only(bench: Bench) -> None:
    message_id = bench.put()
    bench.applier.answers = [Unavailable("somebody else holds it")]
    bench.work()
    assert bench.row(message_id).due == bench.clock.now + timedelta(seconds=2)


def test_a_replay_applies_what_the_operator_changed(bench: Bench) -> None:
    message_id = bench.put()
    bench.applier.answers = [Refused("instrument", "Unknown beamline id11", "instrument")]
    bench.work()
    bench.inbox.replay(Filter(ids=(message_id,)), {"beamline": "ID15A"})
    bench.work()
    message = bench.applier.applied[-1]
    assert isinstance(message, DatasetMessage)
    assert message.beamline == "ID15A"
    assert bench.row(message_id).state == "done"


class TestStages:
    def due(self, bench: Bench, stage: Stage = "files") -> None:
        bench.inbox.due_stage(5, stage)

    def test_a_stage_that_is_not_ready_is_tried_again_and_given_up_in_the_end(self, bench: Bench) -> None:
        self.due(bench)
        for _ in range(3):
            bench.applier.stage_answers = [
                NotYet("internal", "folder missing", "files", pause_seconds=60, give_up_after_seconds=100)
            ]
            assert bench.staging.step(("files",))
            bench.clock.advance(seconds=60)
        assert bench.inbox.counters().stages == {}

    def test_a_stage_that_fails_keeps_its_reason_and_is_never_given_up(self, bench: Bench) -> None:
        self.due(bench)
        for _ in range(10):
            bench.applier.stage_answers = [ValueError("broken picture")]
            bench.staging.step(("files",))
            bench.clock.advance(hours=1)
        assert len(bench.applier.stage_runs) == 10
        assert bench.inbox.counters().stages == {"files": 1}

    def test_a_stage_that_was_refused_is_given_up(self, bench: Bench) -> None:
        self.due(bench)
        bench.applier.stage_answers = [Refused("location", "outside", "files")]
        bench.staging.step(("files",))
        assert bench.inbox.counters().stages == {}

    def test_stages_wait_while_the_catalogue_is_away(self, bench: Bench) -> None:
        self.due(bench)
        bench.applier.stage_answers = [CatalogueUnavailable("no answer")]
        assert bench.staging.step(("files",))
        assert not bench.staging.step(("files",))
        bench.clock.advance(seconds=1)
        assert bench.staging.step(("files",))
        assert bench.inbox.counters().stages == {}


def test_messages_are_known_to_wait_until_the_last_of_them_are_taken(bench: Bench) -> None:
    for number in range(BATCH + 1):
        bench.put(RAW.replace(b"_0001<", f"_{number:04}<".encode()))
    bench.applying.step()
    assert bench.applying.behind
    bench.work()
    assert not bench.applying.behind
    assert bench.inbox.counters().states == {"done": BATCH + 1}


def test_later_stages_have_a_turn_now_and_then_while_messages_wait_and_always_otherwise() -> None:
    now = [0.0]
    turn = Turn(2.0, clock=lambda: now[0])
    turn.taken()
    assert turn.comes(urgent=False)
    assert not turn.comes(urgent=True)
    now[0] += 2.0
    assert turn.comes(urgent=True)


def test_an_alias_taught_after_a_message_was_sorted_is_heeded_when_it_is_applied(bench: Bench, store: Store) -> None:
    message_id = bench.put()
    bench.applying._sorter.run()
    with store.begin() as connection:
        aliases.put(connection, "beamline", "id11", "ID99", by="cy", now=bench.clock.now)
    bench.work()
    assert bench.row(message_id).state == "done"
    (message,) = bench.applier.applied
    assert isinstance(message, DatasetMessage)
    assert message.beamline == "ID99"


class TestThreads:
    def test_a_running_worker_takes_up_what_a_dead_one_had_taken_and_stops_cleanly(
        self, real_inbox: Inbox, store: Store
    ) -> None:
        applier = Scripted()
        message_id = real_inbox.put(QUEUE, RAW, {}).id
        stopping = threading.Event()
        dead = Applying(real_inbox, applier, SETTINGS, Breaker((1,)), stopping, lambda: datetime.now().astimezone())
        dead._sorter.run()
        assert Inbox(store, owner="this installation").take() is not None
        worker = Worker(real_inbox, applier, SETTINGS)
        worker.start()
        try:
            wait_until(lambda: real_inbox.show(message_id).state == "done")
            assert worker.alive
            real_inbox.put(QUEUE, OTHER, {})
            worker.wake()
            wait_until(lambda: real_inbox.counters().states == {"done": 2})
            wait_until(lambda: len(applier.stage_runs) == 6)
            assert applier.recoveries == 1
        finally:
            worker.stop()
        assert not worker.alive

    def test_messages_of_one_location_are_applied_in_their_order_by_many_workers(self, real_inbox: Inbox) -> None:
        applier = Scripted()
        for number in range(30):
            real_inbox.put(QUEUE, RAW.replace(b">0001<", f">{number:04}<".encode()), {})
        worker = Worker(real_inbox, applier, Settings(ingest=Ingest(workers=4)))
        worker.start()
        try:
            wait_until(lambda: real_inbox.counters().states == {"done": 30}, seconds=60)
        finally:
            worker.stop()
        names = [message.name for message in applier.applied if isinstance(message, DatasetMessage)]
        assert names == [f"{number:04}" for number in range(30)]

    def test_a_recovery_that_fails_while_the_catalogue_is_away_does_not_stop_all_work_for_ever(
        self, real_inbox: Inbox
    ) -> None:
        applier, breaker = Scripted(), Breaker((0.01,))
        breaker.away(CatalogueUnavailable("no answer"))
        applier.recovery_answers = [Unavailable("links:1 is being worked on by another writer")]
        worker = Worker(real_inbox, applier, SETTINGS, breaker=breaker)
        time.sleep(0.02)  # now whoever asks first may try, and that is the recovery
        worker._guard(worker._recover)
        assert applier.recoveries == 1
        assert breaker.allow()
