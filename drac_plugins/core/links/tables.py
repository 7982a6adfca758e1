"""Where every dataset lies, and what every processed dataset was computed from."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, false, text

from drac_plugins.core.storage import Instant, metadata

_Path = Text().with_variant(Text(collation="C"), "postgresql")  # prefix searches need byte order

dataset_location = Table(
    "dataset_location",
    metadata,
    Column("dataset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("location_key", _Path, nullable=False, doc="location in the form that is compared"),
    Column("location", Text, nullable=False, doc="as announced, in full length"),
    Column("investigation_id", BigInteger, nullable=False),
    Column("proposal", String(255), nullable=False, doc="Investigation.name"),
    Column("name", String(255), nullable=False, doc="Dataset.name"),
    Column("start", Instant),
    Column("processed", Boolean, nullable=False),
    Column("links_wanted", Integer, nullable=False, server_default="0", doc="grows when lists must be rewritten"),
    Column("links_written", Integer, nullable=False, server_default="0", doc="what the catalogue shows"),
    Column("job_wanted", Boolean, nullable=False, server_default=false(), doc="the Job has to be looked at again"),
    Index("ix_dataset_location_location_key", "location_key"),
    Index("ix_dataset_location_investigation_id", "investigation_id"),
    Index(
        "ix_dataset_location_links_due",
        "dataset_id",
        sqlite_where=text("links_wanted > links_written"),
        postgresql_where=text("links_wanted > links_written"),
    ),
)
"""Rebuildable from the catalogue. Several datasets may lie at one place (a folder registered in two sessions)."""

dataset_link = Table(
    "dataset_link",
    metadata,
    Column("output_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("declared_path", Text, nullable=False),
    Column("path_key", _Path, nullable=False),
    Column("input_id", BigInteger, doc="NULL: nobody has registered that path yet; output_id: itself, ignored"),
    Column("inferred", Boolean, nullable=False, server_default=false(), doc="the path lies inside the input"),
    Column("since", Instant, nullable=False),
    Index("ix_dataset_link_path_key", "path_key"),
    Index("ix_dataset_link_input_id", "input_id"),
)

dataset_long_value = Table(
    "dataset_long_value",
    metadata,
    Column("dataset_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(255), primary_key=True),
    Column("value", Text, nullable=False),
)
"""Whole text of parameter values that do not fit into ICAT's 4000 characters."""
