"""The durable inbox: a message that is in it is never lost; it ends as done, as a counted repetition, or in quarantine
with a reason, and can be replayed from there.

Any number of processes may put messages in, work on them and look at them. What a process takes it holds for a while,
and renews that while it lives (`renew`); what it held when it died is given back (`release`).
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from drac_plugins.core.events import outbox
from drac_plugins.core.events.records import NewEvent
from drac_plugins.core.inbox import rows, stages
from drac_plugins.core.inbox.bodies import BodyFiles
from drac_plugins.core.inbox.records import (
    Entry,
    Fields,
    Incoming,
    StageRun,
    Stored,
    Verdict,
    entry,
)
from drac_plugins.core.inbox.shelf import Shelf
from drac_plugins.core.inbox.tables import ingest_message as messages
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store

log = logging.getLogger(__name__)

HELD_SECONDS = 30.0


def utc_now() -> datetime:
    return datetime.now(UTC)


class Inbox(Shelf):
    """Thread-safe. Every method is one short transaction; raises Unavailable when the store does not answer.

    `owner`: name of a process of which there is one at a time, so that the next one takes back at once what the one
    before held; default: a new name. `held_seconds`: how long a process that gives no sign of life is believed to live.
    """

    def __init__(
        self,
        store: Store,
        *,
        large_bodies: BodyFiles | None = None,
        clock: Callable[[], datetime] = utc_now,
        owner: str | None = None,
        held_seconds: float = HELD_SECONDS,
    ) -> None:
        super().__init__(store, large_bodies, clock)
        self._owner = hashlib.sha256((owner or secrets.token_hex(16)).encode()).hexdigest()[:16]
        self._holder = self._owner + secrets.token_hex(8)
        self._held_seconds = held_seconds

    @classmethod
    def from_settings(cls, store: Store, settings: Settings, *, owner: str | None = None) -> Inbox:
        files = BodyFiles(settings.var / "large-messages", settings.ingest.max_message_bytes)
        return cls(store, large_bodies=files, owner=owner, held_seconds=settings.ingest.lease_seconds)

    # ------------------------------------------------------------------ arriving

    def put(self, queue: str, body: bytes, headers: Mapping[str, str], *, source: str = "") -> Stored:
        """Keep one message; when this returns, it is on disk."""
        return self.put_all([Incoming(queue, body, headers, source)])[0]

    def put_all(self, arrivals: Sequence[Incoming]) -> list[Stored]:
        """Keep several messages in one transaction, in this order. Raises Unavailable, or OSError when a large body
        cannot be written; then none of them is kept."""
        prepared = [self._prepare(arrival) for arrival in arrivals]
        now = self._now()
        try:
            return self._keep(prepared, now)
        except IntegrityError:  # another process kept the same message in between: now it is known
            return self._keep(prepared, now)

    def _keep(self, prepared: list[dict[str, Any]], now: datetime) -> list[Stored]:
        with self._store.begin() as connection:
            return [rows.put(connection, values, now) for values in prepared]

    def _prepare(self, arrival: Incoming) -> dict[str, Any]:
        digest = hashlib.sha256(arrival.body).hexdigest()
        verdict, body, file = arrival.verdict, arrival.body, None
        if self._files is not None and self._files.too_large(len(body)):
            file = self._files.keep(digest, body)
            verdict = Verdict(
                "size",
                "receive",
                f"The message has {len(body)} bytes; at most {self._files.limit} are accepted"
                " (setting ingest.max_message_bytes)",
            )
        return {
            "queue": rows.printable(arrival.queue, 255),
            "sha256": digest,
            "body": None if file else body,
            "body_file": file,
            "size": len(arrival.body),
            "headers": rows.tidy(arrival.headers),
            "source": rows.printable(arrival.source, 255),
            "state": "quarantined" if verdict else "received",
            "reason": verdict.reason if verdict else None,
            "step": verdict.step if verdict else None,
            "text": verdict.text if verdict else None,
            "command": arrival.command,
        }

    # ------------------------------------------------------------------ sorting and taking

    def unsorted(self, limit: int = 100) -> list[Entry]:
        """Messages nobody has looked at yet, oldest first."""
        with self._store.read() as connection:
            query = select(messages).where(messages.c.state == "received").order_by(messages.c.id).limit(limit)
            return [entry(dict(row._mapping)) for row in connection.execute(query)]

    def sort(self, results: Iterable[tuple[int, str | None, Fields, Verdict | None]]) -> None:
        """Put looked-at messages in their places: (id, key, fields, verdict). Messages of one key are handed out one at
        a time, oldest first; with a verdict a message goes to quarantine."""
        now = self._now()
        with self._store.begin() as connection:
            for message_id, key, fields, verdict in results:
                values: dict[str, Any] = {
                    "proposal": fields.proposal,
                    "beamline": fields.beamline,
                    "name": fields.name,
                    "location": fields.location,
                    "rank": fields.rank,
                    "lock_key": hashlib.sha256((key or f"message {message_id}").encode()).hexdigest(),
                }
                values |= rows.quarantined(verdict, now) if verdict else {"state": "ready"}
                where = (messages.c.id == message_id, messages.c.state == "received")
                connection.execute(update(messages).where(*where).values(**values))

    def split(self, message_id: int, bodies: Sequence[bytes], text: str) -> None:
        """Replace a message about several things, which is then done with this text as a warning, by one about each."""
        with self._store.begin() as connection:
            rows.split(connection, message_id, bodies, text, self._now())

    def take(self) -> Entry | None:
        """The message whose turn it is, or None: see `take_some`. Hand it back to done, retry, put_back or quarantine.

        Not handed out: a message whose key is being worked on, and one that has an older message of its key before it,
        unless that one has failed and its hold has passed.
        """
        found = self.take_some(1)
        return found[0] if found else None

    def take_some(self, limit: int) -> list[Entry]:
        """Up to so many messages that may be worked on now, no two of one key: those for which somebody waits before
        others, the oldest of each first. A fifth of the places is kept for the others, so that they get on whatever
        comes. See `take`."""
        now = self._now()
        if not self._anything(now):
            return []
        try:
            with self._store.begin() as connection:
                due = (messages.c.state == "waiting", messages.c.due <= now)
                connection.execute(update(messages).where(*due).values(state="ready", due=None))
                urgent = self._free(connection, now, 0, limit)
                others = self._free(connection, now, 1, max(limit - len(urgent), limit // 5))
                found = urgent[: limit - len(others)] + others
                oldest = {row.lock_key: row for row in sorted(found, key=lambda row: row.id, reverse=True)}
                mine = self._mine(now)
                connection.execute(
                    update(messages)
                    .where(messages.c.id.in_([row.id for row in oldest.values()]))
                    .values(state="working", attempts=messages.c.attempts + 1, **mine)
                )
        except IntegrityError:  # another process has just taken an older message of one of the keys
            return []
        taken = sorted(oldest.values(), key=lambda row: (row.rank, row.id))
        return [entry({**row._mapping, "state": "working", "attempts": row.attempts + 1, **mine}) for row in taken]

    def _free(self, connection: Connection, now: datetime, rank: int, limit: int) -> list[Row[Any]]:
        """The oldest messages of this rank that may be taken."""
        if limit == 0:
            return []
        free = (messages.c.state == "ready", messages.c.rank == rank, ~rows.blocked(now))
        query = select(messages).where(*free).order_by(messages.c.id).limit(limit)
        return list(connection.execute(query.with_for_update(skip_locked=True)))

    def _mine(self, now: datetime) -> dict[str, Any]:
        return {"holder": self._holder, "held_until": now + timedelta(seconds=self._held_seconds)}

    def _anything(self, now: datetime) -> bool:
        waiting = and_(messages.c.state == "waiting", messages.c.due <= now)
        with self._store.read() as connection:
            for condition in (messages.c.state == "ready", waiting):
                if connection.execute(select(messages.c.id).where(condition).limit(1)).first() is not None:
                    return True
        return False

    # ------------------------------------------------------------------ handing back

    def hand_back(self, outcomes: Iterable[Callable[[Connection], None]]) -> None:
        """Write several outcomes down in one transaction. Each calls one of the methods below with the connection."""
        with self._store.begin() as connection:
            outbox.alone(connection)
            for outcome in outcomes:
                outcome(connection)

    def done(
        self,
        message_id: int,
        *,
        dataset_id: int | None = None,
        investigation_id: int | None = None,
        warnings: Sequence[str] = (),
        stages_due: Collection[str] = (),
        events: Sequence[NewEvent] = (),
        connection: Connection | None = None,
    ) -> None:
        """The message has been applied; its dataset's later stages become due, and what others have to know is noted,
        in the same transaction."""
        now = self._now()
        with self._within(connection) as inside:
            outbox.alone(inside)
            kept = self._back(
                inside,
                message_id,
                state="done",
                dataset_id=dataset_id,
                investigation_id=investigation_id,
                warnings=list(warnings),
                finished=now,
                reason=None,
                step=None,
                text=None,
                due=None,
                holds_until=None,
                fault=None,
                fault_count=0,
            )
            if kept and dataset_id is not None:
                stages.make_due(inside, [(dataset_id, stage) for stage in stages_due], now, now)
            if kept:
                outbox.put(inside, events, now)

    def retry(
        self,
        message_id: int,
        due: datetime,
        verdict: Verdict,
        *,
        hold_until: datetime | None = None,
        fault: str | None = None,
        fault_count: int = 0,
        connection: Connection | None = None,
    ) -> None:
        """A temporary cause: try again at `due`. Later messages of the same key wait until `hold_until` (kept from the
        first failure; None: until this one has ended). `fault`: fingerprint of an unexpected error."""
        with self._within(connection) as inside:
            self._back(
                inside,
                message_id,
                state="waiting",
                due=due,
                reason=verdict.reason,
                step=verdict.step,
                text=verdict.text,
                holds_until=hold_until,
                fault=fault,
                fault_count=fault_count,
            )

    def put_back(self, message_id: int, text: str | None = None, *, connection: Connection | None = None) -> None:
        """It could not be tried at all (catalogue away): as if it had not been taken, in its old place."""
        with self._within(connection) as inside:
            self._back(inside, message_id, state="ready", attempts=messages.c.attempts - 1, text=text)

    def quarantine(
        self, message_id: int, reason: str, step: str, text: str, *, connection: Connection | None = None
    ) -> None:
        """A permanent cause: a person has to look at it."""
        with self._within(connection) as inside:
            self._back(inside, message_id, **rows.quarantined(Verdict(reason, step, text), self._now()))

    @contextmanager
    def _within(self, connection: Connection | None) -> Iterator[Connection]:
        """The caller's transaction, or one of our own."""
        if connection is not None:
            yield connection
            return
        with self._store.begin() as own:
            yield own

    def _back(self, connection: Connection, message_id: int, **values: Any) -> bool:
        """Not for what another process holds or has finished: it has taken us for dead, and its outcome counts."""
        free = {"holder": None, "held_until": None}
        ours = or_(messages.c.holder == self._holder, messages.c.state.in_(("received", "ready", "waiting")))
        ending = update(messages).where(messages.c.id == message_id, ours)
        kept = connection.execute(ending.values(**values, **free)).rowcount > 0
        if not kept:
            log.warning("Message %d has gone to another process meanwhile; that one finishes it", message_id)
        return kept

    # ------------------------------------------------------------------ signs of life

    def renew(self) -> int:
        """A sign of life: hold everything that this process works on for another while. Returns how many."""
        until = {"held_until": self._now() + timedelta(seconds=self._held_seconds)}
        with self._store.begin() as connection:
            working = (messages.c.state == "working", messages.c.holder == self._holder)
            kept = connection.execute(update(messages).where(*working).values(**until)).rowcount
            return kept + stages.renew(connection, self._holder, until["held_until"])

    def release(self) -> int:
        """Give back what dead processes had taken and not handed back: what earlier processes of this owner held, and
        what nobody has renewed in time. Returns how many messages and stages."""
        now = self._now()
        with self._store.begin() as connection:
            working = update(messages).where(messages.c.state == "working", rows.abandoned(messages, self._holder, now))
            found = connection.execute(working.values(state="ready", holder=None, held_until=None)).rowcount
            return found + stages.release(connection, self._holder, now)

    # ------------------------------------------------------------------ stages

    def due_stage(
        self, dataset_id: int, stage: str, due: datetime | None = None, *, connection: Connection | None = None
    ) -> None:
        """Ask for a later stage of a dataset (files, gallery, statistics) at `due` (default: now). Requests collapse;
        one that comes while the stage runs makes it run once more. `connection`: take part in that transaction."""
        now = self._now()
        with self._within(connection) as inside:
            stages.make_due(inside, [(dataset_id, stage)], due or now, now)

    def take_stage(self, wanted: Collection[str]) -> StageRun | None:
        found = self.take_stages(wanted, 1)
        return found[0] if found else None

    def take_stages(self, wanted: Collection[str], limit: int) -> Sequence[StageRun]:
        """Up to so many stages that are due, the most urgent first; hand each back to stage_done or stage_retry."""
        now = self._now()
        with self._store.read() as connection:
            if not stages.any_due(connection, now, wanted):
                return []
        with self._store.begin() as connection:
            return stages.take(connection, now, wanted, limit, self._mine(now))

    def stage_done(self, run: StageRun, *, connection: Connection | None = None) -> None:
        with self._within(connection) as inside:
            outbox.alone(inside)
            stages.finish(inside, run, self._holder)
            outbox.put(inside, [NewEvent(run.stage, run.dataset_id)], self._now())

    def stage_retry(self, run: StageRun, due: datetime, reason: str, *, connection: Connection | None = None) -> None:
        with self._within(connection) as inside:
            stages.postpone(inside, run, due, reason, self._holder)
