"""Manifest of the cache plugin."""

from __future__ import annotations

from drac_plugins.cache.routes import blueprint
from drac_plugins.core.plugins import Plugin

plugin = Plugin(
    name="cache", summary="What is kept of the catalogue's answers, shown and forgotten", blueprints=(blueprint,)
)
