"""Manifest of the ids plugin."""

from __future__ import annotations

from drac_plugins.core.plugins import Plugin
from drac_plugins.ids.routes import blueprint

plugin = Plugin(
    name="ids", summary="Download, state and restoring of files, through an ICAT Data Service", blueprints=(blueprint,)
)
