"""The durable inbox: a message that is in it is never lost; it ends as done, as a counted repetition, or in quarantine
with a reason, and can be replayed from there.

One process works on an inbox at a time (`ingest.main` holds a lock); any number may put messages in and look at it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.exc import IntegrityError

from drac_plugins.core.errors import NotFound
from drac_plugins.core.inbox import queries, rows, stages
from drac_plugins.core.inbox.bodies import BodyFiles
from drac_plugins.core.inbox.records import (
    Counters,
    Entry,
    Fields,
    Filter,
    Incoming,
    StageRun,
    Stored,
    Verdict,
    entry,
)
from drac_plugins.core.inbox.tables import ingest_message as messages
from drac_plugins.core.settings import Settings
from drac_plugins.core.storage import Store

EDITABLE = ("proposal", "beamline", "name", "location", "start", "end", "sample", "investigationId")
"""Fields of a message that an operator may change when replaying it."""


def utc_now() -> datetime:
    return datetime.now(UTC)


class Inbox:
    """Thread-safe. Every method is one short transaction; raises Unavailable when the store does not answer."""

    def __init__(
        self, store: Store, *, large_bodies: BodyFiles | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._store = store
        self._files = large_bodies
        self._now = clock

    @classmethod
    def from_settings(cls, store: Store, settings: Settings) -> Inbox:
        return cls(store, large_bodies=BodyFiles(settings.var / "large-messages", settings.ingest.max_message_bytes))

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
        """The oldest message that may be worked on now, or None. Hand it back to done, retry, put_back or quarantine.

        Not handed out: a message whose key is being worked on, and one that has an older message of its key before it,
        unless that one has failed and its hold has passed.
        """
        now = self._now()
        if not self._anything(now):
            return None
        with self._store.begin() as connection:
            connection.execute(
                update(messages)
                .where(messages.c.state == "waiting", messages.c.due <= now)
                .values(state="ready", due=None)
            )
            row = connection.execute(
                select(messages)
                .where(messages.c.state == "ready", ~rows.blocked(now))
                .order_by(messages.c.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return None
            taken = {"state": "working", "attempts": row.attempts + 1}
            connection.execute(update(messages).where(messages.c.id == row.id).values(**taken))
            return entry({**row._mapping, **taken})

    def _anything(self, now: datetime) -> bool:
        waiting = and_(messages.c.state == "waiting", messages.c.due <= now)
        with self._store.read() as connection:
            for condition in (messages.c.state == "ready", waiting):
                if connection.execute(select(messages.c.id).where(condition).limit(1)).first() is not None:
                    return True
        return False

    # ------------------------------------------------------------------ handing back

    def done(
        self,
        message_id: int,
        *,
        dataset_id: int | None = None,
        investigation_id: int | None = None,
        warnings: Sequence[str] = (),
        stages_due: Collection[str] = (),
    ) -> None:
        """The message has been applied; its dataset's later stages become due in the same transaction."""
        now = self._now()
        with self._store.begin() as connection:
            connection.execute(
                update(messages)
                .where(messages.c.id == message_id)
                .values(
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
            )
            if dataset_id is not None:
                for stage in stages_due:
                    stages.make_due(connection, dataset_id, stage, now, now)

    def retry(
        self,
        message_id: int,
        due: datetime,
        verdict: Verdict,
        *,
        hold_until: datetime | None = None,
        fault: str | None = None,
        fault_count: int = 0,
    ) -> None:
        """A temporary cause: try again at `due`. Later messages of the same key wait until `hold_until` (kept from the
        first failure; None: until this one has ended). `fault`: fingerprint of an unexpected error."""
        self._back(
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

    def put_back(self, message_id: int, text: str) -> None:
        """It could not be tried at all (catalogue away): as if it had not been taken, in its old place."""
        self._back(message_id, state="ready", attempts=messages.c.attempts - 1, text=text)

    def quarantine(self, message_id: int, reason: str, step: str, text: str) -> None:
        """A permanent cause: a person has to look at it."""
        self._back(message_id, **rows.quarantined(Verdict(reason, step, text), self._now()))

    def _back(self, message_id: int, **values: Any) -> None:
        with self._store.begin() as connection:
            connection.execute(update(messages).where(messages.c.id == message_id).values(**values))

    def release(self) -> int:
        """Give back everything that a process took and did not hand back (it died). Only for the process that works on
        this inbox, at its start. Returns how many messages and stages."""
        with self._store.begin() as connection:
            working = update(messages).where(messages.c.state == "working").values(state="ready")
            return connection.execute(working).rowcount + stages.release(connection)

    # ------------------------------------------------------------------ looking and replaying

    def list(self, wanted: Filter | None = None, *, limit: int = 100, offset: int = 0) -> list[Entry]:
        """Messages, oldest first, without their bodies."""
        with self._store.read() as connection:
            return queries.listing(connection, wanted or Filter(), limit, offset)

    def count(self, wanted: Filter | None = None) -> int:
        with self._store.read() as connection:
            return queries.count(connection, wanted or Filter())

    def show(self, message_id: int) -> Entry:
        """One message with its body, unless that lies in a file (`whole_body` reads it). Raises NotFound."""
        with self._store.read() as connection:
            found = queries.one(connection, message_id)
        if found is None:
            raise NotFound(f"There is no message {message_id} in the inbox")
        return found

    def whole_body(self, found: Entry) -> bytes:
        """The body of a message, wherever it is kept. Raises NotFound when its file is gone."""
        if found.body is not None:
            return found.body
        if self._files is None or found.body_file is None:
            raise NotFound(f"The body of message {found.id} is not kept here")
        try:
            return self._files.read(found.body_file)
        except OSError as error:
            raise NotFound(f"The body of message {found.id} cannot be read: {error}") from error

    def replay(self, wanted: Filter, edits: Mapping[str, str] | None = None) -> int:
        """Send messages from quarantine (or finished ones, when named by id) through the door again, as if they had
        just arrived. `edits` change fields (`EDITABLE`) over earlier edits; an empty value takes an edit back.
        Returns how many; raises NotFound when ids are given and none can be replayed."""
        states = ("quarantined", "done") if wanted.ids else ("quarantined",)
        where = [*queries.conditions(wanted), messages.c.state.in_(states), messages.c.body.is_not(None)]
        now = self._now()
        with self._store.begin() as connection:
            found = connection.execute(select(messages.c.id, messages.c.edits).where(*where)).all()
            for row in found:
                kept = {name: value for name, value in {**row.edits, **(edits or {})}.items() if value != ""}
                values = {**rows.fresh(now), "edits": kept}
                connection.execute(update(messages).where(messages.c.id == row.id).values(**values))
        if wanted.ids and not found:
            raise NotFound("None of these messages can be replayed: only quarantined or finished ones with a body can")
        return len(found)

    def counters(self) -> Counters:
        with self._store.read() as connection:
            return queries.figures(connection)

    # ------------------------------------------------------------------ stages

    def due_stage(
        self, dataset_id: int, stage: str, due: datetime | None = None, *, connection: Connection | None = None
    ) -> None:
        """Ask for a later stage of a dataset (files, gallery, statistics) at `due` (default: now). Requests collapse;
        one that comes while the stage runs makes it run once more. `connection`: take part in that transaction."""
        now = self._now()
        if connection is not None:
            stages.make_due(connection, dataset_id, stage, due or now, now)
            return
        with self._store.begin() as own:
            stages.make_due(own, dataset_id, stage, due or now, now)

    def take_stage(self, wanted: Collection[str]) -> StageRun | None:
        now = self._now()
        with self._store.read() as connection:
            if not stages.any_due(connection, now):
                return None
        with self._store.begin() as connection:
            return stages.take(connection, now, wanted)

    def stage_done(self, run: StageRun) -> None:
        with self._store.begin() as connection:
            stages.finish(connection, run)

    def stage_retry(self, run: StageRun, due: datetime, reason: str) -> None:
        with self._store.begin() as connection:
            stages.postpone(connection, run, due, reason)
