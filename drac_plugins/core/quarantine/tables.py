"""Other spellings that operators have taught the ingester."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from drac_plugins.core.storage import Instant, metadata

ingest_alias = Table(
    "ingest_alias",
    metadata,
    Column("kind", String(16), primary_key=True, doc="proposal, beamline or sample"),
    Column("scope", String(255), primary_key=True, doc="key of the proposal for samples, else empty"),
    Column(
        "spelling", String(255), primary_key=True, doc="as compared: key of a proposal or beamline, name of a sample"
    ),
    Column("meant", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("made_by", String(255), nullable=False),
)
"""In force for every message that is looked at from then on."""
