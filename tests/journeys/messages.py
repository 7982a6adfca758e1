"""Messages as producers write them, and a door to push them through byte by byte."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from drac_plugins.core.inbox import Entry, Filter, Inbox
from drac_plugins.core.settings import Settings, load
from drac_plugins.core.storage import Store
from tests.ingest.door.running import RawClient

INGEST = "/queue/icatIngest"
START = datetime(2026, 6, 15, 10, 0, tzinfo=ZoneInfo("Europe/Paris"))


@dataclass(frozen=True)
class Announced:
    """A dataset message. `raw` makes it processed."""

    name: str
    proposal: str = "mx6101"
    beamline: str = "id30a1"
    folder: str | None = None
    day: str = "20260615"
    start: datetime = START
    minutes: float = 5
    complete: bool = True
    metadata: Mapping[str, str] = field(default_factory=dict)
    raw: Sequence[str] = ()

    @property
    def location(self) -> str:
        kind = "PROCESSED_DATA" if self.raw else "RAW_DATA"
        return self.folder or f"/data/visitor/{self.proposal}/{self.beamline}/{self.day}/{kind}/{self.name}"

    @property
    def body(self) -> bytes:
        values = {"Sample_name": "lysozyme", **self.metadata}
        if self.raw:
            values["input_datasets"] = ",".join(self.raw)
        parameters = "".join(
            f"<parameter><name>{escape(name)}</name><value>{escape(value)}</value></parameter>"
            for name, value in values.items()
        )
        end = self.start + timedelta(minutes=self.minutes)
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>'
            f'<dataset xmlns="http://www.esrf.fr/icat" complete="{str(self.complete).lower()}">'
            f"<investigation>{escape(self.proposal)}</investigation><instrument>{escape(self.beamline)}</instrument>"
            f"<name>{escape(self.name)}</name><location>{escape(self.location)}</location>"
            f"<startDate>{self.start.isoformat()}</startDate><endDate>{end.isoformat()}</endDate>"
            f"<sample><name>{escape(values['Sample_name'])}</name></sample>{parameters}</dataset>"
        ).encode()


def fresh(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid4().hex[:8]}"


@dataclass
class Door:
    """The STOMP door of a running ingester, and its inbox seen from outside."""

    address: str
    settings: Settings

    @classmethod
    def of(cls, address: str, settings_file: Path) -> Door:
        return cls(address, load(settings_file, {}))

    @property
    def inbox(self) -> Inbox:
        return Inbox.from_settings(Store(self.settings.store.url), self.settings)

    def send(self, *bodies: bytes, queue: str = INGEST) -> None:
        """Each body with its length and a receipt, which must come."""
        host, _, port = self.address.rpartition(":")
        with RawClient(host, int(port)) as client:
            assert client.connect().command == "CONNECTED"
            for number, body in enumerate(bodies):
                client.send_message(body, queue=queue, content_length=str(len(body)), receipt=f"r-{number}")
                answer = client.read()
                assert answer is not None
                assert answer.command == "RECEIPT", answer

    def entry(self, body: bytes, *, queue: str | None = None, seconds: float = 60.0) -> Entry:
        """The row of this message as soon as its fate is decided: done, quarantined or waiting with a reason."""
        inbox, end = self.inbox, time.monotonic() + seconds
        while True:
            rows = inbox.list(Filter(queue=queue), limit=100_000)
            found = [row for row in rows if row.sha256 == digest(body)]
            decided = [r for r in found if r.state in ("done", "quarantined") or (r.state == "waiting" and r.reason)]
            if decided:
                return decided[-1]
            assert time.monotonic() < end, f"no decision in {seconds} s: {found}"
            time.sleep(0.1)

    def unfinished(self) -> int:
        return sum(self.inbox.count(Filter(state=state)) for state in ("received", "ready", "working", "waiting"))


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
