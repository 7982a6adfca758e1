"""Manifest of the resource plugin."""

from __future__ import annotations

from drac_plugins.core.plugins import Plugin
from drac_plugins.resource.routes import blueprint

plugin = Plugin(name="resource", summary="Pictures and small files of datasets and logbooks", blueprints=(blueprint,))
