"""Files that belong to samples, such as models and sequences."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table

from drac_plugins.core.storage import Instant, metadata

sample_file = Table(
    "sample_file",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("investigation_id", BigInteger, nullable=False),
    Column("sample_id", BigInteger, nullable=False),
    Column("filename", String(255), nullable=False),
    Column("file_type", String(64), nullable=False),
    Column("group_name", String(255), nullable=True),
    Column("multiplicity", Integer, nullable=True),
    Column("username", String(255), nullable=False),
    Column("created", Instant, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
)

Index(None, sample_file.c.sample_id)
Index(None, sample_file.c.investigation_id)
