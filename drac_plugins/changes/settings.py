"""The table `[plugin.changes]`."""

from __future__ import annotations

from pydantic import Field

from drac_plugins.core.settings import Section


class ChangesSettings(Section):
    max_streams: int = Field(
        4,
        ge=0,
        description="streams open at once in one process; each takes one of its threads, all at most half of them",
    )
    stream_seconds: float = Field(
        55.0, gt=0, description="a stream ends after this; browsers open the next by themselves"
    )
    poll_seconds: float = Field(1.0, gt=0, description="how often a stream looks for news")
