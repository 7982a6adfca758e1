"""Who waits for which dataset to come back from the archive."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from drac_plugins.core.storage import Instant, metadata

dataset_access = Table(
    "dataset_access",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("dataset_id", BigInteger, nullable=False),
    Column("name", String(255), nullable=False),
    Column("email", String(320), nullable=True),
    Column("level", String(16), nullable=True),
    Column("message", Text, nullable=True),
    Column("created", Instant, nullable=False),
    Column("answered", Instant, nullable=True),
)
"""`name` is the ICAT user name, or what an anonymous caller gave; `level` and `message` are the archive's answer."""

Index(None, dataset_access.c.dataset_id)
