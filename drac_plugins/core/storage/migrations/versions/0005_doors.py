"""Aliases, history of archiving, watched files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from drac_plugins.core import storage

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "ingest_alias",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("scope", sa.String(length=255), nullable=False),
        sa.Column("spelling", sa.String(length=255), nullable=False),
        sa.Column("meant", sa.Text(), nullable=False),
        sa.Column("since", storage.Instant(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("kind", "scope", "spelling", name=op.f("pk_ingest_alias")),
    )
    op.create_table(
        "archive_status",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("since", storage.Instant(timezone=True), nullable=False),
        sa.Column("last", storage.Instant(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_status")),
    )
    with op.batch_alter_table("archive_status", schema=None) as batch_op:
        batch_op.create_index("ix_archive_status_dataset_id_type", ["dataset_id", "type", "id"], unique=False)

    op.create_table(
        "watched_file",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("at", storage.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_watched_file")),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("watched_file")
    with op.batch_alter_table("archive_status", schema=None) as batch_op:
        batch_op.drop_index("ix_archive_status_dataset_id_type")

    op.drop_table("archive_status")
    op.drop_table("ingest_alias")
