"""Order in which messages are handed out; alarms and nights of the ingester."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from drac_plugins.core import storage

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("ingest_message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rank", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index("ix_ingest_message_state_rank_id", ["state", "rank", "id"], unique=False)
    op.create_table(
        "ingest_alarm",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("dataset_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since", storage.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "dataset_id", name=op.f("pk_ingest_alarm")),
    )
    op.create_table(
        "ingest_night",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begun", storage.Instant(timezone=True), nullable=False),
        sa.Column("finished", storage.Instant(timezone=True), nullable=True),
        sa.Column("mended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ingest_night")),
    )


def downgrade() -> None:
    """Back to the one before."""
    op.drop_table("ingest_night")
    op.drop_table("ingest_alarm")
    with op.batch_alter_table("ingest_message", schema=None) as batch_op:
        batch_op.drop_index("ix_ingest_message_state_rank_id")
        batch_op.drop_column("rank")
