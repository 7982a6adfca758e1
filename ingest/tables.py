"""What the ingester remembers beyond the catalogue."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, Text

from drac_plugins.core.storage import Instant, metadata

dataset_origin = Table(
    "dataset_origin",
    metadata,
    Column("dataset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("document", JSON, nullable=False, doc="see ingest.competition.Origin"),
)
"""Which messages the values of a dataset came from."""

dataset_aside = Table(
    "dataset_aside",
    metadata,
    Column("dataset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(255), primary_key=True),
    Column("value", Text, nullable=False, doc="as sent"),
    Column("reason", Text, nullable=False),
    Column("since", Instant, nullable=False),
)
"""Values that the catalogue could not take, for the operator."""

investigation_sums = Table(
    "investigation_sums",
    metadata,
    Column("investigation_id", BigInteger, primary_key=True, autoincrement=False),
    Column("wanted", Integer, nullable=False, doc="grows with every change of a dataset"),
    Column("written", Integer, nullable=False, doc="what the catalogue shows"),
    Column("at", Instant, doc="when it was written"),
)
"""Counts and sums of samples and sessions that have to be made again; debounced."""

archive_status = Table(
    "archive_status",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("dataset_id", BigInteger, nullable=False),
    Column("type", String(16), nullable=False, doc="archiving or restoration"),
    Column("level", String(16), nullable=False, doc="info, warning or error"),
    Column("text", Text),
    Column("since", Instant, nullable=False, doc="first time in a row that it was told"),
    Column("last", Instant, nullable=False, doc="latest time"),
    Column("times", Integer, nullable=False),
    Column("serial", BigInteger, nullable=False, doc="number of the latest message in the inbox"),
    Index("ix_archive_status_dataset_id_type", "dataset_id", "type", "id"),
)
"""What the archive told about datasets, in order of arrival; the same told again and again is one row."""

watched_file = Table(
    "watched_file",
    metadata,
    Column("path", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False, doc="size and time of change when it was taken"),
    Column("message_id", BigInteger, doc="number in the inbox; NULL when it could not be read"),
    Column("text", Text, doc="why it could not be read"),
    Column("at", Instant, nullable=False),
)
"""What `drac ingest watch` has seen, so that a restart does not begin anew."""
