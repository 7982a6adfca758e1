"""Which ingester works on a message or a stage, and until when it is believed to live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from drac_plugins.core import storage

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = ("ingest_message", "ingest_stage")


def upgrade() -> None:
    """To this revision."""
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("holder", sa.String(length=32), nullable=True))
            batch_op.add_column(sa.Column("held_until", storage.Instant(timezone=True), nullable=True))


def downgrade() -> None:
    """Back to the one before."""
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("held_until")
            batch_op.drop_column("holder")
