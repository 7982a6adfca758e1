"""What an API key may be for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Scope = Literal["acquisition", "archive", "ingest"]

ACQUISITION: Scope = "acquisition"
ARCHIVE: Scope = "archive"
INGEST: Scope = "ingest"

SCOPES: Mapping[Scope, str] = {
    ACQUISITION: "read investigations and datasets (GET /dataacquisition/{apiKey}/...)",
    ARCHIVE: "tell what has become of a restore (POST /dataacquisition/{apiKey}/dataset/restore)",
    INGEST: "announce datasets and ask what has become of them (/ingestion)",
}
"""Word -> what it opens."""
