"""Manifest of the messages plugin."""

from __future__ import annotations

from drac_plugins.core.plugins import Plugin
from drac_plugins.messages.routes import blueprint

plugin = Plugin(name="messages", summary="The information that portals show to everybody", blueprints=(blueprint,))
