"""Files that people and programs attach to the logbook of a session or an instrument, with what they said of them."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, String, Table

from drac_plugins.core.storage import Instant, metadata

attachment = Table(
    "attachment",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("investigation_id", BigInteger, nullable=True),
    Column("instrument_name", String(255), nullable=True),
    Column("username", String(255), nullable=False),
    Column("filename", String(255), nullable=False),
    Column("content_type", String(127), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("created", Instant, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Exactly one of `investigation_id` and `instrument_name` is there."""

Index(None, attachment.c.investigation_id)
Index(None, attachment.c.instrument_name)
