"""The facade's own SQL store (design decision D4)."""

from __future__ import annotations

from drac_plugins.core.storage.store import Store, insert_into
from drac_plugins.core.storage.tables_base import Instant, metadata, new_document_id
from drac_plugins.core.storage.upgrade import downgrade, is_current, revise, upgrade

__all__ = [
    "Instant",
    "Store",
    "downgrade",
    "insert_into",
    "is_current",
    "metadata",
    "new_document_id",
    "revise",
    "upgrade",
]
