"""First tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from drac_plugins.core import storage

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "dataset_aside",
        sa.Column("dataset_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", storage.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", "name", name=op.f("pk_dataset_aside")),
    )
    op.create_table(
        "dataset_link",
        sa.Column("output_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("declared_path", sa.Text(), nullable=False),
        sa.Column("path_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("input_id", sa.BigInteger(), nullable=True),
        sa.Column("inferred", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("since", storage.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("output_id", "position", name=op.f("pk_dataset_link")),
    )
    with op.batch_alter_table("dataset_link", schema=None) as batch_op:
        batch_op.create_index("ix_dataset_link_input_id", ["input_id"], unique=False)
        batch_op.create_index("ix_dataset_link_path_key", ["path_key"], unique=False)

    op.create_table(
        "dataset_location",
        sa.Column("dataset_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("location_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("investigation_id", sa.BigInteger(), nullable=False),
        sa.Column("proposal", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("start", storage.Instant(timezone=True), nullable=True),
        sa.Column("processed", sa.Boolean(), nullable=False),
        sa.Column("links_wanted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("links_written", sa.Integer(), server_default="0", nullable=False),
        sa.Column("job_wanted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_dataset_location")),
    )
    with op.batch_alter_table("dataset_location", schema=None) as batch_op:
        batch_op.create_index("ix_dataset_location_investigation_id", ["investigation_id"], unique=False)
        batch_op.create_index(
            "ix_dataset_location_links_due",
            ["dataset_id"],
            unique=False,
            sqlite_where=sa.text("links_wanted > links_written"),
            postgresql_where=sa.text("links_wanted > links_written"),
        )
        batch_op.create_index("ix_dataset_location_location_key", ["location_key"], unique=False)

    op.create_table(
        "dataset_long_value",
        sa.Column("dataset_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", "name", name=op.f("pk_dataset_long_value")),
    )
    op.create_table(
        "dataset_origin",
        sa.Column("dataset_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", name=op.f("pk_dataset_origin")),
    )
    op.create_table(
        "ingest_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("queue", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_file", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("received", storage.Instant(timezone=True), nullable=False),
        sa.Column("last_received", storage.Instant(timezone=True), nullable=False),
        sa.Column("repetitions", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", storage.Instant(timezone=True), nullable=False),
        sa.Column("lock_key", sa.String(length=64), nullable=True),
        sa.Column("proposal", sa.Text(), nullable=True),
        sa.Column("beamline", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("edits", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", storage.Instant(timezone=True), nullable=True),
        sa.Column("holds_until", storage.Instant(timezone=True), nullable=True),
        sa.Column("fault", sa.String(length=64), nullable=True),
        sa.Column("fault_count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.Column("step", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=True),
        sa.Column("investigation_id", sa.BigInteger(), nullable=True),
        sa.Column("finished", storage.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_message")),
        sa.UniqueConstraint("sha256", "queue", name=op.f("uq_ingest_message_sha256_queue")),
    )
    with op.batch_alter_table("ingest_message", schema=None) as batch_op:
        batch_op.create_index("ix_ingest_message_lock_key_id", ["lock_key", "id"], unique=False)
        batch_op.create_index("ix_ingest_message_state_due", ["state", "due"], unique=False)
        batch_op.create_index("ix_ingest_message_state_id", ["state", "id"], unique=False)
        batch_op.create_index(
            "uq_ingest_message_working_key",
            ["lock_key"],
            unique=True,
            sqlite_where=sa.text("state = 'working'"),
            postgresql_where=sa.text("state = 'working'"),
        )

    op.create_table(
        "ingest_stage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("due", storage.Instant(timezone=True), nullable=False),
        sa.Column("since", storage.Instant(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("working", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_stage")),
        sa.UniqueConstraint("dataset_id", "stage", name=op.f("uq_ingest_stage_dataset_id_stage")),
    )
    with op.batch_alter_table("ingest_stage", schema=None) as batch_op:
        batch_op.create_index("ix_ingest_stage_working_due", ["working", "due"], unique=False)

    op.create_table(
        "investigation_sums",
        sa.Column("investigation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("at", storage.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("investigation_id", name=op.f("pk_investigation_sums")),
    )
    op.create_table(
        "lease",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("holder", sa.String(length=32), nullable=False),
        sa.Column("until", storage.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_lease")),
    )
    op.create_table(
        "resource",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=127), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created", storage.Instant(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("dataset_id", "path", "sha256", name=op.f("uq_resource_dataset_id_path_sha256")),
    )
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_resource_dataset_id"), ["dataset_id"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("resource", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_resource_dataset_id"))

    op.drop_table("resource")
    op.drop_table("lease")
    op.drop_table("investigation_sums")
    with op.batch_alter_table("ingest_stage", schema=None) as batch_op:
        batch_op.drop_index("ix_ingest_stage_working_due")

    op.drop_table("ingest_stage")
    with op.batch_alter_table("ingest_message", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_ingest_message_working_key",
            sqlite_where=sa.text("state = 'working'"),
            postgresql_where=sa.text("state = 'working'"),
        )
        batch_op.drop_index("ix_ingest_message_state_id")
        batch_op.drop_index("ix_ingest_message_state_due")
        batch_op.drop_index("ix_ingest_message_lock_key_id")

    op.drop_table("ingest_message")
    op.drop_table("dataset_origin")
    op.drop_table("dataset_long_value")
    with op.batch_alter_table("dataset_location", schema=None) as batch_op:
        batch_op.drop_index("ix_dataset_location_location_key")
        batch_op.drop_index(
            "ix_dataset_location_links_due",
            sqlite_where=sa.text("links_wanted > links_written"),
            postgresql_where=sa.text("links_wanted > links_written"),
        )
        batch_op.drop_index("ix_dataset_location_investigation_id")

    op.drop_table("dataset_location")
    with op.batch_alter_table("dataset_link", schema=None) as batch_op:
        batch_op.drop_index("ix_dataset_link_path_key")
        batch_op.drop_index("ix_dataset_link_input_id")

    op.drop_table("dataset_link")
    op.drop_table("dataset_aside")
