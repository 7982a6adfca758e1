"""Run by Alembic: migrates over the connection (and inside the transaction) that `core.storage.upgrade` opened."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from drac_plugins.core.storage.tables_base import metadata


def render(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    """Defaults that the engines spell differently are written in SQLAlchemy's words."""
    argument = getattr(item, "arg", None)
    if kind == "server_default" and isinstance(argument, sa.False_ | sa.True_):
        return "sa.true()" if isinstance(argument, sa.True_) else "sa.false()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render,
    compare_type=True,
    compare_server_default=True,
    user_module_prefix="storage.",
)
context.run_migrations()
