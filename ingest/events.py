"""What others have to know about an applied message. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from drac_plugins.core.events.records import LOGBOOK, PUBLICATION, NewEvent
from ingest.domain import DatasetMessage, Message
from ingest.outcome import Done

_TOLD = ("Process_program", "Process_version", "Workflow_name", "Workflow_id", "Process_triggering")


def events_of(message: Message, done: Done, *, publish_after: float | None) -> tuple[NewEvent, ...]:
    """`publish_after`: seconds after which indexers may be told; None: there are none."""
    if done.dataset_id is None:
        return (NewEvent("investigation", None, done.investigation_id),) if done.investigation_id is not None else ()
    changed = NewEvent("dataset", done.dataset_id, done.investigation_id)
    if publish_after is not None:
        changed = replace(changed, channels=(PUBLICATION,), after_seconds=publish_after)
    if not isinstance(message, DatasetMessage) or not message.input_paths:
        return (changed,)
    return changed, _processing(message, done, done.dataset_id)


def _processing(message: DatasetMessage, done: Done, dataset_id: int) -> NewEvent:
    """One per run: the same result announced again is the same run, the same folder with other times is another."""
    start, end = message.start.isoformat(), message.end.isoformat()
    told: Mapping[str, str | None] = {name: message.parameter(name) for name in _TOLD}
    body = {
        "name": message.name,
        "location": message.location,
        "proposal": message.proposal,
        "beamline": message.beamline,
        "start": start,
        "end": end,
        "inputs": list(message.input_paths),
        **{name: value for name, value in told.items() if value},
    }
    key = hashlib.sha256(f"processing {dataset_id} {start} {end}".encode()).hexdigest()
    return NewEvent("processing", dataset_id, done.investigation_id, body, key, (LOGBOOK,))
