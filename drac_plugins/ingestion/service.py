"""Taking messages over HTTP into the inbox that producers fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drac_plugins.core.announcement import AnnouncedFile, AnnouncedSample, Announcement, message
from drac_plugins.core.errors import Invalid
from drac_plugins.core.inbox import Filter, Inbox, Incoming, Stored
from drac_plugins.core.settings import Settings

MOST_DATASETS = 1000


def take(inbox: Inbox, settings: Settings, bodies: Sequence[bytes], queue: str | None, source: str) -> list[Stored]:
    """Keep messages; when this returns they are on disk. `queue`: default that of datasets. Raises Invalid."""
    queues = settings.ingest.queues
    name = queue or queues.ingest
    known = list(queues.model_dump().values())
    if name not in known:
        raise Invalid(f"queue: {name!r} is unknown; there are {', '.join(known)}")
    command = name not in (queues.ingest, queues.reschedule)
    return inbox.put_all([Incoming(name, body, {}, source, command=command) for body in bodies])


def announced(document: Mapping[str, Any]) -> bytes:
    """A dataset document as the message that a producer would send. Raises Invalid."""
    sample = document["sample"]
    said = Announcement(
        document["proposal"],
        document["beamline"],
        document["name"],
        document["location"],
        document["start_date"],
        document["end_date"],
        document["complete"],
        document["comment"],
        AnnouncedSample(**sample) if sample else None,
        [AnnouncedFile(**file) for file in document["files"]],
        document["parameters"],
        document["inputs"],
    )
    return message(said)


def selected(query: Mapping[str, Any]) -> Filter:
    """The filter that a query means."""
    names = ("reason", "queue", "proposal", "beamline", "contains", "since")
    state = None if query["state"] == "any" or query["ids"] else query["state"]
    return Filter(state=state, ids=query["ids"], **{name: query[name] for name in names})
