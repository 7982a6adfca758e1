"""Who asks, and when: what every operation needs to know about its session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """The user name of the session (`simple/root`), whether it is in rootUserNames, and the aware UTC time of the call
    (one moment for a whole operation: createTime, modTime, CURRENT_TIMESTAMP)."""

    user_name: str
    is_root: bool
    now: datetime
