"""For whom and with which facts a view is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from icat_schema.parameters import Vocabulary
from icat_schema.techniques import Techniques


@dataclass(frozen=True)
class Reader:
    """The facility's zone and vocabularies, and the reader's preferences (`settings`: the keys of `mxsettings`, plus
    `pipelines`, a list of Process_program values, empty or absent meaning all)."""

    zone: tzinfo
    vocabulary: Vocabulary
    techniques: Techniques
    settings: Mapping[str, Any] = field(default_factory=dict)
