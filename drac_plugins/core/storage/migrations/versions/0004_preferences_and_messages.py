"""Preferences of users and messages of portals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from drac_plugins.core import storage

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "user_preferences",
        sa.Column("person", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("changed", storage.Instant(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_user_preferences")),
        sa.UniqueConstraint("id", name=op.f("uq_user_preferences_id")),
    )
    op.create_table(
        "portal_message",
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("changed", storage.Instant(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("type", name=op.f("pk_portal_message")),
        sa.UniqueConstraint("id", name=op.f("uq_portal_message_id")),
    )


def downgrade() -> None:
    """To the revision before."""
    op.drop_table("portal_message")
    op.drop_table("user_preferences")
