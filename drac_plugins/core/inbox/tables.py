"""The two tables of the inbox: what producers sent, and which later steps of a dataset are due."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from drac_plugins.core.storage import Instant, metadata

_Id = BigInteger().with_variant(Integer, "sqlite")

ingest_message = Table(
    "ingest_message",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("queue", String(255), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("body", LargeBinary, doc="as it came; NULL when it lies in body_file"),
    Column("body_file", Text, doc="name of the file that keeps a body above the size limit"),
    Column("size", BigInteger, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("source", String(255), nullable=False),
    Column("received", Instant, nullable=False),
    Column("last_received", Instant, nullable=False),
    Column("repetitions", Integer, nullable=False, default=0),
    Column("state", String(12), nullable=False),
    Column("since", Instant, nullable=False, doc="begin of the present life: first arrival or latest replay"),
    Column("lock_key", String(64), doc="SHA-256 of the location, or of proposal and beamline; NULL until sorted"),
    Column("rank", Integer, nullable=False, default=0, server_default="0", doc="0: somebody waits for it; 1: nobody"),
    Column("proposal", Text),
    Column("beamline", Text),
    Column("name", Text),
    Column("location", Text),
    Column("edits", JSON, nullable=False, doc="fields that an operator changed, applied over the message"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due", Instant, doc="next try while waiting"),
    Column("holds_until", Instant, doc="until then later messages of the same key wait for this one"),
    Column("fault", String(64), doc="fingerprint of the latest unexpected error"),
    Column("fault_count", Integer, nullable=False, default=0),
    Column("reason", String(16)),
    Column("step", String(64)),
    Column("text", Text),
    Column("warnings", JSON, nullable=False),
    Column("dataset_id", BigInteger),
    Column("investigation_id", BigInteger),
    Column("finished", Instant),
    Column("holder", String(32), doc="the process that works on it"),
    Column("held_until", Instant, doc="when that process is taken for dead; renewed while it lives"),
    UniqueConstraint("sha256", "queue"),
    Index("ix_ingest_message_state_id", "state", "id"),
    Index("ix_ingest_message_state_rank_id", "state", "rank", "id"),
    Index("ix_ingest_message_state_due", "state", "due"),
    Index("ix_ingest_message_lock_key_id", "lock_key", "id"),
    Index("ix_ingest_message_received", "received"),
    Index("ix_ingest_message_finished", "finished"),
    Index(
        "ix_ingest_message_repeated",
        "repetitions",
        sqlite_where=text("repetitions > 0"),
        postgresql_where=text("repetitions > 0"),
    ),
    Index(
        "uq_ingest_message_working_key",
        "lock_key",
        unique=True,
        sqlite_where=text("state = 'working'"),
        postgresql_where=text("state = 'working'"),
    ),
)
"""`state`: received -> ready -> working -> done | waiting -> ready ... | quarantined. See `drac_plugins.core.inbox`."""

ingest_stage = Table(
    "ingest_stage",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("dataset_id", BigInteger, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("due", Instant, nullable=False),
    Column("since", Instant, nullable=False, doc="asked for the first time"),
    Column("revision", Integer, nullable=False, default=1, doc="grows with every request, also while it runs"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("working", Integer, nullable=False, default=0),
    Column("reason", Text),
    Column("holder", String(32), doc="as in ingest_message"),
    Column("held_until", Instant),
    UniqueConstraint("dataset_id", "stage"),
    Index("ix_ingest_stage_working_due", "working", "due"),
)
"""A row stays until the stage has succeeded for its newest revision."""
