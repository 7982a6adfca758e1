"""Manifest of the changes plugin."""

from __future__ import annotations

from drac_plugins.changes.routes import blueprint
from drac_plugins.changes.settings import ChangesSettings
from drac_plugins.core.plugins import Plugin

plugin = Plugin(
    name="changes",
    summary="What has changed since, as pages and as a stream of server-sent events",
    blueprints=(blueprint,),
    settings=ChangesSettings,
)
