"""What has happened, in the order in which it was committed, and to whom it has still to be told."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from drac_plugins.core.storage import Instant, metadata

event = Table(
    "event",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, doc="stable id: the same however often the event is told"),
    Column("kind", String(32), nullable=False),
    Column("dataset_id", BigInteger),
    Column("investigation_id", BigInteger),
    Column("body", JSON, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("key"),
    Index("ix_event_at", "at"),
    sqlite_autoincrement=True,  # ids are positions in the change feed: none is given twice, even when rows are removed
)

event_delivery = Table(
    "event_delivery",
    metadata,
    Column("event_id", BigInteger, ForeignKey("event.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("channel", String(16), primary_key=True),
    Column("due", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reason", Text, doc="why the latest attempt failed"),
    Index("ix_event_delivery_channel_due", "channel", "due"),
)
"""A row stays until the channel has taken the event."""
