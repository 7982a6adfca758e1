"""Figures of the inbox are answered by indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_REPEATED = sa.text("repetitions > 0")


def upgrade() -> None:
    """To this revision."""
    with op.batch_alter_table("ingest_message", schema=None) as batch_op:
        batch_op.create_index("ix_ingest_message_received", ["received"], unique=False)
        batch_op.create_index("ix_ingest_message_finished", ["finished"], unique=False)
        batch_op.create_index(
            "ix_ingest_message_repeated",
            ["repetitions"],
            unique=False,
            sqlite_where=_REPEATED,
            postgresql_where=_REPEATED,
        )


def downgrade() -> None:
    """Back to the one before."""
    with op.batch_alter_table("ingest_message", schema=None) as batch_op:
        for name in ("repeated", "finished", "received"):
            batch_op.drop_index(f"ix_ingest_message_{name}")
