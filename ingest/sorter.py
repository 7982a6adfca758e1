"""The first look at a message: which kind it is, what it is about, which others it must not overtake."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from drac_plugins.core.inbox import SPLIT_FROM, Entry, Fields, Inbox, Verdict
from drac_plugins.core.quarantine import aliases as alias_table
from drac_plugins.core.quarantine.aliases import NO_ALIASES, AliasBook
from drac_plugins.core.settings import Settings
from ingest.domain import DatasetMessage, InvestigationMessage, Message, MetadataUpdate
from ingest.names import beamline_key, proposal_key
from ingest.outcome import Refused
from ingest.parse.requests import location_of, parse_request, parts
from ingest.parse.xml import parse
from ingest.transport.queues import Kind, Queues

BATCH = 100
_READ_MESSAGES = 500
_READ_BYTES = 65536
"""Of how many messages, and of what size at most, what they say is kept in memory between sorting and applying."""
_XML: Mapping[Kind, str] = {"ingest": "datasets and starts of sessions", "reschedule": "requests to reschedule"}


def read_message(entry: Entry, settings: Settings, queues: Queues, aliases: AliasBook = NO_ALIASES) -> Message:
    """The message of an inbox row, with the changes of operators and their aliases. Raises Refused."""
    kind = queues.kind(entry.queue)
    if kind is None:
        raise Refused("kind", f"Unknown queue {entry.queue}; known are {', '.join(queues.kinds)}", "receive")
    if entry.body is None:
        raise Refused("size", f"The message has {entry.size} bytes, more than are accepted", "receive")
    if kind == "archive_status" or kind == "update_metadata" or kind == "datafiles":
        origin = entry.headers.get(SPLIT_FROM, "")
        serial = int(origin) if origin.isdecimal() else entry.id
        return parse_request(entry.body, kind, entry.edits, aliases, serial=serial)
    message = parse(entry.body, settings, entry.edits, aliases)
    rescheduling = isinstance(message, InvestigationMessage) and not message.proposal
    if rescheduling != (kind == "reschedule"):
        raise Refused("kind", f"Queue {entry.queue} carries {_XML[kind]}; this message is something else", "receive")
    return message


def key_of(message: Message, settings: Settings) -> str:
    """Messages with the same key are applied one after the other: those of one location, of one session, requests for
    one investigation, and what is told or asked about one dataset by its number (which touches nothing that messages
    about its location write)."""
    if isinstance(message, DatasetMessage):
        return f"dataset {message.location}"
    if isinstance(message, MetadataUpdate):
        return f"dataset {location_of(message, settings)}"
    if not isinstance(message, InvestigationMessage):
        return f"dataset number {message.dataset_id}"
    if message.proposal:
        proposal = proposal_key(message.proposal, settings.ingest.proposal_aliases)
        return f"session {proposal} {beamline_key(message.beamline, settings.ingest.beamline_aliases)}"
    return f"investigation {message.investigation_id}"


_Sorted = tuple[int, str | None, Fields, Verdict | None]


class Sorter:
    """Puts arrived messages in order; one thread at a time, so that none is overtaken while it is looked at."""

    def __init__(self, inbox: Inbox, settings: Settings) -> None:
        self._inbox = inbox
        self._settings = settings
        self._queues = Queues.from_settings(settings.ingest)
        self._turn = threading.Lock()
        self._messages: OrderedDict[int, tuple[Mapping[str, str], AliasBook, Message]] = OrderedDict()
        self._keeping = threading.Lock()

    def read(self, entry: Entry, aliases: AliasBook | None = None) -> Message:
        """The message of one row as it has to be understood now. Raises Refused."""
        aliases = self.aliases() if aliases is None else aliases
        with self._keeping:
            kept = self._messages.pop(entry.id, None)
        if kept is not None and kept[:2] == (entry.edits, aliases):
            return kept[2]
        return read_message(entry, self._settings, self._queues, aliases)

    def _keep(self, entry: Entry, aliases: AliasBook, message: Message) -> None:
        """For whoever applies it soon."""
        if entry.size > _READ_BYTES:
            return
        with self._keeping:
            self._messages[entry.id] = entry.edits, aliases, message
            if len(self._messages) > _READ_MESSAGES:
                self._messages.popitem(last=False)

    def run(self) -> int:
        """Sort one batch and return how many; 0 also when another thread is at it."""
        if not self._turn.acquire(blocking=False):
            return 0
        try:
            entries = self._inbox.unsorted(BATCH)
            if entries:
                self._sort(entries, self.aliases())
            return len(entries)
        finally:
            self._turn.release()

    def aliases(self) -> AliasBook:
        with self._inbox.store.read() as connection:
            return alias_table.book(connection)

    def _sort(self, entries: list[Entry], aliases: AliasBook) -> None:
        """Messages about several datasets are replaced by one about each, which are sorted in the next batch."""
        results: list[_Sorted] = []
        for entry in entries:
            try:
                message = read_message(entry, self._settings, self._queues, aliases)
                if isinstance(message, MetadataUpdate) and len(message.paths) > 1:
                    several = parts(message)
                    self._inbox.split(entry.id, several, f"It is about {len(several)} datasets: one message for each")
                    continue
                results.append((entry.id, key_of(message, self._settings), _fields(message), None))
                self._keep(entry, aliases, message)
            except Refused as refused:
                verdict = Verdict(refused.reason, refused.step, refused.text)
                results.append((entry.id, None, _kept_fields(entry), verdict))
        if results:
            self._inbox.sort(results)


def _fields(message: Message) -> Fields:
    """With the rank: at the beamline somebody waits for starts of sessions and raw datasets, in the portal for the
    values that they have changed; nobody waits for results, which may come before their raw data anyway."""
    if isinstance(message, DatasetMessage):
        rank = 1 if message.input_paths else 0
        return Fields(message.proposal, message.beamline, message.name, message.location, rank)
    if isinstance(message, MetadataUpdate):
        return Fields(message.proposal, message.beamline, message.name, message.paths[0])
    if isinstance(message, InvestigationMessage):
        return Fields(message.proposal or None, message.beamline or None)
    return Fields(name=f"dataset {message.dataset_id}", rank=1)


def _kept_fields(entry: Entry) -> Fields:
    return Fields(entry.proposal, entry.beamline, entry.name, entry.location)
