"""Files and restoring."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from drac_plugins.core import storage

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "attachment",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("investigation_id", sa.BigInteger(), nullable=True),
        sa.Column("instrument_name", sa.String(length=255), nullable=True),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=127), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created", storage.Instant(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attachment_instrument_name"), ["instrument_name"], unique=False)
        batch_op.create_index(batch_op.f("ix_attachment_investigation_id"), ["investigation_id"], unique=False)

    op.create_table(
        "dataset_access",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("level", sa.String(length=16), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created", storage.Instant(timezone=True), nullable=False),
        sa.Column("answered", storage.Instant(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_access")),
    )
    with op.batch_alter_table("dataset_access", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dataset_access_dataset_id"), ["dataset_id"], unique=False)

    op.create_table(
        "sample_file",
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("investigation_id", sa.BigInteger(), nullable=False),
        sa.Column("sample_id", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("file_type", sa.String(length=64), nullable=False),
        sa.Column("group_name", sa.String(length=255), nullable=True),
        sa.Column("multiplicity", sa.Integer(), nullable=True),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("created", storage.Instant(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_file")),
    )
    with op.batch_alter_table("sample_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sample_file_investigation_id"), ["investigation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sample_file_sample_id"), ["sample_id"], unique=False)


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("sample_file", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sample_file_sample_id"))
        batch_op.drop_index(batch_op.f("ix_sample_file_investigation_id"))

    op.drop_table("sample_file")
    with op.batch_alter_table("dataset_access", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dataset_access_dataset_id"))

    op.drop_table("dataset_access")
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attachment_investigation_id"))
        batch_op.drop_index(batch_op.f("ix_attachment_instrument_name"))

    op.drop_table("attachment")
