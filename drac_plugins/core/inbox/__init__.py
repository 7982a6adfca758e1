"""The durable inbox of the ingester: kept before it is receipted, applied once, never lost."""

from __future__ import annotations

from drac_plugins.core.inbox.bodies import BodyFiles
from drac_plugins.core.inbox.box import Inbox
from drac_plugins.core.inbox.records import Counters, Entry, Fields, Filter, Incoming, StageRun, Stored, Verdict
from drac_plugins.core.inbox.rows import SPLIT_FROM
from drac_plugins.core.inbox.shelf import EDITABLE
from drac_plugins.core.inbox.tables import ingest_message, ingest_stage

__all__ = [
    "EDITABLE",
    "SPLIT_FROM",
    "BodyFiles",
    "Counters",
    "Entry",
    "Fields",
    "Filter",
    "Inbox",
    "Incoming",
    "StageRun",
    "Stored",
    "Verdict",
    "ingest_message",
    "ingest_stage",
]
