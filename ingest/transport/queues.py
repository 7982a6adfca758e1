"""The queues of the producers and what each of them carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drac_plugins.core.inbox import Incoming, Verdict
from drac_plugins.core.settings import Ingest

Kind = Literal["ingest", "reschedule", "archive_status", "update_metadata", "datafiles"]

ONCE: frozenset[Kind] = frozenset({"ingest", "reschedule"})
"""What the same body sent again repeats; on the other queues it is a new request (folders are read again, values set
back), unless the broker says that it delivers an old one again."""
NO_DESTINATION = "(none)"


@dataclass(frozen=True, slots=True)
class Queues:
    """Names of the queues at this facility: name -> what it carries."""

    prefix: str
    kinds: Mapping[str, Kind]

    @classmethod
    def from_settings(cls, ingest: Ingest) -> Queues:
        names = ingest.queues
        return cls(
            ingest.queue_prefix,
            {
                names.ingest: "ingest",
                names.reschedule: "reschedule",
                names.archive_status: "archive_status",
                names.update_metadata: "update_metadata",
                names.datafiles: "datafiles",
            },
        )

    def kind(self, name: str) -> Kind | None:
        return self.kinds.get(name)

    def destinations(self) -> list[str]:
        return [f"{self.prefix}{name}" for name in self.kinds]

    def incoming(self, destination: str | None, body: bytes, headers: Mapping[str, str], source: str) -> Incoming:
        """The message as the inbox takes it. One for an unknown destination goes to quarantine, it is never lost."""
        if destination is not None and destination.startswith(self.prefix):
            name = destination.removeprefix(self.prefix)
            if name in self.kinds:
                command = self.kinds[name] not in ONCE and headers.get("redelivered") != "true"
                return Incoming(name, body, headers, source, command=command)
        known = ", ".join(self.destinations())
        text = f"Unknown destination {destination or NO_DESTINATION}; known are {known}"
        return Incoming(destination or NO_DESTINATION, body, headers, source, Verdict("kind", "receive", text))
