"""One message per type."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from drac_plugins.core.storage import Instant, metadata

portal_message = Table(
    "portal_message",
    metadata,
    Column("type", String(64), primary_key=True),
    Column("id", String(24), nullable=False, unique=True),
    Column("message", Text, nullable=False),
    Column("changed", Instant, nullable=False),
    Column("changed_by", String(255), nullable=False),
)
