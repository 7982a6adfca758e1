"""What operators do with messages: find them, look at them, put them right, send them through the door again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from drac_plugins.core.errors import Invalid
from drac_plugins.core.inbox import EDITABLE, Entry, Filter, Inbox
from drac_plugins.core.quarantine import alarms, aliases
from drac_plugins.core.quarantine.alarms import Alarm
from drac_plugins.core.quarantine.aliases import Alias
from drac_plugins.core.quarantine.figures import Progress, progress

_LONGEST_EDIT = 4096
SHOWN_BODY = 20_000


@dataclass(frozen=True, slots=True)
class Page:
    items: Sequence[Entry]
    total: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A message with the beginning of its body as text; `cut`: bytes that are not shown."""

    entry: Entry
    body: str
    cut: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """An alias to be remembered: `spelling` None means the name that stands in the message that is replayed."""

    kind: str
    meant: str
    spelling: str | None = None


class Quarantine:
    """The use cases behind `drac ingest quarantine`, `/ingestion/quarantine` and `/portal/ingestion`."""

    def __init__(self, inbox: Inbox, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.inbox = inbox
        self._now = now

    def find(self, wanted: Filter, *, limit: int = 100, offset: int = 0) -> Page:
        """Oldest first, without bodies."""
        return Page(self.inbox.list(wanted, limit=limit, offset=offset), self.inbox.count(wanted))

    def show(self, message_id: int) -> Shown:
        """Raises NotFound."""
        entry = self.inbox.show(message_id)
        body = self.inbox.whole_body(entry)
        return Shown(entry, readable(body[:SHOWN_BODY]), max(0, len(body) - SHOWN_BODY))

    def replay(self, wanted: Filter, edits: Mapping[str, str] | None = None) -> int:
        """Send messages again, changed by `edits` (an empty value takes a change back). Returns how many. Raises
        Invalid, and NotFound when ids are given and none can be replayed."""
        changes = dict(edits or {})
        for name, text in changes.items():
            if name not in EDITABLE:
                raise Invalid(f"{name} cannot be changed; fields are {', '.join(EDITABLE)}")
            if len(text) > _LONGEST_EDIT or not text.isprintable():
                raise Invalid(f"{name}: at most {_LONGEST_EDIT} printable characters")
        return self.inbox.replay(wanted, changes)

    def replay_everything(self, wanted: Filter) -> int:
        """All of quarantine that the filter selects."""
        return self.inbox.replay(replace(wanted, state=None))

    def teach(self, entry: Entry, wanted: Wanted, by: str) -> Alias:
        """Remember that a name in this message means another one. Raises Invalid."""
        standing = {"proposal": entry.proposal, "beamline": entry.beamline}
        spelling = wanted.spelling or standing.get(wanted.kind) or ""
        proposal = entry.edits.get("proposal") or entry.proposal or ""
        return self.remember(wanted.kind, spelling, wanted.meant, by, proposal=proposal)

    def remember(self, kind: str, spelling: str, meant: str, by: str, *, proposal: str = "") -> Alias:
        """Raises Invalid."""
        with self.inbox.store.begin() as connection:
            return aliases.put(connection, kind, spelling, meant, proposal=proposal, by=by, now=self._now())

    def forget(self, kind: str, spelling: str, *, proposal: str = "") -> None:
        """Raises NotFound."""
        with self.inbox.store.begin() as connection:
            aliases.remove(connection, kind, spelling, proposal=proposal)

    def aliases(self) -> list[Alias]:
        with self.inbox.store.read() as connection:
            return aliases.listing(connection)

    def alarms(self, limit: int = 100) -> list[Alarm]:
        """What somebody should look at, the longest lasting first."""
        with self.inbox.store.read() as connection:
            return alarms.listing(connection, limit)

    def progress(self) -> Progress:
        with self.inbox.store.read() as connection:
            return progress(connection, self._now())


def readable(body: bytes) -> str:
    """Bytes of strangers as text: no control characters but line ends and tabs."""
    text = body.decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text)


def document(entry: Entry) -> dict[str, object]:
    """Everything of a message that means something to people and programs, as JSON values."""
    names = (
        *(
            "id",
            "queue",
            "source",
            "received",
            "last_received",
            "repetitions",
            "state",
            "reason",
            "step",
            "text",
            "due",
        ),
        *(
            "attempts",
            "proposal",
            "beamline",
            "name",
            "location",
            "edits",
            "dataset_id",
            "investigation_id",
            "warnings",
        ),
        *("size", "sha256", "headers"),
    )
    values = {name: getattr(entry, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
