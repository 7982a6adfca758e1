"""What the ingester remembers beyond the catalogue."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Integer, String, Table, Text

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
