"""The keys that operators have issued. The key itself is nowhere, only its digest: a key is random and long, so that no
salt and no slow hash is needed."""

from __future__ import annotations

from sqlalchemy import JSON, Column, String, Table, UniqueConstraint

from drac_plugins.core.storage import Instant, metadata

api_key = Table(
    "api_key",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created", Instant, nullable=False),
    Column("last_used", Instant, nullable=True),
    UniqueConstraint("name"),
    UniqueConstraint("digest"),
)
"""`digest`: SHA-256 in hexadecimal. `last_used` may lag behind by a minute."""
