"""One document of preferences per person."""

from __future__ import annotations

from sqlalchemy import JSON, Column, String, Table

from drac_plugins.core.storage import Instant, metadata

user_preferences = Table(
    "user_preferences",
    metadata,
    Column("person", String(255), primary_key=True),
    Column("id", String(24), nullable=False, unique=True),
    Column("document", JSON, nullable=False),
    Column("changed", Instant, nullable=False),
)
"""`person` is what all ICAT user names of the person begin with (design decision D13)."""
