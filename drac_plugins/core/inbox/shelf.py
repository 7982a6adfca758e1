"""What people do with the messages of an inbox: look at them, and send them through the door again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select, update

from drac_plugins.core.errors import NotFound
from drac_plugins.core.inbox import queries, rows
from drac_plugins.core.inbox.bodies import BodyFiles
from drac_plugins.core.inbox.records import Counters, Entry, Filter
from drac_plugins.core.inbox.tables import ingest_message as messages
from drac_plugins.core.storage import Store

EDITABLE = ("proposal", "beamline", "name", "location", "start", "end", "sample", "investigationId")
"""Fields of a message that an operator may change when replaying it."""


class Shelf:
    """The half of `Inbox` that takes nothing out."""

    def __init__(self, store: Store, files: BodyFiles | None, now: Callable[[], datetime]) -> None:
        self._store = store
        self._files = files
        self._now = now

    @property
    def store(self) -> Store:
        return self._store

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
