"""Run by Alembic: migrates over the connection (and inside the transaction) that `core.storage.upgrade` opened."""

from __future__ import annotations

from alembic import context

from drac_plugins.core.storage.tables_base import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
    user_module_prefix="storage.",
)
context.run_migrations()
