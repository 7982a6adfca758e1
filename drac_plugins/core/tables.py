"""Every module that declares tables in `metadata`: needed whole for migrations and their tests, by nothing else."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

GROUP = "drac.tables"
"""Entry points of modules with tables outside the core."""

_CORE = (
    "drac_plugins.core.apikeys.tables",
    "drac_plugins.core.events.tables",
    "drac_plugins.core.inbox.tables",
    "drac_plugins.core.leases",
    "drac_plugins.core.links.tables",
    "drac_plugins.core.preferences",
    "drac_plugins.core.quarantine.tables",
    "drac_plugins.core.resources",
)


def load_all() -> tuple[str, ...]:
    """Import the modules, so that `metadata` is complete; their names."""
    names = (*_CORE, *sorted(point.value for point in entry_points(group=GROUP)))
    for name in names:
        import_module(name)
    return names
