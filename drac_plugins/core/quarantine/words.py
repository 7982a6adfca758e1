"""Causes of quarantine in words: what each means, and what usually cures it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Cause:
    meaning: str
    cure: str


CAUSES: Mapping[str, Cause] = MappingProxyType(
    {
        "xml": Cause("no well-formed XML, or it has a document type declaration", "mend the producer"),
        "json": Cause("no well-formed JSON", "mend the producer"),
        "schema": Cause("an element or a key is missing, unknown, doubled or malformed", "mend the producer"),
        "kind": Cause("it came on the wrong queue, or nobody knows this kind of message", "mend the producer"),
        "size": Cause("larger or deeper than the limits", "look at it; raise ingest.max_message_bytes if it is honest"),
        "values": Cause("a value cannot be used", "change the field and replay, or mend the producer"),
        "dates": Cause("a date cannot be read, or the end is before the start", "change start or end and replay"),
        "location": Cause(
            "outside the data roots, or in the folder of another proposal", "change location or proposal"
        ),
        "instrument": Cause("the catalogue has no such beamline", "create the instrument, or teach an alias"),
        "session": Cause("no session fits, or it is not the dataset's", "create the session, or change proposal or id"),
        "dataset": Cause("the catalogue has no such dataset", "replay when the dataset has come"),
        "internal": Cause("the same unexpected error again and again", "report it; replay when it is mended"),
    }
)


def cause(reason: str | None) -> Cause | None:
    return CAUSES.get(reason or "")
