"""The first look at a message: which kind it is, what it is about, which others it must not overtake."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from drac_plugins.core.inbox import Entry, Fields, Inbox, Verdict
from drac_plugins.core.settings import Settings
from ingest.domain import DatasetMessage, InvestigationMessage, Message
from ingest.names import beamline_key, proposal_key
from ingest.outcome import Refused
from ingest.parse.xml import parse
from ingest.transport.queues import Kind, Queues

BATCH = 100
_XML: Mapping[Kind, str] = {"ingest": "datasets and starts of sessions", "reschedule": "requests to reschedule"}


def read_message(entry: Entry, settings: Settings, queues: Queues) -> Message:
    """The message of an inbox row, with the changes of operators. Raises Refused."""
    kind = queues.kind(entry.queue)
    if kind is None:
        raise Refused("kind", f"Unknown queue {entry.queue}; known are {', '.join(queues.kinds)}", "receive")
    if kind not in _XML:
        text = f"Messages of queue {entry.queue} ({kind}) are received and kept, but this release does not apply them"
        todo = f"nothing is lost: after an upgrade that does, run drac ingest quarantine replay --queue {entry.queue}"
        raise Refused("kind", f"{text}; {todo}", "receive")
    if entry.body is None:
        raise Refused("size", f"The message has {entry.size} bytes, more than are accepted", "receive")
    message = parse(entry.body, settings, entry.edits)
    rescheduling = isinstance(message, InvestigationMessage) and not message.proposal
    if rescheduling != (kind == "reschedule"):
        raise Refused("kind", f"Queue {entry.queue} carries {_XML[kind]}; this message is something else", "receive")
    return message


def key_of(message: Message, settings: Settings) -> str:
    """Messages with the same key are applied one after the other: those of one location, of one session, and requests
    for one investigation."""
    if isinstance(message, DatasetMessage):
        return f"dataset {message.location}"
    if message.proposal:
        proposal = proposal_key(message.proposal, settings.ingest.proposal_aliases)
        return f"session {proposal} {beamline_key(message.beamline, settings.ingest.beamline_aliases)}"
    return f"investigation {message.investigation_id}"


class Sorter:
    """Puts arrived messages in order; one thread at a time, so that none is overtaken while it is looked at."""

    def __init__(self, inbox: Inbox, settings: Settings) -> None:
        self._inbox = inbox
        self._settings = settings
        self._queues = Queues.from_settings(settings.ingest)
        self._turn = threading.Lock()

    def run(self) -> int:
        """Sort one batch and return how many; 0 also when another thread is at it."""
        if not self._turn.acquire(blocking=False):
            return 0
        try:
            entries = self._inbox.unsorted(BATCH)
            if entries:
                self._inbox.sort([self._look(entry) for entry in entries])
            return len(entries)
        finally:
            self._turn.release()

    def _look(self, entry: Entry) -> tuple[int, str | None, Fields, Verdict | None]:
        try:
            message = read_message(entry, self._settings, self._queues)
        except Refused as refused:
            return entry.id, None, _kept_fields(entry), Verdict(refused.reason, refused.step, refused.text)
        return entry.id, key_of(message, self._settings), _fields(message), None


def _fields(message: Message) -> Fields:
    if isinstance(message, DatasetMessage):
        return Fields(message.proposal, message.beamline, message.name, message.location)
    return Fields(message.proposal or None, message.beamline or None)


def _kept_fields(entry: Entry) -> Fields:
    return Fields(entry.proposal, entry.beamline, entry.name, entry.location)
