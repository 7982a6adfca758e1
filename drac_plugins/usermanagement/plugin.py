"""Manifest of the usermanagement plugin."""

from __future__ import annotations

from drac_plugins.core.plugins import Plugin
from drac_plugins.usermanagement.routes import blueprint

plugin = Plugin(name="usermanagement", summary="Scientists of instruments", blueprints=(blueprint,))
