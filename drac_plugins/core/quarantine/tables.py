"""Other spellings that operators have taught the ingester; what the ingester wants them to look at; its nights."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, String, Table, Text

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

ingest_alarm = Table(
    "ingest_alarm",
    metadata,
    Column("kind", String(16), primary_key=True, doc="see drac_plugins.core.quarantine.alarms"),
    Column("dataset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("since", Instant, nullable=False),
)
"""What somebody should look at; a row goes when its cause has gone."""

ingest_night = Table(
    "ingest_night",
    metadata,
    Column("day", Date, primary_key=True, doc="of the facility, on which it began"),
    Column("begun", Instant, nullable=False),
    Column("finished", Instant, doc="NULL: not yet, or the process that was at it has died"),
    Column("mended", Integer, nullable=False, doc="differences of links that were put right"),
)
"""One row for every night in which the ingester has checked everything; see `ingest.nightly`."""
