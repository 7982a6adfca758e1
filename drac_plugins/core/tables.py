"""Imports every module of the core that declares tables, so that `metadata` is complete (migrations, tests)."""

from drac_plugins.core import leases, resources
from drac_plugins.core.inbox import tables as inbox
from drac_plugins.core.links import tables as links

__all__ = ["inbox", "leases", "links", "resources"]
